import pino from 'pino';
import { Outage } from './outage';
import { repeat } from './repeat';

function rig() {
  const log: string[] = [];
  const logger = pino({}, { write: (line: string) => void log.push(JSON.parse(line).msg as string) });
  const stopping = new AbortController();
  const common = { pauseMs: 1, signal: stopping.signal, outage: new Outage('It', logger) };
  return { log, stopping, common };
}

it('tries again what has failed, and tells of it once, and once that it works again', async () => {
  const { log, stopping, common } = rig();
  const outcomes = [false, false, true];
  await repeat(async () => {
    const isDone = outcomes.shift();
    if (outcomes.length === 0) stopping.abort();
    if (!isDone) throw new Error('away');
  }, common);
  expect(log).toEqual(['It is away', 'It is back']);
});

it.each([
  ['cut off by the signal is no outage', true, []],
  ['under way when the signal comes may still show one', false, ['It is away']],
])('work that is %s', async (_, isCutOff, told) => {
  const { log, stopping, common } = rig();
  const work = async () => {
    stopping.abort();
    throw new Error('away');
  };
  await repeat(work, { ...common, isCutOff });
  expect(log).toEqual(told);
});
