import { receive } from '../../store/inbox';
import { markKept } from '../../store/files/rows';
import { cli } from '../../test/support/cli';
import { createTestDatabase, type TestDatabase } from '../../test/support/database';
import { context, customerMessage, JANE, JOHN, NORTHSIDE, testHash } from '../../test/support/received';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
  const announced = (sizeBytes: number | null) => ({
    ...{ url: 'https://files.example.com/a', contentType: null, sizeBytes, name: 'car' },
  });
  await receive(
    db.pool,
    [customerMessage({ attachments: [announced(null), announced(26_214_401)] })],
    context,
  );
  const { rows } = await db.pool.query<{ id: string }>("select id from files where status = 'pending'");
  const kept = { contentType: 'image/png', extension: 'png', sizeBytes: 7, sha256: Buffer.alloc(32, 1) };
  await markKept(db.pool, rows[0]!.id, kept, testHash(JANE));
});
afterAll(() => db.drop());

const KEYS = { WEBCHAT_ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 1).toString('base64')}` };

const list = (phone: string, ...more: string[]) =>
  cli({ DATABASE_URL: db.url, PUBLIC_URL: 'https://webchat.example.com', ...KEYS }, [
    ...['files', 'list', '--phone', phone, '--location', NORTHSIDE],
    ...more,
  ]);

test('files list tells what was kept, with a link, and why the rest was not', async () => {
  const { exitCode, out } = await list(JANE);
  expect(exitCode).toBe(0);
  expect(out).toMatch(
    /kept {2}car\.png, image\/png, 7 bytes, SHA-256 (01){32}\n {2}https:\/\/webchat\.example\.com\/files\/test\./,
  );
  expect(out).toMatch(/refused {2}ERR_WEBCHAT_005\n/);
  const { files } = JSON.parse((await list(JANE, '--json')).out) as { files: object[] };
  expect(files).toHaveLength(2);
});

test('of somebody who has sent nothing there is nothing', async () => {
  expect(await list(JOHN)).toMatchObject({ exitCode: 0, out: 'None.\n' });
});

test('without a public address there are no links, and that is said', async () => {
  const args = ['files', 'list', '--phone', JANE, '--location', NORTHSIDE];
  const { exitCode, out, err } = await cli({ DATABASE_URL: db.url, ...KEYS }, args);
  expect(exitCode).toBe(0);
  expect(out).not.toContain('https://');
  expect(err).toContain('PUBLIC_URL');
});
