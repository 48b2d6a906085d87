import { randomUUID } from 'node:crypto';
import type { FileSendReport } from '../ops/file-sends';
import { sweepUploads } from '../store/files/uploads';
import { replaceLocations } from '../store/locations';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { contentOf } from '../test/support/file-contents';
import { BAYVIEW, JANE, NORTHSIDE } from '../test/support/received';
import { startReceiver, TOKENS, type Receiver } from '../test/support/receiver';
import { upload, type Form, type UploadOptions } from '../test/support/upload';
import { afterNextPut, uploadsAge } from '../test/support/uploads-under-way';
import { temporaryStore, type TemporaryStore } from '../test/support/temporary-store';

const MAX = 26_214_400;

let db: TestDatabase;
let kept: TemporaryStore;
let server: Receiver;

beforeAll(async () => {
  db = await createTestDatabase();
  kept = await temporaryStore();
  server = await startReceiver(db.pool, (parts) => ({
    ...parts,
    fileSends: { ...parts.fileSends, files: kept.files },
  }));
  const location = { name: 'A store', country: 'AU', organizationUid: null };
  await replaceLocations(
    db.pool,
    [
      { ...location, uid: NORTHSIDE, archived: false },
      { ...location, uid: BAYVIEW, archived: true },
    ],
    new Date(),
  );
});
afterAll(async () => {
  await server.close();
  await db.drop();
  await kept.remove();
});

const headers = { authorization: `Bearer ${TOKENS[0].token}` };
const fields = (more: Record<string, string> = {}) => ({
  ...{ phone: JANE, location_uid: NORTHSIDE, body: 'Your quote.', ...more },
});
const send = (form: Partial<Form> = {}, options: UploadOptions = { headers }) =>
  upload(
    `${server.url}/ops/messages/attachment`,
    { fields: fields(), file: contentOf('pdf', 1_000), ...form },
    { headers, ...options },
  );

const lookAt = (id: string, headers: Record<string, string>) =>
  fetch(`${server.url}/ops/files/sent`, { method: 'POST', headers, body: JSON.stringify({ id }) });

test('a file for a customer is kept, and waits for the door; its id tells what becomes of it', async () => {
  const { status, body } = await send();
  expect(status).toBe(202);
  expect(body).toMatchObject({
    status: 'queued',
    error: null,
    attempts: 0,
    size_bytes: 1_000,
    actor: 'alice',
  });
  const response = await lookAt(body['id'] as string, headers);
  expect((await response.json()) as FileSendReport).toEqual(body);
  const { rows } = await db.pool.query('select workflow_type, args from workflow_starts');
  expect(rows).toEqual([
    { workflow_type: 'fileSend', args: [{ sendId: body['id'], locationUid: NORTHSIDE }] },
  ]);
});

test('with an id of its own it is sent once, however often it is asked for', async () => {
  const before = (await kept.contents()).length;
  const same = { fields: fields({ message_id: randomUUID() }) };
  const answers = [...(await Promise.all([send(same), send(same)])), await send(same)];
  expect(new Set(answers.map(({ body }) => body['file_uid'])).size).toBe(1);
  const large = { ...same, file: contentOf('pdf', MAX) };
  expect((await send(large, { headers, answerLast: true })).body).toMatchObject(answers[0]!.body);
  expect(await kept.contents()).toHaveLength(before + 1);
  expect((await db.pool.query('select from file_uploads')).rowCount).toBe(0);
});

test('one byte too many is refused before it is sent, and what is no file of these types by its content', async () => {
  const large = await send({ file: contentOf('pdf', MAX + 1) }, { headers, holdBackFile: true });
  expect(large).toMatchObject({ status: 413, body: { error: { code: 'ERR_WEBCHAT_005' } } });
  const chunked = await send({ file: contentOf('pdf', MAX + 1) }, { headers, chunked: true });
  expect(chunked).toMatchObject({ status: 413, body: { error: { code: 'ERR_WEBCHAT_005' } } });
  expect(await send({ file: contentOf('pdf', MAX) })).toMatchObject({
    status: 202,
    body: { size_bytes: MAX },
  });
  const program = await send({ file: contentOf('exe', 1_000) });
  expect(program).toMatchObject({ status: 415, body: { error: { code: 'ERR_WEBCHAT_015' } } });
});

test('one that was so slow that a sweep has deleted it is refused, and may be sent again', async () => {
  const before = await kept.contents();
  const same = { fields: fields({ message_id: randomUUID() }) };
  afterNextPut(kept.files, async () => {
    await uploadsAge(db.pool, 25);
    await sweepUploads(db.pool, kept.files, 1);
  });
  const { status, body } = await send(same);
  expect(status).toBe(503);
  const message = expect.stringContaining('upload was over before') as string;
  expect(body).toMatchObject({ error: { code: 'ERR_HTTP_NOT_STORED', message } });
  expect(await kept.contents()).toEqual(before);
  expect((await send(same)).status).toBe(202);
});

test.each([
  ['ERR_WEBCHAT_002', { location_uid: '' }, 400],
  ['ERR_WEBCHAT_003', { location_uid: randomUUID() }, 404],
  ['ERR_WEBCHAT_003', { location_uid: BAYVIEW }, 409],
  ['ERR_WEBCHAT_001', { phone: '123 456' }, 400],
])('%s is told before the file is read', async (code, wrong, status) => {
  const answer = await send({ fields: fields(wrong) }, { headers, holdBackFile: true });
  expect(answer).toMatchObject({ status, body: { error: { code } } });
});

test('nobody else may send or look', async () => {
  expect((await send({}, { headers: {} })).status).toBe(401);
  expect((await lookAt(randomUUID(), {})).status).toBe(401);
  expect((await lookAt(randomUUID(), headers)).status).toBe(404);
  expect((await lookAt('x', headers)).status).toBe(400);
});
