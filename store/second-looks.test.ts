/** What Podium says of opt-outs shortly after an opt-in, and what a second look makes of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { JANE, NORTHSIDE, testHash } from '../test/support/received';
import { writeContactHistory } from './contact-history';
import { transaction } from './database';
import { isOptInHeldBack } from './doubtful-opt-outs';
import { beginMirror, historyEntry, settleMirror } from './opt-out-mirrors';
import { blockOf, optOutRecords, optOutState, type Wish } from './opt-out-states';
import { recordOptOut, type OptOutChange } from './opt-outs';
import { retrySecondLooks, secondLook, settleSecondLook, type SecondAnswer } from './second-looks';
import { openDoor } from './door';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
  await db.pool.query(
    `insert into locations (uid, name, country, archived) values ($1, 'Northside', 'AU', false)`,
    [NORTHSIDE],
  );
});
afterAll(() => db.drop());
afterEach(() =>
  db.pool.query(
    'truncate opt_outs, opt_out_history, opt_out_mirrors, contact_history, audit_entries, workflow_starts, sends',
  ),
);

/** Times of one test keep their order, however long it takes. */
let now: number;
beforeEach(() => void (now = Date.now()));
const ago = (seconds: number) => new Date(now - seconds * 1000);
const PODIUM = { source: 'podium', actor: 'podium', contactUid: 'c-1' } as const;
const record = (wish: Wish, at: Date, change: Partial<OptOutChange> = {}) =>
  recordOptOut(db.pool, {
    ...{ phone: JANE, phoneHash: testHash(JANE), wish, source: 'text', actor: 'customer', rule: null },
    ...{ locationUid: NORTHSIDE, messageUid: null, at, ...change },
  });
/** STOP, and START so many seconds ago, of which Podium was told at once. */
async function cameBack(seconds: number): Promise<void> {
  await record('opt_out', ago(seconds + 600));
  const { historyId } = await record('opt_in', ago(seconds));
  await settleMirror(db.pool, historyId, { kind: 'told' });
  await db.pool.query('update opt_out_mirrors set told_at = $1', [ago(seconds)]);
}
const podiumTells = (at: Date) => record('opt_out', at, PODIUM);
const starts = async () =>
  (
    await db.pool.query(
      `select workflow_id, args from workflow_starts where workflow_type = 'optOutSecondLook'`,
    )
  ).rows;
const decide = (historyId: number, answer: SecondAnswer, last = false) =>
  settleSecondLook(db.pool, historyId, answer, { phoneHash: testHash, last });
const holds = (at: Date) => ({ optedOutAt: at, contactUid: 'c-1' });
const HOLDS_NONE = { optedOutAt: null, contactUid: 'c-1' };
const door = async () => {
  const send = { sendId: crypto.randomUUID(), phone: JANE, phoneHash: 'h', locationUid: NORTHSIDE };
  const of = { workflowId: null, conversationUid: null, purpose: 'greeting', body: 'Hi', now: new Date() };
  return (await openDoor(db.pool, { ...send, ...of }, 0)).kind;
};

it('is made where Podium tells of an opt-out shortly after an opt-in; until then nothing leaves', async () => {
  await cameBack(20);
  const { historyId, applied } = await podiumTells(ago(5));
  expect(applied).toBe(false);
  expect(await starts()).toEqual([
    { workflow_id: `opt-out-second-look:${historyId}`, args: [{ historyId }] },
  ]);
  expect(await blockOf(db.pool, JANE)).toBe('unsettled');
  expect(await door()).toBe('unsettled');
  expect(await secondLook(db.pool, historyId)).toEqual({ phone: JANE, locationUid: NORTHSIDE });
});

it('finds an echo, and then texts go on, also when Podium tells of it once more', async () => {
  await cameBack(20);
  const at = ago(5);
  const { historyId } = await podiumTells(at);
  expect(await decide(historyId, HOLDS_NONE)).toBe('settled');
  expect(await door()).toBe('open');
  expect(await podiumTells(at)).toMatchObject({ applied: false });
  expect(await door()).toBe('open');
  expect((await optOutRecords(db.pool, JANE)).at(-1)).toMatchObject({
    wish: 'dismiss',
    source: 'podium',
    at,
  });
  const { rows } = await db.pool.query<{ kind: string; details: object }>(
    `select kind, details from audit_entries where kind like 'opt_out%' order by id`,
  );
  expect(rows.slice(-2)).toMatchObject([
    { kind: 'opt_out', details: { applied: false, doubtful: true } },
    { kind: 'opt_out_dismissed', details: { source: 'podium' } },
  ]);
});

