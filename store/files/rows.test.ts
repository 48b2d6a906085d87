import { randomUUID } from 'node:crypto';
import { decrypt } from '../../core/encryption';
import type { Attachment } from '../../core/events';
import { createTestDatabase, type TestDatabase } from '../../test/support/database';
import {
  context,
  customerMessage,
  JANE,
  NORTHSIDE,
  storeMessage,
  testHash,
} from '../../test/support/received';
import { receive, type ReceivedEvent } from '../inbox';
import {
  countFiles,
  fileToFetch,
  filesOf,
  findFile,
  markDeleted,
  markKept,
  markRefused,
  outdatedFiles,
} from './rows';

let db: TestDatabase;
beforeAll(async () => (db = await createTestDatabase()));
afterAll(() => db.drop());
afterEach(() =>
  db.pool.query(
    'truncate files, inbox_events, sessions, opt_outs, agent_notes, workflow_starts, audit_entries',
  ),
);

const KEYS = context.files.encryptionKeys;
const LINK = 'https://files.example.com/a?signature=secret';
const KEPT = { contentType: 'image/png', extension: 'png', sizeBytes: 7, sha256: Buffer.alloc(32, 2) };

const attachment = (fields: Partial<Attachment> = {}): Attachment => ({
  ...{ url: LINK, contentType: 'image/png', sizeBytes: null, name: null },
  ...fields,
});

const take = (...events: ReceivedEvent[]) => receive(db.pool, events, context);

async function rows<Row extends object>(table: string): Promise<Row[]> {
  return (await db.pool.query<Row>(`select * from ${table}`)).rows;
}

/** A file that came with a message just now. */
async function pendingFile(fields: Partial<Attachment> = {}): Promise<string> {
  await take(customerMessage({ attachments: [attachment(fields)] }));
  const { rows: found } = await db.pool.query<{ id: string }>(
    'select id from files order by received_at desc limit 1',
  );
  return found[0]!.id;
}

test('a file that came with a message is written down with it, and is to be fetched', async () => {
  const event = customerMessage({ attachments: [attachment({ name: 'Wheel.jpg' })], conversationUid: 'c-1' });
  await take(event);
  const [file] = await rows<{ id: string; link: Buffer }>('files');
  expect(file).toMatchObject({
    status: 'pending',
    message_uid: event.event.messageUid,
    phone_e164: JANE,
    location_uid: NORTHSIDE,
    conversation_uid: 'c-1',
    stem: 'Wheel',
  });
  expect(await rows('workflow_starts')).toMatchObject([
    { workflow_type: 'inboundFile', workflow_id: `inbound-file:${file!.id}`, args: [{ fileId: file!.id }] },
  ]);
  const toFetch = await fileToFetch(db.pool, file!.id);
  expect(toFetch).toMatchObject({ phone: JANE, receivedAt: event.receivedAt });
  expect(decrypt(toFetch!.link, KEYS).toString()).toBe(LINK);
});

test('the link stands nowhere in the clear, and is forgotten once it is of no use', async () => {
  const [kept, refused] = [await pendingFile(), await pendingFile()];
  const bytes = (await rows<{ link: Buffer }>('files')).map(({ link }) => link.toString('latin1'));
  expect(bytes.filter((text) => text.includes('example.com'))).toEqual([]);
  await markKept(db.pool, kept, KEPT, testHash(JANE));
  await markRefused(db.pool, refused, 'ERR_WEBCHAT_017', testHash(JANE));
  expect(await rows('files')).toMatchObject([{ link: null }, { link: null }]);
});

test('a message that came twice has its files once', async () => {
  const event = customerMessage({ attachments: [attachment(), attachment()] });
  await take(event, { ...event });
  await take(event);
  expect(await rows('files')).toHaveLength(2);
});

test('what is announced too large is refused at once, with a note and in the audit; the message goes its way', async () => {
  const exact = attachment({ sizeBytes: 26_214_400 });
  const event = customerMessage({ attachments: [attachment({ sizeBytes: 26_214_401 }), exact] });
  expect(await take(event)).toEqual([{ status: 'accepted' }]);
  const files = await rows<{ id: string; status: string }>('files');
  expect(files).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ status: 'refused', error_code: 'ERR_WEBCHAT_005', link: null }),
      expect.objectContaining({ status: 'pending' }),
    ]),
  );
  expect(await rows('agent_notes')).toMatchObject([
    { body: expect.stringContaining('ERR_WEBCHAT_005') as string },
  ]);
  expect(await rows('audit_entries')).toMatchObject([
    { kind: 'file_refused', phone_hash: testHash(JANE), details: { code: 'ERR_WEBCHAT_005' } },
  ]);
  const wanted = (await rows<{ workflow_type: string }>('workflow_starts')).map(
    (start) => start.workflow_type,
  );
  expect(wanted.sort()).toEqual(['agentNote', 'inboundFile']);
});

