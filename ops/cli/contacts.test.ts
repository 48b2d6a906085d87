import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { phoneHash } from '../../core/ids';
import { suppressionKeys } from '../../core/suppression-keys';
import { cli } from '../../test/support/cli';
import { createTestDatabase, type TestDatabase } from '../../test/support/database';
import { BAYVIEW, JANE, JOHN, MARY, NORTHSIDE, context, customerMessage } from '../../test/support/received';
import { saveContact } from '../../store/contacts';
import { receive } from '../../store/inbox';
import { settleMirror } from '../../store/opt-out-mirrors';
import { recordOptOut } from '../../store/opt-outs';

let db: TestDatabase;
const run = async (...args: string[]) => {
  const { exitCode, out } = await cli({ DATABASE_URL: db.url }, args);
  return { exitCode, out, json: () => JSON.parse(out) };
};
beforeAll(async () => {
  db = await createTestDatabase();
  await saveContact(db.pool, {
    ...{ phone: JANE, podiumUid: 'p-1', name: 'Jane Citizen', locationUid: NORTHSIDE, nameThere: 'Jane' },
  });
  const at = new Date('2026-07-23T10:00:00Z');
  await receive(db.pool, [customerMessage()], context);
  await receive(db.pool, [customerMessage({ locationUid: BAYVIEW, stop: true, at })], context);
  const { rows } = await db.pool.query<{ id: number }>('select id from opt_out_history');
  await settleMirror(db.pool, rows[0]!.id, { kind: 'not_permitted', code: 'unauthorized' });
});
afterAll(() => db.drop());

test('contacts show tells all that is known of a phone, which it shows masked', async () => {
  const { exitCode, json } = await run('contacts', 'show', '--phone', JANE, '--json');
  expect(exitCode).toBe(0);
  expect(json()).toMatchObject({
    phone: '…56',
    name: 'Jane Citizen',
    podium_uid: 'p-1',
    stores: [{ location_uid: NORTHSIDE, name: 'Jane', gone_at: null }],
    history: [
      { change: 'linked', podium_uid: 'p-1' },
      { change: 'renamed', name: 'Jane', location_uid: NORTHSIDE },
    ],
    sessions: [{ location_uid: NORTHSIDE, status: 'active' }],
    opt_out: { opted_out: true, source: 'webchat', podium: { state: 'not_permitted' } },
  });
});

test('in words it says the same, and shows the phone when that is wanted', async () => {
  const { out } = await run('contacts', 'show', '--phone', JANE, '--show-phones');
  expect(out).toContain(`${JANE}  Jane Citizen`);
  expect(out).toContain('is called Jane at');
  expect(out).toContain('opted out since 2026-07-23T10:00:00.000Z (webchat). Podium: does not permit us');
});

test('nobody known is not fine, and a phone that is none cannot be told', async () => {
  expect(await run('contacts', 'show', '--phone', JOHN)).toMatchObject({
    exitCode: 1,
    out: '',
  });
  expect((await run('contacts', 'show', '--phone', '0400 123 456')).exitCode).toBe(2);
});

test('optout check and history tell the ledger, and how far Podium knows', async () => {
  expect((await run('optout', 'check', '--phone', JANE, '--json')).json()).toMatchObject({
    ...{ phone: '…56', opted_out: true, source: 'webchat', recorded_at: '2026-07-23T10:00:00.000Z' },
    podium: { state: 'not_permitted', not_permitted_since: expect.any(String), error_code: 'unauthorized' },
  });
  expect((await run('optout', 'history', '--phone', JANE, '--json')).json().history).toMatchObject([
    {
      ...{ wish: 'opt_out', applied: true, version: 1, source: 'webchat', actor: 'customer' },
      ...{ location_uid: BAYVIEW, at: '2026-07-23T10:00:00.000Z', written_at: expect.any(String) },
    },
  ]);
  const ofAnn = { source: 'operator', actor: 'ann', rule: null, proof: 'signed form of 3 May' } as const;
  await recordOptOut(db.pool, {
    ...{ phone: MARY, phoneHash: 'h', wish: 'opt_in', ...ofAnn },
    ...{ locationUid: null, messageUid: null, at: null },
  });
  expect((await run('optout', 'history', '--phone', MARY)).out).toMatch(
    /^\S+Z {2}opt-in {2}operator, by ann, proof: signed form of 3 May, written \S+Z {2}\(version 1\)$/m,
  );
  expect((await run('optout', 'check', '--phone', JOHN, '--show-phones')).out).toBe(
    `${JOHN}: not opted out.\n`,
  );
  expect((await run('optout', 'history', '--phone', JOHN)).out).toContain('Nobody ever');
});

