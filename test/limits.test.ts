/** Podium's limits, with two servers and two workers: a pause is everybody's, and so is the rate. */
import { FORCE_CLOSE_SIGNAL } from '../core/session';
import { BAYVIEW, NORTHSIDE } from './support/simulator';
import { startSystem, type System } from './support/system';

/** Phones 555-0100 to 555-0199 belong to nobody. */
const phones = (from: number, count: number) =>
  Array.from({ length: count }, (_, n) => `+14155550${from + n}`);
const isSend = ({ method, path }: { method: string; path: string }) =>
  method === 'POST' && path === '/v4/messages';

let system: System;
afterEach(() => system?.stop());

const write = (phone: string, location_uid: string) =>
  system.simulator.customerWrites({ phone, location_uid, body: 'Can I book a test drive?' });

test('a 429 pauses this call for all workers, as long as Podium says, and no other call', async () => {
  const PAUSE_MS = 25_000;
  system = await startSystem({ servers: 2, workers: 2 });
  const [open, first, ...others] = phones(100, 10) as [string, string, ...string[]];
  await write(open, NORTHSIDE);
  await system.hears(1, open);
  await system.isQuiet();

  await system.simulator.fault({
    ...{ method: 'POST', path: '^/v4/messages$' },
    ...{ status: 429, headers: { 'retry-after': String(PAUSE_MS / 1000) } },
  });
  const before = (await system.simulator.calls()).at(-1)!.n;
  await write(first, NORTHSIDE);
  for (const url of system.serverUrls) await showsPause(url);

  for (const phone of others) await write(phone, BAYVIEW);
  const session = system.client.workflow.getHandle(system.workflowId(open));
  await session.signal(FORCE_CLOSE_SIGNAL, { actor: 'ann', reason: 'a test' });
  await system.eventually('note and close', async () => {
    const conversation = await system.simulator.conversation(open, NORTHSIDE);
    return conversation?.closed && conversation.notes.length === 1;
  });
  const noted = Date.now();

  await system.hears(1, first);
  for (const phone of others) await system.hears(1, phone, BAYVIEW);
  const sends = (await system.simulator.calls(before)).filter(isSend);
  const [refused, ...made] = sends as [(typeof sends)[0], ...typeof sends];
  expect(refused.status).toBe(429);
  expect(made).toHaveLength(1 + others.length);
  expect(made[0]!.at - refused.at).toBeGreaterThanOrEqual(PAUSE_MS);
  expect(noted - refused.at).toBeLessThan(PAUSE_MS);

  // Told once, by whoever was refused; and the door was never opened for a text that could not leave.
  const logs = Object.values(await system.logs()).join('\n');
  expect(logs.match(/Podium wants no calls/g)).toHaveLength(1);
  const { rows } = await system.pool.query<{ attempts: number }>(
    'select attempts from sends where phone_e164 = any($1)',
    [others],
  );
  expect(rows).toEqual(others.map(() => ({ attempts: 1 })));
});

test('the workers together make no more calls than one limit allows', async () => {
  const PER_MINUTE = 240;
  system = await startSystem({ workers: 2, settings: { podium: { requests_per_minute: PER_MINUTE } } });
  const customers = phones(110, 20);
  const before = (await system.simulator.calls()).at(-1)!.n;
  await Promise.all(customers.map((phone) => write(phone, NORTHSIDE)));
  for (const phone of customers) await system.hears(1, phone);

  const calls = await system.simulator.calls(before);
  expect(calls.length).toBeGreaterThanOrEqual(3 * customers.length); // find, create, send
  const seconds = (calls.at(-1)!.at - calls[0]!.at) / 1000;
  // What may come at once, when a machine is slow to begin, comes on top.
  expect(calls.length).toBeLessThanOrEqual((PER_MINUTE / 60) * seconds + 20);
});

async function showsPause(serverUrl: string): Promise<void> {
  await system.eventually('the pause in the metrics', async () => {
    const metrics = await (await fetch(`${serverUrl}/metrics`)).text();
    return /podium_paused_seconds\{endpoint="POST \/v4\/messages"\} [1-9]/.test(metrics);
  });
}
