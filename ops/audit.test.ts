import { Readable } from 'node:stream';
import { auditKeys } from '../core/audit-keys';
import { phoneHash } from '../core/ids';
import { writeAudit, type AuditEntry } from '../store/audit';
import { exportHead } from '../store/audit-heads';
import { newestSeal, sealBatch } from '../store/audit-seals';
import { AUDIT_HEADS, type FileStore } from '../store/files/file-store';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { JANE, JOHN, NORTHSIDE } from '../test/support/received';
import { temporaryStore, type TemporaryStore } from '../test/support/temporary-store';
import { showAudit, verifyAudit } from './audit';

const ID_KEY = 'an-id-key-of-some-length';
const KEYS = auditKeys(null, [ID_KEY]);

let db: TestDatabase;
let store: TemporaryStore;
beforeAll(async () => {
  db = await createTestDatabase();
  store = await temporaryStore();
});
afterAll(async () => {
  await store.remove();
  await db.drop();
});
afterEach(async () => {
  await db.pool.query('truncate audit_entries');
  await store.files.delete(AUDIT_HEADS);
});

async function write(entry: Partial<AuditEntry> = {}): Promise<number> {
  await writeAudit(db.pool, {
    ...{ key: null, kind: 'send_intended', phoneHash: 'h', locationUid: NORTHSIDE, workflowId: 'w1' },
    ...{ details: { send: 's1', attempt: 1 }, ...entry },
  });
  const { rows } = await db.pool.query<{ id: number }>('select max(id) as id from audit_entries');
  return rows[0]!.id;
}

/** So many rows, sealed and with their end exported. @returns their ids */
async function sealedAudit(rows = 6): Promise<number[]> {
  const ids: number[] = [];
  for (let n = 0; n < rows; n += 1) ids.push(await write());
  await sealBatch(db.pool, KEYS[0]!);
  await exportHead(db.pool, store.files);
  return ids;
}

const tools = { openFiles: async () => store.files, keys: KEYS };
const verify = (more: Partial<typeof tools> = {}, head: Parameters<typeof verifyAudit>[1] = null) =>
  verifyAudit({ pool: db.pool, ...tools, ...more }, head);
const problems = async () => (await verify()).problems.map(({ kind, number, id }) => ({ kind, number, id }));

test('an audit that nobody has touched is whole, and so is one without a row', async () => {
  expect(await verify()).toMatchObject({ ok: true, sealed: 0, unsealed: 0, head: null });
  await sealedAudit();
  expect(await verify()).toMatchObject({
    ...{ ok: true, sealed: 6, unsealed: 0, problems: [], unknown: [] },
    head: { number: 6 },
  });
});

test.each([
  ['entry_key', "'k'"],
  ['at', "at + interval '1 microsecond'"],
  ['kind', "'send_intendee'"],
  ['phone_hash', 'null'],
  ['location_uid', "overlay(location_uid placing '1' from 1)"],
  ['workflow_id', "'w2'"],
  ['details', `details || '{"attempt": 2}'`],
  ['details', `details || '{"attempt": 1.0}'`],
  ['sealed_at', "sealed_at + interval '1 microsecond'"],
])('a change of %s to %s is found, and its row named', async (column, value) => {
  const ids = await sealedAudit();
  await db.pool.query(`update audit_entries set ${column} = ${value} where id = $1`, [ids[2]]);
  expect(await problems()).toEqual([{ kind: 'changed', number: 3, id: ids[2] }]);
  expect((await verify()).ok).toBe(false);
});

test('another id, and another seal, are found', async () => {
  const ids = await sealedAudit();
  await db.pool.query('update audit_entries set id = default where id = $1', [ids[2]]);
  expect(await problems()).toMatchObject([{ kind: 'changed', number: 3 }]);
  await db.pool.query(
    'update audit_entries set seal = set_byte(seal, 0, get_byte(seal, 0) # 1) where id = $1',
    [ids[4]],
  );
  expect(await problems()).toMatchObject([
    { kind: 'changed', number: 3 },
    { kind: 'seal_changed', number: 5, id: ids[4] },
  ]);
});

test('a removed row is found, and it is told between which ones it stood, and when', async () => {
  const ids = await sealedAudit();
  await db.pool.query('delete from audit_entries where id = $1', [ids[2]]);
  const [problem] = (await verify()).problems;
  expect(problem).toMatchObject({
    kind: 'removed',
    number: 3,
    id: null,
    at: expect.stringMatching(/^20.*Z$/),
  });
  expect(problem!.what).toMatch(new RegExp(`between row ${ids[1]} of .* and row ${ids[3]} of `));
});

