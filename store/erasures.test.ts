import { randomUUID } from 'node:crypto';
import { suppressionKeys } from '../core/suppression-keys';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { foundEventId, type Verdict } from '../core/events';
import {
  contactChange,
  context,
  customerMessage,
  JANE,
  JOHN,
  NORTHSIDE,
  received,
  testHash,
  type MessageOptions,
} from '../test/support/received';
import { saveContact } from './contacts';
import {
  beginErasure,
  eraseRows,
  finishErasure,
  readErasure,
  unfinishedErasure,
  withdrawSessions,
} from './erasures';
import { receive } from './inbox';
import { noteConversations } from './reconciliation';
import { isOptedOut } from './opt-out-states';
import { recordOptOut } from './opt-outs';
import { countHeld, eventsOf, TABLES_BY_PHONE } from './personal-data';
import { claimSessions, settleClaim } from './relay';
import { suppressedSince, useSuppressionKeys } from './suppressions';

const PERSON = { phone: JANE, countryCode: 61, nationalNumber: '400123456' };
const BY = { phoneHash: testHash(JANE), actor: 'alice' };

let db: TestDatabase;
beforeAll(async () => (db = await createTestDatabase()));
afterAll(() => db.drop());
beforeEach(async () => {
  useSuppressionKeys(suppressionKeys({ suppressionKeys: [], idKeys: ['an-id-key-of-some-length'] }));
  const { rows } = await db.pool.query<{ name: string }>(
    `select table_name as name from information_schema.tables
      where table_schema = 'public' and table_name <> 'pgmigrations'`,
  );
  await db.pool.query(`truncate ${rows.map(({ name }) => name).join(', ')}`);
});

async function erase(workflowIds: string[] = []) {
  const { id } = await beginErasure(db.pool, { phone: JANE, ...BY });
  expect(await withdrawSessions(db.pool, JANE)).toBe(true);
  const events = await eventsOf(db.pool, PERSON);
  expect(await eraseRows(db.pool, PERSON, { id, ...BY }, { events, workflowIds })).toBe(true);
  return id;
}
const take = (...events: ReturnType<typeof customerMessage>[]) => receive(db.pool, events, context);
const withRaw = (raw: string, message: ReturnType<typeof customerMessage>) => ({
  ...message,
  raw: Buffer.from(raw),
});
const inbox = async () =>
  (await db.pool.query('select * from inbox_events order by id')).rows as Record<string, unknown>[];
const optOut = (phone = JANE) =>
  recordOptOut(db.pool, {
    ...{
      phone,
      phoneHash: testHash(phone),
      wish: 'opt_out',
      source: 'text',
      actor: 'customer',
      rule: 'keyword',
    },
    ...{ locationUid: null, messageUid: null, at: new Date() },
  });

test('every table with a column for a phone is one that an erasure deletes from, or the inbox', async () => {
  const { rows } = await db.pool.query<{ name: string }>(
    "select table_name as name from information_schema.columns where column_name = 'phone_e164'",
  );
  expect(rows.map(({ name }) => name).sort()).toEqual(['inbox_events', ...TABLES_BY_PHONE].sort());
});

test('all rows of the phone go, those of others stay, and the receipt counts them', async () => {
  await take(customerMessage(), customerMessage({ phone: JOHN }));
  await saveContact(db.pool, {
    ...{ phone: JANE, podiumUid: 'p-1', name: 'Jane', locationUid: NORTHSIDE, nameThere: 'Jane' },
  });
  await optOut();
  const id = await erase(['a-workflow']);
  expect(await countHeld(db.pool, PERSON)).toEqual({});
  expect(await readErasure(db.pool, id)).toMatchObject({
    ...{ actor: 'alice', suppressed: true, workflowIds: ['a-workflow'], finishedAt: null },
    counts: {
      inbox_events: 1,
      sessions: 1,
      contacts: 1,
      contact_locations: 1,
      opt_outs: 1,
      opt_out_history: 1,
    },
  });
  expect((await db.pool.query('select phone_e164 from sessions')).rows).toEqual([{ phone_e164: JOHN }]);
  const { rows } = await db.pool.query("select phone_hash, details from audit_entries where kind = 'erased'");
  expect(rows).toEqual([
    { phone_hash: testHash(JANE), details: { erasure: id, actor: 'alice', suppressed: true, events: 1 } },
  ]);
});

