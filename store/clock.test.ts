import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { context, customerMessage, JANE, testHash, type MessageOptions } from '../test/support/received';
import { clockBehind } from './clock';
import { receive } from './inbox';
import { optOutRecords, optOutState } from './opt-out-states';
import { recordOptOut } from './opt-outs';

let db: TestDatabase;
beforeAll(async () => (db = await createTestDatabase()));
afterAll(() => db.drop());
afterEach(() => {
  jest.restoreAllMocks();
  return db.pool.query('truncate opt_outs, opt_out_history, inbox_events');
});

const MINUTE = 60_000;

/** As on a machine whose clock is ahead by so many ms. */
async function onMachine<T>(aheadMs: number, work: (now: Date) => Promise<T>): Promise<T> {
  const { now } = Date;
  const clock = jest.spyOn(Date, 'now').mockImplementation(() => now() + aheadMs);
  try {
    return await work(new Date(Date.now()));
  } finally {
    clock.mockRestore();
  }
}

/** A text without a time of Podium's. */
const texts = (options: MessageOptions, aheadMs: number) =>
  onMachine(aheadMs, (receivedAt) =>
    receive(db.pool, [customerMessage({ webchat: false, at: null, receivedAt, ...options })], context),
  );

it.each([5 * MINUTE, -5 * MINUTE])('tells how far another clock is off: %d ms', async (aheadMs) => {
  const behind = await onMachine(aheadMs, () => clockBehind(db.pool));
  expect(Math.abs(behind + aheadMs)).toBeLessThan(MINUTE);
});

it('finds no difference on one machine', async () => {
  expect(await clockBehind(db.pool)).toBe(0);
});

it('orders what two machines have heard, where Podium gives no time', async () => {
  await texts({ stop: true }, 5 * MINUTE);
  await recordOptOut(db.pool, {
    ...{ phone: JANE, phoneHash: testHash(JANE), wish: 'opt_in', source: 'operator', actor: 'ann' },
    ...{ rule: null, locationUid: null, messageUid: null, at: null },
  });
  expect(await optOutState(db.pool, JANE)).toMatchObject({ optedOut: false });
  await texts({ stop: true }, -5 * MINUTE);
  expect(await optOutState(db.pool, JANE)).toMatchObject({ optedOut: true });
  for (const { at, writtenAt } of await optOutRecords(db.pool, JANE))
    expect(Math.abs(writtenAt.getTime() - at.getTime())).toBeLessThan(MINUTE);
});

it('lets no Podium time outrank what comes later, by a clock that runs ahead', async () => {
  await texts({ stop: true, at: new Date(Date.now() + 5 * MINUTE) }, 5 * MINUTE);
  expect((await optOutState(db.pool, JANE))!.recordedAt!.getTime()).toBeLessThan(Date.now() + 1_000);
});
