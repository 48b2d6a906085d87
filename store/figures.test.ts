import { randomUUID } from 'node:crypto';
import { failure } from '../core/error-codes';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import {
  context,
  customerMessage,
  JANE,
  JOHN,
  MARY,
  NORTHSIDE,
  received,
  storeMessage,
  testHash,
  workflowIdOf,
} from '../test/support/received';
import { readFigures } from './figures';
import { receive, releaseQuarantined } from './inbox';
import { replaceLocations } from './locations';
import { claimSessions, settleClaim } from './relay';
import { lookBack, openDoor } from './door';
import { settleSend } from './sends';
import { saveProgress } from './session-progress';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
  const location = { uid: NORTHSIDE, name: 'Northside Motors', country: 'AU', organizationUid: null };
  await replaceLocations(db.pool, [{ ...location, archived: false }], new Date());
});
afterAll(() => db.drop());

const IDLE_CLOSE_SECONDS = 1680;
const figures = () => readFigures(db.pool, IDLE_CLOSE_SECONDS);

/** A text that came to the door so long ago. @returns its id */
async function sendOf(secondsAgo: number): Promise<string> {
  const sendId = randomUUID();
  const now = new Date(Date.now() - secondsAgo * 1000);
  const send = { sendId, phone: JANE, phoneHash: testHash(JANE), locationUid: NORTHSIDE, workflowId: 'w-1' };
  const { count } = await lookBack(db.pool, sendId);
  await openDoor(
    db.pool,
    { ...send, conversationUid: 'c-1', purpose: 'greeting', body: 'Welcome', now },
    count,
  );
  return sendId;
}

test('an empty database has nothing open', async () => {
  expect(await figures()).toEqual({
    sessions: { active: 0, warned: 0 },
    quarantined: [],
    unsettledSends: { unknown: 0, notSent: 0 },
    standingStill: 0,
    textsAfterOptOut: 0,
    optOutsWithoutPhone: 0,
  });
});

test('open sessions are counted by status, closed ones are not', async () => {
  await receive(db.pool, [customerMessage({ phone: JANE }), customerMessage({ phone: JOHN })], context);
  await db.pool.query("update sessions set status = 'warned' where phone_e164 = $1", [JOHN]);
  expect((await figures()).sessions).toEqual({ active: 1, warned: 1 });
  await db.pool.query("update sessions set status = 'closed'");
  expect((await figures()).sessions).toEqual({ active: 0, warned: 0 });
});

test('what is set aside is counted by its code', async () => {
  await receive(db.pool, [customerMessage(), customerMessage(), customerMessage()], context);
  const { rows } = await db.pool.query<{ id: number }>(
    'select id from inbox_events order by id desc limit 3',
  );
  const codes = ['ERR_WEBCHAT_001', 'ERR_WEBCHAT_001', 'ERR_WHK_004'];
  for (const [i, code] of codes.entries())
    await db.pool.query("update inbox_events set status = 'quarantined', error_code = $2 where id = $1", [
      rows[i]!.id,
      code,
    ]);
  expect((await figures()).quarantined).toEqual([
    { code: 'ERR_WEBCHAT_001', count: 2 },
    { code: 'ERR_WHK_004', count: 1 },
  ]);
});

test('a text counts as unsettled from its first minute to the end of its hour, until it is known what became of it', async () => {
  const unsettled = async () => (await figures()).unsettledSends;
  await sendOf(10);
  await sendOf(2 * 3_600);
  expect(await unsettled()).toEqual({ unknown: 0, notSent: 0 });
  const [lost, kept] = [await sendOf(120), await sendOf(120)];
  await settleSend(db.pool, kept, { kind: 'not_sent' });
  expect(await unsettled()).toEqual({ unknown: 1, notSent: 1 });
  const sent = { messageUid: 'm-1', conversationUid: 'c-1', at: new Date() };
  for (const id of [lost, kept])
    await settleSend(db.pool, id, { kind: 'sent', ...sent, messageUid: `of ${id}` });
  expect(await unsettled()).toEqual({ unknown: 0, notSent: 0 });
});