test('who was opted out stays so; who was not may be sent to', async () => {
  await optOut();
  await erase();
  expect(await isOptedOut(db.pool, JANE)).toBe(true);
  await db.pool.query('truncate suppressions');
  await erase();
  expect(await isOptedOut(db.pool, JANE)).toBe(false);
});

test('a STOP that comes in the middle of an erasure survives it', async () => {
  const { id } = await beginErasure(db.pool, { phone: JANE, ...BY });
  await optOut();
  await withdrawSessions(db.pool, JANE);
  await eraseRows(
    db.pool,
    PERSON,
    { id, ...BY },
    { events: await eventsOf(db.pool, PERSON), workflowIds: [] },
  );
  expect(await isOptedOut(db.pool, JANE)).toBe(true);
  expect(await readErasure(db.pool, id)).toMatchObject({ suppressed: true });
});

test('of the events their ids are left, so that one that is delivered again is known', async () => {
  const message = customerMessage({ text: 'A quokka?', contract: 'skill', messageUid: null });
  await take(message);
  await erase();
  expect(await inbox()).toEqual([
    expect.objectContaining({
      ...{ status: 'erased', raw: Buffer.alloc(0), message: null, phone_e164: null, body_hash: null },
      ...{ workflow_id: null, event_id: message.event.eventId },
    }),
  ]);
  expect(await take(message)).toEqual([{ status: 'duplicate' }]);
  expect(await countHeld(db.pool, PERSON)).toEqual({});
});

describe('events of nobody in which the phone stands', () => {
  const nobody = (text: string) => withRaw(text, received({}, { kind: 'ignored', reason: 'a test' }));

  test.each([
    '{"phone": "+61400123456"}',
    '{"phone": "0400 123 456"}',
    '{"phone": "(04) 0012-3456"}',
    '{"phone": "+61 (0)400 123 456"}',
    '{"phone": "0061400123456"}',
    '{"phone": "61400123456", "at": "2026-07-23T10:00:00Z"}',
    '{"body": "Ring me: 0400 123\u00a0456 10 am"}',
  ])('%s', async (raw) => {
    await take(nobody(raw));
    await erase();
    expect(await inbox()).toMatchObject([{ status: 'erased', raw: Buffer.alloc(0) }]);
  });

  test.each(['{"phone": "+61412345678"}', '{"uid": "14001234567"}', '{"uid": "9400123456"}'])(
    'not %s, which is another number',
    async (raw) => {
      await take(nobody(raw));
      await erase();
      expect(await inbox()).toMatchObject([{ status: 'ignored', raw: Buffer.from(raw) }]);
    },
  );

  test("an event that names no phone, but Podium's contact of it", async () => {
    await saveContact(db.pool, { phone: JANE, podiumUid: 'p-1', name: 'Jane', locationUid: null });
    await take(nobody('{"uid": "p-1", "name": "Jane"}'), nobody('{"uid": "p-2", "name": "John"}'));
    await erase();
    expect((await inbox()).map(({ status }) => status)).toEqual(['erased', 'ignored']);
  });

  test('a conversation that is still to be read', async () => {
    const conversation = {
      uid: 'c-1',
      locationUid: NORTHSIDE,
      channel: 'phone',
      identifier: '+61 400 123 456',
    };
    const other = { ...conversation, uid: 'c-2', identifier: JOHN };
    const since = { since: new Date(), listedUntil: null };
    await noteConversations(db.pool, NORTHSIDE, [conversation, other], since);
    await erase();
    const { rows } = await db.pool.query('select conversation_uid from conversations_to_read');
    expect(rows).toEqual([{ conversation_uid: 'c-2' }]);
  });
});

