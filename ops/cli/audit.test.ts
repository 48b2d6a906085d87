import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditKeys } from '../../core/audit-keys';
import { phoneHash } from '../../core/ids';
import { exportHead } from '../../store/audit-heads';
import { newestSeal, sealBatch } from '../../store/audit-seals';
import { folderStore } from '../../store/files/folder';
import { recordOptOut } from '../../store/opt-outs';
import { openDoor } from '../../store/door';
import { useKeys } from '../../store/used-keys';
import { cli } from '../../test/support/cli';
import { createTestDatabase, type TestDatabase } from '../../test/support/database';
import { JANE, JOHN, NORTHSIDE } from '../../test/support/received';

const ID_KEY = 'an-id-key-of-some-length';
const [KEY] = auditKeys(null, [ID_KEY]);

let db: TestDatabase;
let folder: string;
beforeAll(async () => {
  db = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'cli-audit-'));
  const store = { kind: 'folder', path: join(folder, 'store') };
  await writeFile(join(folder, 'settings.yaml'), `attachments: { store: ${JSON.stringify(store)} }`);
  const who = { phone: JANE, phoneHash: phoneHash(JANE, ID_KEY) };
  await recordOptOut(db.pool, {
    ...{ ...who, wish: 'opt_out', source: 'text', actor: 'customer', rule: 'keyword' },
    ...{ locationUid: NORTHSIDE, messageUid: null, at: new Date() },
  });
  await openDoor(
    db.pool,
    {
      ...{ ...who, sendId: '5e4d0000-0000-4000-8000-000000000001', locationUid: NORTHSIDE, workflowId: null },
      ...{ conversationUid: null, purpose: 'greeting', body: 'Welcome', now: new Date() },
    },
    0,
  );
  await sealBatch(db.pool, KEY!);
  await exportHead(db.pool, await folderStore(store.path));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await db.drop();
});

const run = (args: string[], env: Record<string, string> = {}) =>
  cli(
    {
      ...{ DATABASE_URL: db.url, WEBCHAT_ID_KEY: ID_KEY },
      ...{ WEBCHAT_SETTINGS: join(folder, 'settings.yaml'), ...env },
    },
    ['audit', ...args],
  );
const verify = async (...more: string[]) => {
  const { exitCode, out } = await run(['verify', '--json', ...more]);
  return { exitCode, ...(JSON.parse(out) as object) };
};

test('audit show tells in plain words why nothing was sent, with the phone nowhere whole', async () => {
  const { exitCode, out, err } = await run(['show', '--phone', JANE]);
  expect(exitCode).toBe(0);
  expect(out.trim().split('\n')).toEqual([
    expect.stringMatching(
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}The customer opted out at .*: by text, rule "keyword"$/,
    ),
    expect.stringMatching(
      / {2}A greeting was not sent at .*: the customer has opted out \(ERR_WEBCHAT_009\)$/,
    ),
  ]);
  expect(out + err).not.toContain(JANE.slice(1));
  const data = JSON.parse((await run(['show', '--phone', JANE, '--json'])).out) as object;
  expect(data).toMatchObject({
    phone: '…56',
    entries: [{ kind: 'opt_out' }, { kind: 'send_blocked', details: { code: 'ERR_WEBCHAT_009' } }],
  });
  expect(await run(['show', '--phone', JOHN])).toMatchObject({ exitCode: 0, out: 'None.\n' });
});

test('audit show says that the id key is another one, and not that there is nothing', async () => {
  const encryptionKeys = [{ id: 'test', secret: Buffer.alloc(32, 1) }];
  const keys = { idKeys: [ID_KEY], encryptionKeys, suppressionKeys: [] };
  const later = { onForeign: () => undefined, signal: new AbortController().signal };
  expect(await useKeys(db.pool, keys, later)).toEqual([]);
  const other = { WEBCHAT_ID_KEY: 'another-id-key-of-some-length' };
  const { exitCode, out, err } = await run(['show', '--phone', JANE], other);
  expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
  expect(err).toContain('the key is missing with which this database was used');
  const rotated = { WEBCHAT_ID_KEY: `another-id-key-of-some-length,${ID_KEY}` };
  expect((await run(['show', '--phone', JANE], rotated)).exitCode).toBe(0);
});

test('audit verify exits 0, 1 or 2, and says what it found', async () => {
  expect(await verify()).toMatchObject({ exitCode: 0, ok: true, sealed: 2, unsealed: 0, problems: [] });
  const { seal } = (await newestSeal(db.pool))!;
  expect(await verify()).toMatchObject({ head: { number: 2, seal, exported_at: expect.any(String) } });
  expect(await verify('--head', `2:${seal}`)).toMatchObject({ exitCode: 0 });
  expect(await verify('--head', `3:${seal}`)).toMatchObject({
    ...{ exitCode: 1, ok: false, problems: [{ number: 3, id: null, kind: 'cut_off' }] },
  });

  expect((await run(['verify', '--head', 'two'])).exitCode).toBe(2);
  expect((await run(['verify'], { DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' })).exitCode).toBe(2);
  const unknown = await run(['verify'], { WEBCHAT_ID_KEY: 'another-id-key-of-some-length' });
  expect(unknown).toMatchObject({ exitCode: 2, out: expect.stringContaining(KEY!.id) as string });

  await db.pool.query(`update audit_entries set kind = 'send_sent' where kind = 'send_blocked'`);
  const { exitCode, out } = await run(['verify']);
  expect(exitCode).toBe(1);
  expect(out).toMatch(/^The audit is not as it was\. 2 row\(s\) are sealed, 0 wait for their seal\.\n/);
  expect(out).toMatch(/changed {2}number 2, row \d+, 20.*Z: The row is not what was sealed\.\n/);
});
