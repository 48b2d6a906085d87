import { EventEmitter } from 'node:events';
import { pino } from 'pino';
import { createLifecycle } from './lifecycle';

function start(env: Record<string, string> = {}) {
  const signals = new EventEmitter();
  const stdin = Object.assign(new EventEmitter(), { resume: jest.fn() });
  let exited: (code: number) => void;
  const exit = new Promise<number>((resolve) => (exited = resolve));
  const host = { env, stdin, on: signals.on.bind(signals), exit: jest.fn((code: number) => exited(code)) };
  return { signals, stdin, host, exit, ...createLifecycle(host, () => pino({ level: 'silent' })) };
}

test.each(['SIGTERM', 'SIGINT'])(
  '%s takes the process apart, last part first, and waits for each',
  async (signal) => {
    const { signals, exit, onShutdown } = start();
    const ended: string[] = [];
    onShutdown(() => ended.push('database'));
    onShutdown(async () => {
      await new Promise(setImmediate);
      ended.push('server');
    });
    signals.emit(signal);
    expect(await exit).toBe(0);
    expect(ended).toEqual(['server', 'database']);
  },
);

test('nothing ends before what has to be waited for is over', async () => {
  const { signals, exit, onShutdown, beforeShutdown } = start();
  const ended: string[] = [];
  beforeShutdown(async () => {
    await new Promise(setImmediate);
    ended.push('drained');
  });
  onShutdown(() => ended.push('server'));
  signals.emit('SIGTERM');
  expect(await exit).toBe(0);
  expect(ended).toEqual(['drained', 'server']);
});

test('a part that cannot be ended stops no other, and is told by the exit code', async () => {
  const { signals, exit, onShutdown } = start();
  const database = jest.fn();
  onShutdown(database);
  onShutdown(() => Promise.reject(new Error('stuck')));
  signals.emit('SIGTERM');
  expect(await exit).toBe(1);
  expect(database).toHaveBeenCalledTimes(1);
});

test('the end comes once, however often it is asked for', async () => {
  const { signals, host, shutDown, onShutdown } = start();
  const step = jest.fn();
  onShutdown(step);
  signals.emit('SIGINT');
  signals.emit('SIGTERM');
  await shutDown('test');
  expect(step).toHaveBeenCalledTimes(1);
  expect(host.exit).toHaveBeenCalledTimes(1);
});

test('with the parent gone the process ends, when it is told to', async () => {
  const { stdin, exit, endWithParent } = start({ EXIT_WITH_PARENT: '1' });
  endWithParent();
  expect(stdin.resume).toHaveBeenCalled();
  stdin.emit('close');
  expect(await exit).toBe(0);
});

test('otherwise it does not look at its stdin', () => {
  const { stdin, endWithParent } = start();
  endWithParent();
  expect(stdin.resume).not.toHaveBeenCalled();
  expect(stdin.listenerCount('close')).toBe(0);
});

test('a part that hangs is cut off before 10 s are over', async () => {
  jest.useFakeTimers();
  try {
    const { signals, host, onShutdown } = start();
    onShutdown(() => new Promise(() => undefined));
    signals.emit('SIGTERM');
    jest.advanceTimersByTime(8_000);
    expect(host.exit).not.toHaveBeenCalled();
    jest.advanceTimersByTime(2_000);
    expect(host.exit).toHaveBeenCalledWith(1);
  } finally {
    jest.useRealTimers();
  }
});