describe('what was written before the erasure and comes after it', () => {
  const before = new Date(Date.now() - 60_000);
  const late = (options: MessageOptions = {}) =>
    customerMessage({ at: before, text: 'A quokka?', ...options });
  beforeEach(() => erase());

  test('is not taken in, and known when it comes once more', async () => {
    const message = late();
    expect(await take(message)).toEqual([{ status: 'ignored' }]);
    expect(await inbox()).toMatchObject([{ status: 'erased', raw: Buffer.alloc(0), phone_e164: null }]);
    expect(await take(message)).toEqual([{ status: 'duplicate' }]);
    expect(await countHeld(db.pool, PERSON)).toEqual({});
  });

  test('nor when reconciliation finds it, whose webhook had no uid', async () => {
    await take(late({ eventId: foundEventId('m-1'), messageUid: 'm-1' }));
    expect(await countHeld(db.pool, PERSON)).toEqual({});
  });

  test('nor what Podium tells of the contact', async () => {
    const change = contactChange({ phones: [JANE], name: 'Jane' });
    const verdict: Verdict = { kind: 'contact_changed', change, optOuts: [], cleared: [] };
    await take(withRaw(JANE, received({ kind: 'contact_changed', at: before }, verdict)));
    expect(await inbox()).toMatchObject([{ status: 'erased', raw: Buffer.alloc(0) }]);
  });

  test('a STOP in it counts, and the phone stays unknown', async () => {
    await take(late({ stop: true }));
    expect(await isOptedOut(db.pool, JANE)).toBe(true);
    expect(await countHeld(db.pool, PERSON)).toEqual({});
    const { rows } = await db.pool.query("select phone_hash from audit_entries where kind = 'opt_out'");
    expect(rows).toEqual([{ phone_hash: testHash(JANE) }]);
  });

  test('what is written after it is a new chat', async () => {
    expect(await take(customerMessage({ at: new Date(Date.now() + 1_000) }))).toEqual([
      { status: 'accepted' },
    ]);
    expect((await db.pool.query('select from sessions')).rowCount).toBe(1);
  });
});

test('no row goes while a relay is signalling, nor when a session goes on since it was withdrawn', async () => {
  await take(customerMessage());
  const { id } = await beginErasure(db.pool, { phone: JANE, ...BY });
  const [claim] = await claimSessions(db.pool, 10, 60_000);
  expect(await withdrawSessions(db.pool, JANE)).toBe(false);
  await settleClaim(db.pool, claim!);
  expect(await withdrawSessions(db.pool, JANE)).toBe(true);

  await take(customerMessage());
  const events = await eventsOf(db.pool, PERSON);
  expect(await eraseRows(db.pool, PERSON, { id, ...BY }, { events, workflowIds: [] })).toBe(false);
  expect(await countHeld(db.pool, PERSON)).toMatchObject({ inbox_events: 2 });
  await withdrawSessions(db.pool, JANE);
  expect(await eraseRows(db.pool, PERSON, { id, ...BY }, { events, workflowIds: [] })).toBe(true);
  expect(await claimSessions(db.pool, 10, 60_000)).toEqual([]);
});

test('an erasure that was broken off is gone on with, and keeps what is left to do', async () => {
  const id = await erase(['a-workflow']);
  const fileId = randomUUID();
  await db.pool.query('update erasures set file_ids = array[$1::uuid]', [fileId]);
  expect(await unfinishedErasure(db.pool, JANE)).toMatchObject({ id });
  await take(customerMessage({ at: new Date(Date.now() + 1_000) }));
  expect(await erase(['a-workflow'])).toBe(id);
  expect(await readErasure(db.pool, id)).toMatchObject({ fileIds: [fileId], counts: { sessions: 1 } });
  await finishErasure(db.pool, id, { temporal_runs: 2 });
  expect(await unfinishedErasure(db.pool, JANE)).toBeNull();
  expect(await readErasure(db.pool, id)).toMatchObject({
    fileIds: [],
    counts: { sessions: 1, temporal_runs: 2 },
  });
  expect(await suppressedSince(db.pool, [JANE])).toEqual(new Map());
});
