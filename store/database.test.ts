import { createServer, type AddressInfo } from 'node:net';
import { createTestDatabase, patientPool, type TestDatabase } from '../test/support/database';
import { JANE, JOHN, MARY } from '../test/support/received';
import { assertWritable, createPool, lockPhones, transaction } from './database';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

it('gives bigints as numbers', async () => {
  const { rows } = await db.pool.query("select 42::bigint as id, array['a'] as list");
  expect(rows).toEqual([{ id: 42, list: ['a'] }]);
});

it('limits how long a statement and an idle transaction may take, on each connection', async () => {
  const pool = createPool(db.url);
  const { rows } = await pool.query(
    `select name, setting from pg_settings
      where name in ('statement_timeout', 'idle_in_transaction_session_timeout') order by name`,
  );
  await pool.end();
  expect(rows).toEqual([
    { name: 'idle_in_transaction_session_timeout', setting: '30000' },
    { name: 'statement_timeout', setting: '10000' },
  ]);
});

it('asks for nothing at the start of a connection that a pooler in between would refuse', async () => {
  const pooler = createServer((socket) => {
    socket.once('data', (startup) => {
      names = startup
        .toString('latin1', 8)
        .split('\0')
        .filter((_, i) => i % 2 === 0);
      socket.destroy();
    });
  });
  let names: string[] = [];
  await new Promise<void>((resolve) => pooler.listen(0, '127.0.0.1', resolve));
  const pool = createPool(
    `postgresql://postgres@127.0.0.1:${(pooler.address() as AddressInfo).port}/webchat`,
  );
  await expect(pool.query('select 1')).rejects.toThrow();
  expect(names.filter(Boolean).sort()).toEqual(['application_name', 'client_encoding', 'database', 'user']);
  await pool.end();
  await new Promise((resolve) => pooler.close(resolve));
});

it('rolls back what failed, and gives the connection back', async () => {
  const failing = transaction(db.pool, async (client) => {
    await client.query("insert into locations (uid, name, archived) values ('x', 'X', false)");
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect((await db.pool.query('select * from locations')).rows).toEqual([]);
  expect(db.pool.idleCount).toBe(db.pool.totalCount);
});

it('throws what failed first, though what was sent behind it may be heard of before', async () => {
  const failing = transaction(db.pool, async (client) => {
    const late = async () => {
      try {
        await client.query('select 1/0');
      } catch (error) {
        await Promise.resolve();
        throw error;
      }
    };
    await Promise.all([late(), client.query('select 1')]);
  });
  await expect(failing).rejects.toMatchObject({ code: '22012' });
});

it('survives a connection that breaks between two statements, and goes on with another', async () => {
  const broken = transaction(db.pool, async (client) => {
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const ended = new Promise((resolve) => client.once('end', resolve));
    await db.pool.query('select pg_terminate_backend($1)', [rows[0]!.pid]);
    await ended;
    await client.query('select 1');
  });
  await expect(broken).rejects.toThrow();
  await expect(db.pool.query('select 1')).resolves.toMatchObject({ rowCount: 1 });
});

describe('a database that takes no writes, as a former primary after a failover', () => {
  const insert = (pool: TestDatabase['pool']) =>
    transaction(pool, (client) =>
      client.query("insert into locations (uid, name, archived) values ('y', 'Y', false)"),
    );
  const readOnly = (on: boolean) =>
    db.pool.query(
      `begin read write;
       do $$ begin execute format('alter database %I set default_transaction_read_only = ${on ? 'on' : 'off'}', current_database()); end $$;
       commit`,
    );
  let pool: TestDatabase['pool'];
  beforeEach(async () => {
    await readOnly(true);
    pool = patientPool(db.url, { max: 1 });
  });
  afterEach(async () => {
    await readOnly(false);
    await pool.end();
  });

  it('is told apart from one that does', async () => {
    await expect(assertWritable(pool)).rejects.toThrow('read-only');
    await expect(assertWritable(db.pool)).resolves.toBeUndefined();
  });

  it('is left by those who look whether it can be written to', async () => {
    await expect(assertWritable(pool)).rejects.toThrow('read-only');
    await readOnly(false);
    await expect(assertWritable(pool)).resolves.toBeUndefined();
  });

  it('is left by a transaction that it refuses, and the next one goes elsewhere', async () => {
    await expect(insert(pool)).rejects.toMatchObject({ code: '25006' });
    await readOnly(false);
    await expect(insert(pool)).resolves.toMatchObject({ rowCount: 1 });
  });
});

it('locks a phone until the transaction ends', async () => {
  const order: string[] = [];
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  let locked = () => {};
  const isLocked = new Promise<void>((resolve) => (locked = resolve));

  const first = transaction(db.pool, async (client) => {
    await lockPhones(client, [JANE]);
    locked();
    await held;
    order.push('first');
  });
  await isLocked;
  const second = transaction(db.pool, async (client) => {
    await lockPhones(client, [JANE]);
    order.push('second');
  });
  await transaction(db.pool, (client) => lockPhones(client, [JOHN])); // another phone waits for nobody
  release();
  await Promise.all([first, second]);
  expect(order).toEqual(['first', 'second']);
});

it('never lets two transactions wait for each other, in whatever order they name their phones', async () => {
  const phones = [
    JANE,
    JOHN,
    MARY,
    ...Array.from({ length: 20 }, (_, i) => `+1415555${String(100 + i).padStart(4, '0')}`),
  ];
  const inSomeOrder = () => [...phones].sort(() => Math.random() - 0.5);
  const transactions = Array.from({ length: 60 }, () =>
    transaction(db.pool, (client) => lockPhones(client, inSomeOrder())),
  );
  await expect(Promise.all(transactions)).resolves.toHaveLength(60);
});