describe('a session stands still', () => {
  const key = { workflowId: workflowIdOf(MARY, NORTHSIDE), phone: MARY, locationUid: NORTHSIDE };
  const standing = async () => (await figures()).standingStill;
  const write = () => receive(db.pool, [customerMessage({ phone: MARY })], context);
  const dealWith = (handledNumber: number) =>
    saveProgress(db.pool, {
      ...{ ...key, handledNumber, status: 'active', lastMessageAt: new Date(), partial: null, notes: [] },
      ...{ conversationUid: null, waitsForPerson: null },
    });
  async function deliver() {
    for (const claim of await claimSessions(db.pool, 10, 10_000)) await settleClaim(db.pool, claim);
  }
  /** All that has happened so far was so many minutes earlier. */
  async function minutesPass(minutes: number) {
    const earlier = (column: string) => `${column} = ${column} - $1 * interval '1 minute'`;
    await db.pool.query(`update sessions set ${earlier('dealt_at')}`, [minutes]);
    await db.pool.query(`update inbox_events set ${earlier('delivered_at')}`, [minutes]);
  }
  beforeEach(async () => {
    await db.pool.query('truncate inbox_events, sessions');
    await write();
    await deliver();
  });

  test('when its close is five minutes late, and not before', async () => {
    await dealWith(1);
    await minutesPass(32);
    expect(await standing()).toBe(0);
    await minutesPass(2);
    expect(await standing()).toBe(1);
    await db.pool.query("update sessions set status = 'closed'");
    expect(await standing()).toBe(0);
  });

  test('when it has had a message for as long and not dealt with it', async () => {
    await minutesPass(32);
    expect(await standing()).toBe(0);
    await minutesPass(2);
    expect(await standing()).toBe(1);
    await dealWith(1); // as when its workers are back
    expect(await standing()).toBe(0);
  });

  test('not by what an earlier session of the customer did', async () => {
    await dealWith(1);
    await minutesPass(60);
    await db.pool.query("update sessions set status = 'closed'");
    await write();
    expect(await standing()).toBe(0);
  });

  test('not while messages come and are dealt with', async () => {
    await dealWith(1);
    await minutesPass(30);
    await write();
    await deliver();
    await dealWith(2);
    await minutesPass(10);
    expect(await standing()).toBe(0);
  });
});

test('a text of a person to somebody who had opted out counts for an hour, whoever has seen it first; one of Podium’s own does not', async () => {
  const alarms = async () => (await figures()).textsAfterOptOut;
  const at = new Date(Date.now() - 60_000);
  await receive(db.pool, [customerMessage({ text: 'STOP', stop: true, at, receivedAt: at })], context);
  await receive(db.pool, [storeMessage({ senderUid: null })], context);
  expect(await alarms()).toBe(0);
  await receive(db.pool, [storeMessage()], context);
  expect(await alarms()).toBe(1);
  await db.pool.query("update audit_entries set at = at - interval '61 minutes'");
  expect(await alarms()).toBe(0);
});

test('an opt-out of nobody counts for an hour, however often the event is judged', async () => {
  const nobody = received(
    {},
    {
      ...{ kind: 'quarantined', failure: failure('ERR_WEBCHAT_001'), phone: null, locationUid: NORTHSIDE },
      ...{ optOut: { rule: 'keyword' }, said: null },
    },
  );
  await receive(db.pool, [nobody], context);
  await receive(db.pool, [nobody], context);
  const { rows } = await db.pool.query<{ id: number }>('select max(id) as id from inbox_events');
  await releaseQuarantined(db.pool, [{ ...nobody, id: rows[0]!.id }], context);
  expect((await figures()).optOutsWithoutPhone).toBe(1);
  await db.pool.query("update audit_entries set at = at - interval '61 minutes'");
  expect((await figures()).optOutsWithoutPhone).toBe(0);
});
