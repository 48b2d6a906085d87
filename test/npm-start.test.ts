/** `npm start`, from the first process to the last. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { built } from '../embedded/paths';
import type { Runtime } from '../embedded/runtime-file';
import { eventually } from './support/eventually';
import { postSigned, publishedEvent } from './support/podium-events';
import { NORTHSIDE, SimulatorHandle } from './support/simulator';

/** As customers type them, and as Podium has them. */
const JANE = { typed: '0400 123 456', phone: '+61400123456' };
const JOHN = { typed: '0412 345 678', phone: '+61412345678' };
const PARTS = ['leash postgres', 'leash temporal', 'simulator', 'worker', 'server'];

let folder: string;
let directory: string;
let supervisor: ChildProcess;
let output: string;

function newFolder(): void {
  folder = mkdtempSync(join(tmpdir(), 'podium-webchat-start-'));
  directory = join(folder, '.data');
}
async function leave(): Promise<void> {
  supervisor.kill('SIGINT');
  await ended(supervisor);
  rmSync(folder, { recursive: true, force: true });
}

/** It starts seven programs, which takes a busy machine minutes. */
jest.setTimeout(300_000);

/** What `npm start -- …flags` runs, once all is installed and built; on any free ports. */
function run(...flags: string[]): ChildProcess {
  const code = `require(${JSON.stringify(built('embedded/start.js'))}).start(${JSON.stringify(flags)}, ${JSON.stringify(directory)})`;
  const child = spawn(process.execPath, ['-e', code], { env: { ...process.env, PORT: '0' } });
  output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += String(text)));
  return child;
}

async function start(...flags: string[]): Promise<Runtime> {
  supervisor = run(...flags);
  await eventually(
    'everything to be ready',
    () => {
      if (supervisor.exitCode !== null) throw new Error(output);
      return output.includes('Ctrl-C');
    },
    180_000,
  );
  return JSON.parse(readFileSync(join(directory, 'runtime.json'), 'utf8')) as Runtime;
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}

/** Every process below the supervisor, those of Postgres and Temporal too. */
function descendants(): { pid: number; name: string }[] {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, pid, parent, name = '']) => ({ pid: Number(pid), parent: Number(parent), name }));
  const below = (parent: number): typeof rows =>
    rows.filter((row) => row.parent === parent).flatMap((row) => [row, ...below(row.pid)]);
  return below(supervisor.pid!).filter(({ name }) => !name.startsWith('ps '));
}

function isAlive({ pid }: { pid: number }): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** By what the supervisor has said last of it. */
function isBack(part: string): boolean {
  const name = part.replace('leash ', '');
  return output.lastIndexOf(`${name} is back`) > output.lastIndexOf(`${name} died`);
}

function pidOf(part: string): number | undefined {
  return descendants().find(({ name }) => name === `podium-webchat-${part}`)?.pid;
}

/** The operator's command, in the folder where the system runs. @returns what it printed */
function operatorAsks(...args: string[]): string {
  return execFileSync(process.execPath, [built('ops/cli/main.js'), ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
}

async function firstReply(runtime: Runtime, { typed, phone }: typeof JANE): Promise<string> {
  const webhook = `${runtime.server}/webhooks/podium`;
  const event = publishedEvent({ phone: typed, body: 'Can I book a test drive?' });
  const { status, body } = await postSigned(webhook, event, runtime.webhookSecret, runtime.contract);
  expect({ status, body }).toMatchObject({ status: 200, body: { status: 'accepted' } });
  return eventually('a reply', async () => {
    const conversation = await new SimulatorHandle(runtime.simulator!).conversation(phone, NORTHSIDE);
    return conversation?.messages.find(({ from }) => from === 'api')?.body;
  });
}

describe('a system that runs', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    newFolder();
    runtime = await start('--fast');
  });
  afterAll(leave);

  test('tells where everything is, and answers a customer', async () => {
    expect(Object.keys(runtime).sort()).toEqual(
      'contract databaseUrl demo environment opsToken server simulator temporalAddress temporalNamespace temporalUi webhookSecret'.split(
        ' ',
      ),
    );
    for (const url of [runtime.demo, runtime.temporalUi]) {
      expect(output).toContain(url);
      expect((await fetch(url!)).status).toBe(200);
    }
    for (const part of PARTS) expect({ part, pid: pidOf(part) }).toEqual({ part, pid: expect.any(Number) });
    expect(await firstReply(runtime, JANE)).toContain('Northside Motors');

    // It holds secrets: nobody else reads it, nor sees what else there is.
    expect(statSync(join(directory, 'runtime.json')).mode & 0o077).toBe(0);
    expect(statSync(directory).mode & 0o066).toBe(0);
    expect(operatorAsks('auth', 'status')).toContain('Access to Podium works');
  });

  test('runs once per folder, and says so to the second one', async () => {
    const second = run();
    expect(await ended(second)).toBe(1);
    expect(output).toContain('It runs already');
  });

  test('has a part that is killed back', async () => {
    for (const part of PARTS) {
      const before = await eventually(`${part} to run`, () => pidOf(part));
      process.kill(before, 'SIGKILL');
      await eventually(`${part} to be back`, () => (pidOf(part) ?? before) !== before);
    }
    // Who loses what it uses may have died, too; and with `--fast` a message is soon too old to be answered.
    await eventually('all parts to have stayed', () => PARTS.every(isBack));
    await eventually('a server that is ready', async () => (await fetch(`${runtime.server}/readyz`)).ok);
    expect(await firstReply(runtime, JOHN)).toContain('Northside Motors');
  });

  test('ends without a trace within 10 s', async () => {
    const processes = descendants();
    const asked = Date.now();
    supervisor.kill('SIGINT');
    expect(await ended(supervisor)).toBe(0);
    expect(Date.now() - asked).toBeLessThan(10_000);
    expect(processes.filter(isAlive)).toEqual([]);
    expect(existsSync(join(directory, 'runtime.json'))).toBe(false);
  });
});

describe('a system whose supervisor is killed', () => {
  beforeAll(newFolder);
  afterAll(leave);

  test('leaves no orphans, and the next start has the same data', async () => {
    const before = await start();
    const processes = descendants();
    expect(processes.some(({ name }) => name.includes('bin/postgres'))).toBe(true);
    supervisor.kill('SIGKILL');
    await eventually('every process to end', () => !processes.some(isAlive));

    const after = await start();
    expect(after).toMatchObject({ webhookSecret: before.webhookSecret, databaseUrl: before.databaseUrl });
  });
});