test('optout retry has Podium told again', async () => {
  await db.pool.query('truncate workflow_starts');
  expect((await run('optout', 'retry', '--json')).json()).toEqual({ tried: 1 });
  const { rows } = await db.pool.query('select workflow_type from workflow_starts');
  expect(rows).toEqual([{ workflow_type: 'optOutMirror' }]);
  expect((await runWith({}, 'optout', 'retry', '--phone', JANE)).out).toBe('Nothing to tell.\n'); // it is being told
  expect(await acts('mirrors_retried')).toMatchObject([
    { phone_hash: null, details: { tried: 1 } },
    { phone_hash: phoneHash(JANE, KEYS.WEBCHAT_ID_KEY), details: { tried: 0 } },
  ]);
});

/** Who has done it, in the audit. */
async function acts(kind: string): Promise<{ phone_hash: string | null; details: object }[]> {
  const { rows } = await db.pool.query(
    'select phone_hash, details from audit_entries where kind = $1 order by id',
    [kind],
  );
  expect(rows.every(({ details }) => details.actor === userInfo().username)).toBe(true);
  return rows;
}

const KEYS = {
  WEBCHAT_ID_KEY: 'an-id-key-of-some-length',
  WEBCHAT_ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 1).toString('base64')}`,
};
const runWith = (env: Record<string, string>, ...args: string[]) =>
  cli({ DATABASE_URL: db.url, ...KEYS, ...env }, args);

test('optout dismiss is about what was seen: what the customer has said since is not dismissed with it', async () => {
  const ASKING = '+14155550177';
  const ask = async (time: string) =>
    recordOptOut(db.pool, {
      ...{ phone: ASKING, phoneHash: 'h', wish: 'ask', source: 'text', actor: 'customer', rule: null },
      ...{ locationUid: NORTHSIDE, messageUid: null, proof: null, at: new Date(time) },
    });
  const dismiss = (...seen: string[]) =>
    runWith({}, 'optout', 'dismiss', '--phone', ASKING, '--actor', 'ann', '--json', ...seen);
  await ask(new Date(Date.now() - 2_000).toISOString());
  const { version } = (await run('optout', 'check', '--phone', ASKING, '--json')).json();
  await ask(new Date(Date.now() - 1_000).toISOString());
  const refused = await dismiss('--seen-version', String(version));
  expect(refused.exitCode).toBe(1);
  expect(JSON.parse(refused.out)).toMatchObject({ error: { code: 'ERR_OPS_CHANGED_SINCE' } });
  const { out } = await run('optout', 'check', '--phone', ASKING);
  const [, shown] = /optout dismiss (--seen-version \d+)/.exec(out)!;
  expect((await dismiss(...shown!.split(' '))).exitCode).toBe(0);
});

describe('contacts export', () => {
  let folder: string;
  beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'cli-contacts-'))));
  afterAll(() => rm(folder, { recursive: true }));

  test('writes all that is held into a file that only its owner can read, and into no file that is there', async () => {
    const out = join(folder, 'jane.json');
    expect((await runWith({}, 'contacts', 'export', '--phone', JANE, '--out', out)).exitCode).toBe(0);
    expect((await stat(out)).mode & 0o777).toBe(0o600);
    expect(await acts('person_exported')).toMatchObject([
      { phone_hash: phoneHash(JANE, KEYS.WEBCHAT_ID_KEY) },
    ]);
    expect(JSON.parse(await readFile(out, 'utf8'))).toMatchObject({
      phone: JANE,
      opt_out: { opted_out: true },
      tables: {
        inbox_events: [
          { raw: expect.stringContaining('Can I book a test drive?'), phone_e164: JANE },
          { location_uid: BAYVIEW },
        ],
        contacts: [{ name: 'Jane Citizen' }],
        contact_history: [{ change: 'linked' }, { change: 'renamed' }],
        opt_out_history: [{ source: 'webchat' }],
      },
    });
    await writeFile(out, 'something else');
    expect((await runWith({}, 'contacts', 'export', '--phone', JANE, '--out', out)).exitCode).toBe(2);
    expect(await readFile(out, 'utf8')).toBe('something else');
  });

  test('has the audit by any key of ids that was ever used, and nothing of anybody else', async () => {
    const hash = phoneHash(JANE, KEYS.WEBCHAT_ID_KEY);
    await recordOptOut(db.pool, {
      ...{ phone: JANE, phoneHash: hash, wish: 'opt_out', source: 'operator', actor: 'kim', rule: null },
      ...{ locationUid: null, messageUid: null, at: new Date() },
    });
    const env = { WEBCHAT_ID_KEY: `a-newer-id-key-than-that,${KEYS.WEBCHAT_ID_KEY}` };
    const { out } = await runWith(env, 'contacts', 'export', '--phone', JANE);
    expect(JSON.parse(out)).toMatchObject({
      tables: {
        audit_entries: expect.arrayContaining([
          expect.objectContaining({ kind: 'opt_out', phone_hash: hash }),
        ]),
      },
    });
    const { out: ofJohn } = await runWith(env, 'contacts', 'export', '--phone', JOHN);
    const { tables } = JSON.parse(ofJohn) as { tables: Record<string, object[]> };
    expect(Object.values(tables).flat()).toEqual([]);
  });
});

describe('contacts erase', () => {
  test('without --yes tells what would go and what would stay, and deletes nothing', async () => {
    const { exitCode, out, err } = await runWith({}, 'contacts', 'erase', '--phone', JANE);
    expect(exitCode).toBe(0);
    expect(out).toMatch(
      /would be deleted[^]*inbox_events: 2[^]*opt_outs: 1[^]*would stay: that nothing may be sent/,
    );
    expect(err).toContain('Add --yes');
    expect(out + err).not.toContain(JANE.slice(1));
    expect((await run('contacts', 'show', '--phone', JANE)).exitCode).toBe(0);
  });

  test('of somebody of whom nothing is held there is nothing to do', async () => {
    expect(await runWith({}, 'contacts', 'erase', '--phone', JOHN, '--yes')).toMatchObject({
      ...{ exitCode: 0, out: 'Nothing is held of this phone.\n' },
    });
  });

  test('is refused while a key of suppressed phones is missing', async () => {
    const [former] = suppressionKeys({ suppressionKeys: [], idKeys: ['a-former-id-key-of-some-length'] });
    await db.pool.query('insert into suppression_keys (id) values ($1)', [former!.id]);
    const { exitCode, err } = await runWith({}, 'contacts', 'erase', '--phone', JANE, '--yes');
    expect(exitCode).toBe(2);
    expect(err).toContain(`fingerprint ${former!.id}`);
    const env = { WEBCHAT_SUPPRESSION_KEYS: 'a-former-id-key-of-some-length' };
    expect((await runWith(env, 'contacts', 'erase', '--phone', JANE)).out).toContain('would be deleted');
    await db.pool.query('delete from suppression_keys');
  });
});

describe('optout import', () => {
  let folder: string;
  beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'cli-optout-'))));
  afterAll(() => rm(folder, { recursive: true }));
  const importFile = async (text: string, ...more: string[]) => {
    const file = join(folder, 'opt-outs.csv');
    await writeFile(file, text);
    return runWith({}, 'optout', 'import', '--file', file, ...more);
  };

  test('tells each line that is refused, and exits 1; a file without one comes in', async () => {
    const bad = await importFile(`phone,opted_out_at\n${JOHN},yesterday\n0412 345 678,2024-05-31`);
    expect(bad.exitCode).toBe(1);
    expect(bad.out).toMatch(
      /^line 2 \(…5678\): .*\nline 3 \(…5678\): .*\nNothing was imported: 2 of 2 line\(s\) refused/,
    );
    const text = 'phone,opted_out_at\n0412 345 678,2024-05-31';
    expect(await importFile(text, '--default-country', 'AU')).toMatchObject({
      ...{ exitCode: 0, out: '1 line(s): 1 applied, 0 known or older.\n' },
    });
    expect((await run('optout', 'check', '--phone', JOHN, '--json')).json()).toMatchObject({
      ...{ opted_out: true, source: 'api', recorded_at: '2024-06-01T11:59:59.999Z' },
    });
  });

  test('a file that is not there, or a country that is none, is no answer', async () => {
    expect((await runWith({}, 'optout', 'import', '--file', join(folder, 'nothing.csv'))).exitCode).toBe(2);
    expect((await importFile('phone,opted_out_at', '--default-country', 'Australia')).exitCode).toBe(2);
  });
});