it('finds the former opt-out, which is older than the opt-in and counts no more', async () => {
  await cameBack(20);
  const { historyId } = await podiumTells(ago(5));
  await decide(historyId, holds(ago(600)));
  expect(await blockOf(db.pool, JANE)).toBeNull();
});

it.each([
  ['of which Podium has told', 5],
  ['that came meanwhile', 1],
])('finds a real opt-out, %s, and records it by Podium’s time', async (_, seconds) => {
  await cameBack(20);
  const { historyId } = await podiumTells(ago(5));
  const at = ago(seconds);
  expect(await decide(historyId, holds(at))).toBe('settled');
  expect(await optOutState(db.pool, JANE)).toMatchObject({
    ...{ optedOut: true, source: 'podium', recordedAt: at, unsettled: false },
  });
});

it('says nothing of an echo while Podium is still being told of the opt-in, but at last its answer counts', async () => {
  const { historyId: told } = await record('opt_out', ago(600));
  await record('opt_in', ago(20));
  await beginMirror(db.pool, (await historyEntry(db.pool, told))!);
  const { historyId } = await podiumTells(ago(3));
  expect(await isOptInHeldBack(db.pool, JANE)).toBe(false);
  expect(await decide(historyId, holds(ago(3)))).toBe('again');
  expect(await blockOf(db.pool, JANE)).toBe('unsettled');
  expect(await decide(historyId, holds(ago(3)), true)).toBe('settled');
  expect(await blockOf(db.pool, JANE)).toBe('opted_out');
});

it('comes before Podium is told of the opt-in, which would end there what is in doubt', async () => {
  await record('opt_out', ago(600));
  const { historyId: back } = await record('opt_in', ago(20));
  const { historyId } = await podiumTells(ago(5));
  expect(await isOptInHeldBack(db.pool, JANE)).toBe(true);
  await db.pool.query('truncate workflow_starts');
  expect(await decide(historyId, holds(ago(600)))).toBe('settled');
  expect(await blockOf(db.pool, JANE)).toBeNull();
  expect(await isOptInHeldBack(db.pool, JANE)).toBe(false);
  const { rows } = await db.pool.query('select workflow_type, args from workflow_starts');
  expect(rows).toEqual([{ workflow_type: 'optOutMirror', args: [{ historyId: back }] }]);
});

it('believes the opt-out where Podium holds none since it was told of the opt-in after it', async () => {
  await cameBack(20);
  const { historyId } = await podiumTells(ago(5));
  await db.pool.query('update opt_out_mirrors set told_at = $1', [ago(4)]);
  await decide(historyId, HOLDS_NONE);
  expect(await blockOf(db.pool, JANE)).toBe('opted_out');
});

it.each([
  ['no contact', null],
  ['another contact', 'c-2'],
])('believes the opt-out where Podium has %s: that one’s could not be asked about', async (_, contactUid) => {
  await cameBack(20);
  const { historyId } = await podiumTells(ago(5));
  await decide(historyId, { optedOutAt: null, contactUid });
  expect(await blockOf(db.pool, JANE)).toBe('opted_out');
});

it('asks the contact into which the one that had the opt-out was merged', async () => {
  await cameBack(20);
  const { historyId } = await podiumTells(ago(5));
  await transaction(db.pool, (client) =>
    writeContactHistory(client, [{ phone: JANE, change: 'merged', podiumUid: 'c-1', intoUid: 'c-2' }]),
  );
  await decide(historyId, { optedOutAt: null, contactUid: 'c-2' });
  expect(await blockOf(db.pool, JANE)).toBeNull();
});

it('decides about Podium’s opt-out, and not about what the customer has said in other words', async () => {
  await cameBack(20);
  await record('ask', ago(10));
  const { historyId } = await podiumTells(ago(5));
  await decide(historyId, HOLDS_NONE);
  expect(await blockOf(db.pool, JANE)).toBe('undecided');
});

