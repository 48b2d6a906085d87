import { randomUUID } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { context, customerMessage, JANE, JOHN, NORTHSIDE, testHash } from '../test/support/received';
import { readFigures } from './figures';
import { receive } from './inbox';
import { replaceLocations } from './locations';
import { lookBack, openDoor, settleSend } from './sends';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
  const location = { uid: NORTHSIDE, name: 'Northside Motors', country: 'AU', organizationUid: null };
  await replaceLocations(db.pool, [{ ...location, archived: false }], new Date());
});
afterAll(() => db.drop());

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
  expect(await readFigures(db.pool)).toEqual({
    sessions: { active: 0, warned: 0 },
    quarantined: [],
    unsettledSends: { unknown: 0, notSent: 0 },
  });
});

test('open sessions are counted by status, closed ones are not', async () => {
  await receive(db.pool, [customerMessage({ phone: JANE }), customerMessage({ phone: JOHN })], context);
  await db.pool.query("update sessions set status = 'warned' where phone_e164 = $1", [JOHN]);
  expect((await readFigures(db.pool)).sessions).toEqual({ active: 1, warned: 1 });
  await db.pool.query("update sessions set status = 'closed'");
  expect((await readFigures(db.pool)).sessions).toEqual({ active: 0, warned: 0 });
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
  expect((await readFigures(db.pool)).quarantined).toEqual([
    { code: 'ERR_WEBCHAT_001', count: 2 },
    { code: 'ERR_WHK_004', count: 1 },
  ]);
});

test('a text counts as unsettled from its first minute to the end of its hour, until it is known what became of it', async () => {
  const unsettled = async () => (await readFigures(db.pool)).unsettledSends;
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
