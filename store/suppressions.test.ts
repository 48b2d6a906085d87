import { suppressionKeys } from '../core/suppression-keys';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { customerMessage, context, JANE, JOHN, NORTHSIDE, testHash } from '../test/support/received';
import { lockPhones, transaction } from './database';
import { receive } from './inbox';
import { replaceLocations } from './locations';
import { isOptedOut, blocksAmong, optOutRecords, optOutState } from './opt-out-states';
import { recordOptOut } from './opt-outs';
import { openDoor } from './door';
import { suppress, suppressedSince, suppressionProblem, useSuppressionKeys } from './suppressions';

const ID_KEYS = ['an-id-key-of-some-length'];
const keys = (...own: string[]) => suppressionKeys({ suppressionKeys: own, idKeys: ID_KEYS });

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
  const store = { uid: NORTHSIDE, name: 'Northside', country: 'AU', archived: false, organizationUid: null };
  await replaceLocations(db.pool, [store], new Date());
});
afterAll(() => db.drop());
beforeEach(async () => {
  useSuppressionKeys(keys());
  await db.pool.query(
    'truncate suppression_keys, suppressions, erasures, opt_outs, opt_out_history, opt_out_mirrors',
  );
});

const suppressJane = () =>
  transaction(db.pool, async (client) => {
    await lockPhones(client, [JANE]);
    await suppress(client, JANE);
  });
const change = (optedOut: boolean, at: Date) =>
  recordOptOut(db.pool, {
    ...{
      phone: JANE,
      phoneHash: testHash(JANE),
      wish: optedOut ? 'opt_out' : 'opt_in',
      source: 'text',
      actor: 'customer',
      rule: 'keyword',
    },
    ...{ locationUid: null, messageUid: null, at },
  });
const tryToSend = (sendId: string, phone = JANE) =>
  openDoor(
    db.pool,
    {
      ...{ sendId, phone, phoneHash: testHash(phone), locationUid: NORTHSIDE, workflowId: null },
      ...{ conversationUid: null, purpose: 'greeting', body: 'Hello', now: new Date() },
    },
    0,
  );
const later = () => new Date(Date.now() + 60_000);

test('a phone is suppressed from the time of the lock on, or of its opt-out, where that is later', async () => {
  const began = await transaction(db.pool, async (client) => {
    const { rows } = await client.query<{ at: Date }>('select now() as at, pg_sleep(0.01)');
    await lockPhones(client, [JOHN]);
    await suppress(client, JOHN);
    return rows[0]!.at;
  });
  const at = later();
  await change(true, at);
  await suppressJane();
  const since = await suppressedSince(db.pool, [JANE, JOHN]);
  expect(since.get(JANE)).toEqual(at);
  expect(since.get(JOHN)!.getTime()).toBeGreaterThan(began.getTime());
});

test('the door is shut to a suppressed phone, of which the ledger knows nothing', async () => {
  await suppressJane();
  expect(await tryToSend('00000000-0000-4000-8000-000000000001')).toEqual({ kind: 'blocked' });
  expect(await tryToSend('00000000-0000-4000-8000-000000000002', JOHN)).toMatchObject({ kind: 'open' });
  expect(await blocksAmong(db.pool, [JANE, JOHN])).toEqual(new Map([[JANE, 'opted_out']]));
  expect(await optOutState(db.pool, JANE)).toMatchObject({ optedOut: true });
});

test('no phone stands in the database by which it is suppressed', async () => {
  await suppressJane();
  const { rows } = await db.pool.query("select *, encode(phone_key, 'hex') as hex from suppressions");
  expect(rows).toHaveLength(1);
  expect(JSON.stringify(rows)).not.toContain(JANE.slice(1));
  expect(rows[0].phone_key).toHaveLength(32);
});

test('it is found by an old key as well, and by a key of ids that was there before keys of its own', async () => {
  await suppressJane();
  useSuppressionKeys(keys('a-suppression-key-of-its-own'));
  expect(await isOptedOut(db.pool, JANE)).toBe(true);
  // The key of ids is dropped some day: its secret goes on among those of its own.
  useSuppressionKeys(
    suppressionKeys({
      suppressionKeys: ['a-suppression-key-of-its-own', ...ID_KEYS],
      idKeys: ['another-id-key-now'],
    }),
  );
  expect(await isOptedOut(db.pool, JANE)).toBe(true);
});

test('without the key nobody can tell: there is no start, no send and no answer, and it is said what to do', async () => {
  await suppressJane();
  useSuppressionKeys(suppressionKeys({ suppressionKeys: [], idKeys: ['another-id-key-now'] }));
  expect(await suppressionProblem(db.pool)).toContain('WEBCHAT_SUPPRESSION_KEYS');
  expect(await suppressionProblem(db.pool)).toContain(keys()[0]!.id);
  await expect(tryToSend('00000000-0000-4000-8000-000000000003')).rejects.toThrow('not at hand');
  await expect(isOptedOut(db.pool, JANE)).rejects.toThrow('not at hand');
  useSuppressionKeys([]);
  await expect(isOptedOut(db.pool, JOHN)).rejects.toThrow('not at hand');
});

test('as long as nobody was ever suppressed no key is needed', async () => {
  useSuppressionKeys([]);
  expect(await suppressionProblem(db.pool)).toBeNull();
  expect(await isOptedOut(db.pool, JANE)).toBe(false);
});

test('who writes anew begins no session, and gets no robot', async () => {
  await suppressJane();
  await receive(db.pool, [customerMessage()], context);
  expect((await db.pool.query('select from sessions')).rowCount).toBe(0);
  const { rows } = await db.pool.query('select body from agent_notes');
  expect(rows).toEqual([{ body: expect.stringContaining('has opted out') }]);
});

test('a START that is younger opens the door, and the suppression is gone', async () => {
  await suppressJane();
  expect(await change(false, later())).toMatchObject({ applied: true });
  expect(await isOptedOut(db.pool, JANE)).toBe(false);
  expect(await suppressedSince(db.pool, [JANE])).toEqual(new Map());
  expect(await optOutRecords(db.pool, JANE)).toMatchObject([
    { wish: 'opt_out', applied: true, actor: 'erasure' },
    { wish: 'opt_in', applied: true, actor: 'customer' },
  ]);
});

test('a START that is older and comes late opens nothing', async () => {
  await suppressJane();
  expect(await change(false, new Date(Date.now() - 60_000))).toMatchObject({ applied: false });
  expect(await isOptedOut(db.pool, JANE)).toBe(true);
});
