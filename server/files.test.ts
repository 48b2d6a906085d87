import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { sealFileLink } from '../core/file-link';
import type { FileReport } from '../ops/files';
import { markDeleted, markKept } from '../store/files/rows';
import { receive } from '../store/inbox';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { context, customerMessage, JANE, NORTHSIDE, testHash } from '../test/support/received';
import { LINKS, startReceiver, TOKENS, type Receiver } from '../test/support/receiver';
import { temporaryStore, type TemporaryStore } from '../test/support/temporary-store';

let db: TestDatabase;
let kept: TemporaryStore;
let server: Receiver;

beforeAll(async () => {
  db = await createTestDatabase();
  kept = await temporaryStore();
  server = await startReceiver(db.pool, (parts) => ({
    ...parts,
    files: { ...parts.files, files: kept.files },
  }));
});
afterAll(async () => {
  await server.close();
  await db.drop();
  await kept.remove();
});
afterEach(() => db.pool.query('truncate files'));

const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000);
const linkTo = (id: string, expiresAt = inMinutes(1)) =>
  `${server.url}/files/${sealFileLink(id, expiresAt, LINKS.encryptionKeys)}`;

/** A file of Jane's, with this content. */
async function keptFile(content = 'picture', name = '大小.exe'): Promise<string> {
  const url = 'https://files.example.com/a';
  const attachments = [{ url, contentType: null, sizeBytes: null, name }];
  await receive(db.pool, [customerMessage({ attachments })], context);
  const { rows } = await db.pool.query<{ id: string }>("select id from files where status = 'pending'");
  const { id } = rows[0]!;
  const [sizeBytes, sha256] = [content.length, Buffer.alloc(32, 1)];
  await kept.files.put(id, Readable.from([content]), { contentType: 'image/png' });
  await markKept(
    db.pool,
    id,
    { contentType: 'image/png', extension: 'png', sizeBytes, sha256 },
    testHash(JANE),
  );
  return id;
}

async function errorOf(response: Response) {
  return ((await response.json()) as { error: { code: string; message: string } }).error;
}

test('who has the link gets the file, to be saved and never to be run', async () => {
  const response = await fetch(linkTo(await keptFile()));
  expect(response.status).toBe(200);
  expect(await response.text()).toBe('picture');
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'image/png',
    'content-length': '7',
    'content-disposition': `attachment; filename="??.png"; filename*=UTF-8''%E5%A4%A7%E5%B0%8F.png`,
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'",
    'cache-control': 'private, no-store',
    'referrer-policy': 'no-referrer',
  });
});

test('HEAD tells what is there, without it', async () => {
  const response = await fetch(linkTo(await keptFile()), { method: 'HEAD' });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-length')).toBe('7');
  expect(await response.text()).toBe('');
});

test('a link that has expired says so, and what to do', async () => {
  const response = await fetch(linkTo(await keptFile(), inMinutes(-1)));
  expect(response.status).toBe(410);
  expect(await errorOf(response)).toMatchObject({
    code: 'ERR_HTTP_LINK_EXPIRED',
    message: 'This link has expired.',
  });
});

test('there is nothing behind a link that we did not make, nor behind the bare id', async () => {
  const id = await keptFile();
  const foreign = sealFileLink(id, inMinutes(1), [{ id: 'test', secret: Buffer.alloc(32, 9) }]);
  for (const link of [foreign, id, 'x', `${id}.png`, '..%2F..%2Fetc%2Fpasswd'])
    expect((await fetch(`${server.url}/files/${link}`)).status).toBe(404);
});

test('a file that is unknown, deleted, or gone from the store is not there', async () => {
  expect((await fetch(linkTo(randomUUID()))).status).toBe(404);

  const lost = await keptFile();
  await kept.files.delete(lost);
  const response = await fetch(linkTo(lost));
  expect(response.status).toBe(404);
  expect((await errorOf(response)).code).toBe('ERR_HTTP_NO_FILE');

  const deleted = await keptFile();
  await markDeleted(db.pool, deleted, testHash(JANE));
  expect((await fetch(linkTo(deleted))).status).toBe(404);
});

describe('the operator', () => {
  const asked = (phone: string, location = NORTHSIDE, token: string = TOKENS[0].token) =>
    fetch(`${server.url}/ops/files/list`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ phone, location_uid: location }),
    });

  test('sees the files of a customer with fresh links', async () => {
    const id = await keptFile();
    const { files } = (await (await asked(JANE)).json()) as { files: FileReport[] };
    expect(files).toMatchObject([
      { id, status: 'kept', name: '大小.png', sha256: '01'.repeat(32), size_bytes: 7 },
    ]);
    const { link, link_expires_at } = files[0]!;
    expect(Date.parse(link_expires_at!) - Date.now()).toBeGreaterThan(50_000);
    const own = link!.replace(LINKS.publicUrl, server.url);
    expect(await (await fetch(own)).text()).toBe('picture');
  });

  test('sees no files of others, and nobody else sees any', async () => {
    await keptFile();
    expect(await (await asked('+61412345678')).json()).toEqual({ files: [] });
    expect(await (await asked(JANE, 'elsewhere')).json()).toEqual({ files: [] });
    expect((await asked(JANE, NORTHSIDE, 'a-wrong-token')).status).toBe(401);
    expect((await asked('not a phone')).status).toBe(400);
  });
});