test('a file without a link is told of, and nothing is fetched', async () => {
  await pendingFile({ url: null, sizeBytes: 10 });
  expect(await rows('files')).toMatchObject([{ status: 'without_link' }]);
  expect(await rows('workflow_starts')).toEqual([]);
});

test.each([
  ['a person of the store', () => [storeMessage({ attachments: [attachment()] })]],
  ['somebody who opts out with it', () => [customerMessage({ attachments: [attachment()], stop: true })]],
  [
    'somebody who has opted out',
    () => [customerMessage({ stop: true }), customerMessage({ attachments: [attachment()] })],
  ],
  [
    'somebody who has no chat with us',
    () => [customerMessage({ attachments: [attachment()], webchat: false })],
  ],
])('a file of %s stays in Podium', async (_, events) => {
  for (const event of events()) await take(event);
  expect(await rows('files')).toEqual([]);
});

test('a kept file is shown with what it is, and the audit has its hash', async () => {
  const id = await pendingFile({ name: 'car.exe' });
  expect(await findFile(db.pool, id)).toMatchObject({ status: 'pending', name: null, sha256: null });
  expect(await markKept(db.pool, id, KEPT, testHash(JANE))).toBe(true);
  const sha256 = '02'.repeat(32);
  const shown = { id, status: 'kept', name: 'car.png', contentType: 'image/png', sizeBytes: 7, sha256 };
  expect(await findFile(db.pool, id)).toMatchObject(shown);
  expect(await filesOf(db.pool, JANE, NORTHSIDE)).toMatchObject([shown]);
  expect(await filesOf(db.pool, JANE, 'elsewhere')).toEqual([]);
  expect(await rows('audit_entries')).toMatchObject([
    { kind: 'file_kept', details: { file: id, sha256, size: 7 } },
  ]);
  expect(await fileToFetch(db.pool, id)).toBeNull();
});

test('what has become of a file is decided once', async () => {
  const id = await pendingFile();
  await markRefused(db.pool, id, 'ERR_WEBCHAT_015', testHash(JANE));
  await markRefused(db.pool, id, 'ERR_WEBCHAT_017', testHash(JANE));
  expect(await markKept(db.pool, id, KEPT, testHash(JANE))).toBe(false);
  expect(await rows('files')).toMatchObject([{ status: 'refused', error_code: 'ERR_WEBCHAT_015' }]);
  expect(await rows('agent_notes')).toHaveLength(1);
  expect(await rows('audit_entries')).toHaveLength(1);
});

test('files are outdated after so many days, and stay known once they are deleted', async () => {
  const [old, fresh] = [await pendingFile(), await pendingFile()];
  for (const id of [old, fresh]) await markKept(db.pool, id, KEPT, testHash(JANE));
  await db.pool.query("update files set settled_at = now() - interval '91 days' where id = $1", [old]);
  expect(await outdatedFiles(db.pool, 90, 10)).toEqual([{ id: old, phone: JANE }]);
  await markDeleted(db.pool, old, testHash(JANE));
  await markDeleted(db.pool, old, testHash(JANE));
  expect(await outdatedFiles(db.pool, 90, 10)).toEqual([]);
  expect(await findFile(db.pool, old)).toMatchObject({ status: 'deleted', sha256: '02'.repeat(32) });
  const counts = await countFiles(db.pool);
  expect(counts.sort((a, b) => a.status.localeCompare(b.status))).toEqual([
    { status: 'deleted', count: 1 },
    { status: 'kept', count: 1 },
  ]);
  const kinds = (await rows<{ kind: string }>('audit_entries')).map(({ kind }) => kind);
  expect(kinds).toEqual(['file_kept', 'file_kept', 'file_deleted']);
});

test('a file that nobody knows is none', async () => {
  expect(await findFile(db.pool, randomUUID())).toBeNull();
  expect(await fileToFetch(db.pool, randomUUID())).toBeNull();
});