it('that was not made yet counts as an opt-out in a version that makes none', async () => {
  await cameBack(20);
  const at = ago(5);
  const { historyId } = await podiumTells(at);
  const [, down] = readFileSync(join(__dirname, 'migrations/0016_ledger_lookups.sql'), 'utf8').split(
    '-- Down Migration',
  );
  const client = await db.pool.connect();
  try {
    await client.query('begin');
    await client.query(down!);
    const { rows } = await client.query(
      `select state.opted_out, state.source, state.recorded_at, entry.applied, entry.version = state.version as "isLast"
         from opt_outs state join opt_out_history entry using (phone_e164) where entry.id = $1`,
      [historyId],
    );
    expect(rows).toEqual([
      { opted_out: true, source: 'podium', recorded_at: at, applied: true, isLast: true },
    ]);
  } finally {
    await client.query('rollback');
    client.release();
  }
});

it('where Podium cannot be asked, what it told before counts', async () => {
  await cameBack(20);
  const { historyId } = await podiumTells(ago(5));
  await decide(historyId, null, true);
  expect(await blockOf(db.pool, JANE)).toBe('opted_out');
});

it.each<['opt_out' | 'opt_in', string | null]>([
  ['opt_out', 'opted_out'],
  ['opt_in', null],
])('is pointless once the customer says %s', async (wish, block) => {
  await cameBack(20);
  const { historyId } = await podiumTells(ago(5));
  await record(wish, ago(1));
  expect(await blockOf(db.pool, JANE)).toBe(block);
  expect(await secondLook(db.pool, historyId)).toBeNull();
  expect(await decide(historyId, holds(ago(2)))).toBe('settled');
  expect(await blockOf(db.pool, JANE)).toBe(block);
});

it('is not made pointless by an opt-in from before the opt-out, which comes late', async () => {
  await cameBack(40);
  const { historyId } = await podiumTells(ago(20));
  await record('opt_in', ago(30));
  expect(await blockOf(db.pool, JANE)).toBe('unsettled');
  const { historyId: later } = await podiumTells(ago(5));
  await record('opt_in', ago(10));
  await record('opt_out', ago(15));
  expect(await blockOf(db.pool, JANE)).toBe('unsettled');
  expect(await secondLook(db.pool, historyId)).toBeNull();
  await decide(later, holds(ago(5)), true);
  expect(await blockOf(db.pool, JANE)).toBe('opted_out');
});

it('is not needed of an opt-out that is clearly later than what Podium knew', async () => {
  await cameBack(600);
  expect(await podiumTells(ago(500))).toMatchObject({ applied: true });
  expect(await starts()).toEqual([]);
});

it('is made of what Podium did while it was being told of the opt-out, however late it tells', async () => {
  const { historyId: told } = await record('opt_out', ago(1000));
  await beginMirror(db.pool, (await historyEntry(db.pool, told))!);
  const { historyId: back } = await record('opt_in', ago(900));
  await settleMirror(db.pool, told, { kind: 'told' });
  await settleMirror(db.pool, back, { kind: 'told' });
  await db.pool.query(`update opt_out_mirrors set told_at = $1, out_call_from = $2, out_call_until = $2`, [
    ago(890),
    ago(700),
  ]);
  expect(await podiumTells(ago(699))).toMatchObject({ applied: false });
  expect(await blockOf(db.pool, JANE)).toBe('unsettled');
  await db.pool.query('update opt_out_mirrors set out_call_from = $1, out_call_until = null', [ago(300)]);
  await db.pool.query('update opt_outs set second_look_id = null');
  expect(await podiumTells(ago(100))).toMatchObject({ applied: true }); // a call whose end nobody wrote down
});

it('is one at a time, and is taken up again where nobody makes it', async () => {
  await cameBack(20);
  const { historyId } = await podiumTells(ago(5));
  await podiumTells(ago(6));
  expect(await starts()).toHaveLength(1);
  expect(await retrySecondLooks(db.pool)).toBe(0);
  await db.pool.query(
    `update opt_out_history set written_at = now() - interval '2 hours'; truncate workflow_starts`,
  );
  expect(await retrySecondLooks(db.pool)).toBe(1);
  expect(await starts()).toEqual([
    { workflow_id: `opt-out-second-look:${historyId}`, args: [{ historyId }] },
  ]);
});
