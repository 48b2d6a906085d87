import { ChainReader } from '../core/audit-chain';
import { createTestDatabase, patientPool, type TestDatabase } from '../test/support/database';
import { eventually } from '../test/support/eventually';
import { writeAudit } from './audit';
import { newestSeal, sealBatch, sealedRows, unsealedRows } from './audit-seals';
import { transaction, type Queryable } from './database';

const KEY = { id: 'test', secret: Buffer.alloc(32, 1) };

let db: TestDatabase;
beforeAll(async () => (db = await createTestDatabase()));
afterAll(() => db.drop());
afterEach(() => db.pool.query('truncate audit_entries'));

const write = (client: Queryable = db.pool) =>
  writeAudit(client, {
    ...{ key: null, kind: 'send_sent', phoneHash: 'h', locationUid: 'l1', workflowId: 'w1' },
    details: { send: 's1', 'a key': 'ä"\\ \n', attempt: 1, share: 0.1, known: true, code: null },
  });
const seal = (most?: number) => sealBatch(db.pool, KEY, most);

/** The ids in the order of the chain, once it is found to be whole. */
async function wholeChain(): Promise<number[]> {
  const reader = new ChainReader([KEY], []);
  const ids: number[] = [];
  for await (const row of sealedRows(db.pool)) {
    reader.read(row);
    ids.push(row.id);
  }
  reader.end();
  expect(reader.problems).toEqual([]);
  return ids;
}

test('rows are sealed in batches, and as Postgres gives them back the seals fit', async () => {
  for (let n = 0; n < 5; n += 1) await write();
  expect(await unsealedRows(db.pool)).toMatchObject({ count: 5, oldestId: expect.any(Number) });
  expect([await seal(2), await seal(2), await seal(2), await seal(2)]).toEqual([2, 2, 1, 0]);
  expect(await wholeChain()).toHaveLength(5);
  expect(await newestSeal(db.pool)).toMatchObject({ number: 5 });
  expect(await unsealedRows(db.pool)).toMatchObject({ count: 0, oldestSeconds: 0 });
});

test('an audit without a row has nothing to seal', async () => {
  expect(await seal()).toBe(0);
  expect(await newestSeal(db.pool)).toBeNull();
});

test('rows that commit out of the order of their ids are all sealed', async () => {
  await transaction(db.pool, async (slow) => {
    await write(slow);
    await write();
    expect(await seal()).toBe(1);
  });
  await write();
  expect(await seal()).toBe(2);
  const ids = await wholeChain();
  expect(ids).toHaveLength(3);
  expect(ids[0]).toBeGreaterThan(ids[1]!);
});

test('many sealers at once never fork the chain, while rows come in', async () => {
  const pools = [patientPool(db.url, {}), patientPool(db.url, {})];
  const rows = 200;
  let written = 0;
  const writing = Promise.all(
    Array.from({ length: rows }, async () => {
      await write();
      written += 1;
    }),
  );
  const sealers = pools
    .flatMap((pool) => [pool, pool])
    .map(async (pool) => {
      let sealed = 0;
      while (written < rows || (await unsealedRows(pool)).count > 0) sealed += await sealBatch(pool, KEY, 7);
      return sealed;
    });
  const sealed = await Promise.all(sealers);
  await writing;
  await Promise.all(pools.map((pool) => pool.end()));
  expect(sealed.reduce((sum, one) => sum + one, 0)).toBe(rows);
  expect(new Set(await wholeChain()).size).toBe(rows);
});

test('a sealer that is killed in the middle of a batch leaves nothing half done, and another one goes on', async () => {
  for (let n = 0; n < 4; n += 1) await write();
  await seal(2);
  const doomed = patientPool(db.url, { max: 1 });
  const { rows } = await doomed.query<{ pid: number }>('select pg_backend_pid() as pid');
  await transaction(db.pool, async (client) => {
    await client.query('select from audit_entries where seal_number is null for update');
    const cutOff = sealBatch(doomed, KEY).catch((error: Error) => error);
    await eventually('the sealer to be writing', async () => {
      const waits = await db.pool.query(
        `select from pg_stat_activity where pid = $1 and wait_event_type = 'Lock'`,
        [rows[0]!.pid],
      );
      return waits.rowCount === 1;
    });
    expect(await seal()).toBe(0); // another one is at work
    await db.pool.query('select pg_terminate_backend($1)', [rows[0]!.pid]);
    expect(await cutOff).toBeInstanceOf(Error);
  });
  await doomed.end();
  await eventually('its process to be gone, with its locks', async () => {
    const { rowCount } = await db.pool.query('select from pg_stat_activity where pid = $1', [rows[0]!.pid]);
    return rowCount === 0;
  });
  expect(await seal()).toBe(2);
  expect(await wholeChain()).toHaveLength(4);
});

test('every column of the audit is sealed or the seal itself', async () => {
  const { rows } = await db.pool.query<{ name: string }>(
    `select column_name as name from information_schema.columns where table_name = 'audit_entries'`,
  );
  const sealed = ['id', 'entry_key', 'at', 'kind', 'phone_hash', 'location_uid', 'workflow_id', 'details'];
  const seals = ['seal_number', 'seal', 'seal_key', 'sealed_at'];
  expect(rows.map(({ name }) => name).sort()).toEqual([...sealed, ...seals].sort());
});
