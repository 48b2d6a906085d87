import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { receive } from '../../store/inbox';
import { markKept } from '../../store/files/rows';
import { replaceLocations } from '../../store/locations';
import { recordOptOut } from '../../store/opt-outs';
import { openDoor } from '../../store/door';
import { cli } from '../../test/support/cli';
import { createTestDatabase, type TestDatabase } from '../../test/support/database';
import { eventually } from '../../test/support/eventually';
import { contentOf } from '../../test/support/file-contents';
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

describe('files send', () => {
  let folder: string;
  const inFolder = (name: string) => join(folder, name);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cli-files-'));
    const store = `attachments: { store: { kind: folder, path: ${JSON.stringify(inFolder('store'))} } }`;
    await writeFile(inFolder('settings.yaml'), store);
    await writeFile(inFolder('quote.pdf'), contentOf('pdf', 1_000));
    await writeFile(inFolder('program.pdf'), contentOf('exe', 1_000));
    const store1 = {
      uid: NORTHSIDE,
      name: 'Northside',
      country: 'AU',
      archived: false,
      organizationUid: null,
    };
    await replaceLocations(db.pool, [store1], new Date());
  });
  afterAll(() => rm(folder, { recursive: true }));

  const files = (...args: string[]) =>
    cli(
      {
        ...{ DATABASE_URL: db.url, WEBCHAT_SETTINGS: inFolder('settings.yaml'), ...KEYS },
        WEBCHAT_ID_KEY: 'an-id-key-of-some-length',
      },
      ['files', ...args, '--json'],
    );
  const send = (file: string, location = NORTHSIDE, ...more: string[]) =>
    files('send', '--phone', JANE, '--location', location, '--file', inFolder(file), ...more);

  test('tells what became of it: here that the customer has opted out', async () => {
    await recordOptOut(db.pool, {
      ...{ phone: JANE, phoneHash: testHash(JANE), wish: 'opt_out', source: 'text', actor: 'customer' },
      ...{ rule: 'keyword', locationUid: null, messageUid: null, at: new Date() },
    });
    const told = send('quote.pdf');
    const wanted = await eventually('the send to be wanted', async () => {
      const { rows } = await db.pool.query<{ id: string }>('select id from file_sends');
      return rows[0];
    });
    const about = { phone: JANE, phoneHash: testHash(JANE), locationUid: NORTHSIDE, workflowId: null };
    const message = { conversationUid: null, purpose: 'file', body: '', now: new Date() };
    await openDoor(db.pool, { sendId: wanted.id, ...about, ...message }, 0);
    const { exitCode, out, err } = await told;
    const report = {
      ...{ id: wanted.id, status: 'blocked', error: { code: 'ERR_WEBCHAT_009' }, size_bytes: 1_000 },
    };
    expect(exitCode).toBe(1);
    expect(JSON.parse(out)).toMatchObject(report);
    expect(err).toContain(`Send ${wanted.id}.`);
    const kept = await readdir(inFolder('store'));
    for (const again of [files('sent', wanted.id), send('quote.pdf', NORTHSIDE, '--message-id', wanted.id)])
      expect(JSON.parse((await again).out)).toMatchObject(report);
    expect((await db.pool.query('select from file_sends')).rowCount).toBe(1);
    expect(await readdir(inFolder('store'))).toEqual(kept);
    const unknown = '00000000-0000-4000-8000-000000000000';
    expect(await files('sent', unknown)).toMatchObject({ exitCode: 1 });
    expect(await send('quote.pdf', NORTHSIDE, '--message-id', 'twice')).toMatchObject({ exitCode: 2 });
  });

  test('refuses what is no file of these types, and a store that is not on the list', async () => {
    const before = await readdir(inFolder('store'));
    expect(JSON.parse((await send('program.pdf')).out)).toMatchObject({ error: { code: 'ERR_WEBCHAT_015' } });
    const { exitCode, out } = await send('quote.pdf', 'elsewhere');
    expect(exitCode).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'ERR_WEBCHAT_003' } });
    expect(await readdir(inFolder('store'))).toEqual(before);
  });
});