test('a row with a number that was made free for it is found', async () => {
  const ids = await sealedAudit();
  await db.pool.query('update audit_entries set seal_number = -seal_number where seal_number > 3');
  await db.pool.query('update audit_entries set seal_number = 1 - seal_number where seal_number < 0');
  await db.pool.query(
    `insert into audit_entries (kind, phone_hash, at, seal_number, seal, seal_key, sealed_at)
     select 'opt_in', phone_hash, at, 4, seal, seal_key, sealed_at from audit_entries where id = $1`,
    [ids[2]],
  );
  expect(await problems()).toEqual([
    { kind: 'inserted', number: 4, id: expect.any(Number) },
    { kind: 'not_as_exported', number: 6, id: ids[4] },
  ]);
});

test('a row that is slipped in for an earlier time is sealed, and found all the same', async () => {
  await sealedAudit();
  const id = await write({ kind: 'opt_in' });
  await db.pool.query("update audit_entries set at = at - interval '1 day' where id = $1", [id]);
  await sealBatch(db.pool, KEYS[0]!);
  expect(await problems()).toEqual([{ kind: 'misdated', number: 7, id }]);
});

test('a tail that is cut off with its seals is found by the exported end, even when the chain has grown again', async () => {
  await sealedAudit();
  await db.pool.query('delete from audit_entries where seal_number > 4');
  expect(await problems()).toEqual([{ kind: 'cut_off', number: 6, id: null }]);
  for (let n = 0; n < 4; n += 1) await write();
  await sealBatch(db.pool, KEYS[0]!);
  expect(await problems()).toMatchObject([{ kind: 'not_as_exported', number: 6 }]);
  await db.pool.query('truncate audit_entries');
  expect(await problems()).toEqual([{ kind: 'cut_off', number: 6, id: null }]);
});

test('an end that was kept elsewhere tells as much, with the file store away', async () => {
  await sealedAudit();
  const head = { ...(await newestSeal(db.pool))!, exportedAt: null };
  const away = { openFiles: () => Promise.reject(new Error('the bucket is away')) };
  expect(await verify(away, head)).toMatchObject({ ok: true, head: null });
  await db.pool.query('delete from audit_entries where seal_number > 4');
  expect((await verify(away, head)).problems).toMatchObject([{ kind: 'cut_off', number: 6 }]);
});

test('what cannot be told is no problem, and not fine either', async () => {
  await sealedAudit();
  const away: FileStore = { ...store.files, open: () => Promise.reject(new Error('the bucket is away')) };
  expect(await verify({ openFiles: async () => away })).toMatchObject({
    ...{ ok: null, problems: [] },
    unknown: [expect.stringContaining('the bucket is away')],
  });
  expect(await verify({ keys: auditKeys(null, ['some-other-key-of-some-length']) })).toMatchObject({
    ...{ ok: null, problems: [] },
    unknown: [expect.stringContaining(`"${KEYS[0]!.id}"`)],
  });
  await store.files.put(AUDIT_HEADS, Readable.from(['{']), { contentType: 'application/json' });
  expect((await verify()).ok).toBeNull();
  await store.files.delete(AUDIT_HEADS);
  expect(await verify()).toMatchObject({
    ok: null,
    unknown: [expect.stringContaining('No end was exported')],
  });
});

test('what an old key has sealed is verified while the key is on the list', async () => {
  await sealedAudit(2);
  const keys = auditKeys(null, ['a-newer-id-key-of-some-length', ID_KEY]);
  await write();
  await sealBatch(db.pool, keys[0]!);
  expect(await verify({ keys })).toMatchObject({ ok: true, sealed: 3 });
});

test('when no end was exported for long, the tail cannot be told', async () => {
  await sealedAudit();
  await write();
  await sealBatch(db.pool, KEYS[0]!);
  expect((await verify()).ok).toBe(true);
  const before = new Date(Date.now() - 11 * 60_000);
  await db.pool.query('update audit_entries set sealed_at = $1 where seal_number = 7', [before]);
  expect((await verify()).unknown).toEqual([expect.stringContaining('(number 6) no end was exported')]);
});

test('rows that nobody seals are a problem after some seconds', async () => {
  await sealedAudit();
  const id = await write();
  expect(await verify()).toMatchObject({ ok: true, unsealed: 1 });
  await db.pool.query("update audit_entries set at = at - interval '31 seconds' where id = $1", [id]);
  expect(await problems()).toEqual([{ kind: 'not_sealed', number: null, id }]);
});

test('a customer is found by the hashes of all keys of the list, and no other one', async () => {
  const [OLD, NEW] = ['an-old-id-key-of-some-length', 'a-new-id-key-of-some-length'];
  await write({ phoneHash: phoneHash(JANE, OLD), kind: 'opt_out', details: { source: 'text' } });
  await write({ phoneHash: phoneHash(JOHN, OLD) });
  await write({ phoneHash: phoneHash(JANE, NEW), kind: 'opt_in', details: { source: 'text' } });
  const entries = await showAudit(db.pool, JANE, [NEW, OLD]);
  expect(entries.map(({ words }) => words)).toEqual([
    `The customer opted out at ${NORTHSIDE}: by text`,
    `The customer opted in at ${NORTHSIDE}: by text`,
  ]);
});
