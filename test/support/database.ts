/** A migrated Postgres database for a test file of its own. */
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { DATABASE as TEMPLATE } from '../../embedded/postgres';
import { createPool, type Pool, type PoolOptions } from '../../store/database';

/** The environment variable by which the run's global setup tells the test files of its migrated database. */
export const TEMPLATE_URL = 'PODIUM_WEBCHAT_TEST_TEMPLATE_URL';

/** How long a connection that a test closed may take to disappear on the server, when the machine is busy. */
const GOODBYE_MS = 30_000;

export interface TestDatabase {
  url: string;
  /** A pool on it for the test itself; ended by `drop`. */
  pool: Pool;
  /** For `afterAll`. Fails when someone still holds a connection after `goodbyeMs`: a leaked pool is a bug. */
  drop(goodbyeMs?: number): Promise<void>;
}

/** A test that asks on a busy machine is not what has to fail fast, nor one of many that wait for one lock. */
const PATIENT_MS = 30_000;

/** A fresh database, cloned from the run's migrated template in some 50 ms. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await asAdmin((admin) => admin.query(`create database ${name} template ${TEMPLATE}`));
  const url = urlOf(name);
  const pool = patientPool(url, { max: 20, statementTimeoutMs: PATIENT_MS });
  return { url, pool, drop: (goodbyeMs = GOODBYE_MS) => drop(name, pool, goodbyeMs) };
}

/** A pool as the product makes it, which waits for a connection for longer. Whoever makes it ends it. */
export function patientPool(url: string, options: PoolOptions): Pool {
  const pool = createPool(url, options);
  pool.options.connectionTimeoutMillis = PATIENT_MS;
  return pool;
}

function urlOf(database: string): string {
  const template = process.env[TEMPLATE_URL];
  if (!template)
    throw new Error('No Postgres for the tests: jest must run with test/support/global-setup.ts.');
  return new URL(`/${database}`, template).href;
}

async function asAdmin<T>(work: (admin: Client) => Promise<T>): Promise<T> {
  const admin = new Client({ connectionString: urlOf('postgres') });
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}

async function drop(name: string, pool: Pool, goodbyeMs: number): Promise<void> {
  const checkedOut = pool.totalCount - pool.idleCount;
  const ended = pool.end();
  if (checkedOut === 0) await ended; // would wait for ever for a client that nobody gives back
  await asAdmin(async (admin) => {
    const leaked = checkedOut || (await connectionsLeft(admin, name, goodbyeMs));
    await admin.query(`drop database ${name} with (force)`);
    if (leaked) throw new Error(`${leaked} database connection(s) of this test file were never closed.`);
  });
}

/** Those of clients: Postgres's own processes come and go. */
async function connectionsLeft(admin: Client, name: string, goodbyeMs: number): Promise<number> {
  const deadline = Date.now() + goodbyeMs;
  for (;;) {
    const { rows } = await admin.query<{ count: number }>(
      `select count(*)::int as count from pg_stat_activity where datname = $1 and backend_type = 'client backend'`,
      [name],
    );
    const count = rows[0]?.count ?? 0;
    if (count === 0 || Date.now() > deadline) return count;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
