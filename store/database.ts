/** The pool, transactions, and the lock that orders everything that is about one phone. */
import { DatabaseError, Pool, types, type CustomTypesConfig, type PoolClient } from 'pg';

export type { Pool, PoolClient } from 'pg';

/** What can run a statement: the pool for a single one, a client within a transaction. */
export type Queryable = Pick<PoolClient, 'query'>;

export interface PoolOptions {
  /** Connections at most. */
  max?: number;
  /** A statement that takes longer is cancelled by Postgres. */
  statementTimeoutMs?: number;
  /** For a connection to be made, or to become free. */
  connectTimeoutMs?: number;
}

/** Postgres's code for a statement that took too long. */
const CANCELED = '57014';
/** Its codes for a connection to a Postgres that takes no writes, or that ends or is not up yet: another one may lead to a better one. */
const WRONG_HOST = new Set(['25006', '57P01', '57P02', '57P03']);

const IDLE_IN_TRANSACTION_MS = 30_000;

/** Our bigints are row ids and counters, far below 2^53: numbers rather than pg's strings. */
const numbersForBigints: CustomTypesConfig = {
  getTypeParser: (oid, format): unknown =>
    oid === types.builtins.INT8 ? Number : types.getTypeParser(oid, format),
};

/**
 * A pool on `url`. Connections that break while idle are replaced quietly: whoever needs one next
 * hears about a database that is away.
 */
export function createPool(url: string, options: PoolOptions = {}): Pool {
  const statementTimeoutMs = options.statementTimeoutMs ?? 10_000;
  const pool = new Pool({
    connectionString: url,
    max: options.max ?? 10,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 2_000,
    query_timeout: statementTimeoutMs + 1_000, // our side, for a Postgres that hangs and cancels nothing
    application_name: process.title,
    types: numbersForBigints,
    pipeline: true, // statements that need nothing of each other share a round trip, in the order of the calls
  });
  pool.on('error', () => undefined);
  pool.on('connect', (client) => {
    client.on('error', () => undefined); // while checked out and between statements
    // Not as parameters of the connection's start, which a pooler in between refuses.
    client
      .query(
        `set statement_timeout = ${statementTimeoutMs}; set idle_in_transaction_session_timeout = ${IDLE_IN_TRANSACTION_MS}`,
      )
      .catch(() => undefined); // fails only with its connection, and then all behind it does
  });
  return pool;
}

/**
 * Runs `work` in one transaction; what it throws rolls everything back. When a statement fails, so do those
 * that were sent behind it, and one of these may be heard of first: the error of the first is thrown.
 */
export async function transaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  const { watched, firstFailure } = watch(client);
  let broken: Error | undefined;
  try {
    const begun = client.query('begin'); // fails only with its connection, and then all behind it does
    begun.catch(() => undefined);
    const result = await work(watched);
    await begun;
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((failure: Error) => (broken = failure));
    const cause = isAftermath(error) ? (firstFailure() ?? error) : error;
    if (isOfWrongHost(cause)) broken = cause;
    throw cause;
  } finally {
    client.release(broken);
  }
}

/** The client, and the first of its statements' errors: they fail in the order in which they were sent. */
function watch(client: PoolClient): { watched: PoolClient; firstFailure: () => unknown } {
  let first: unknown;
  const query = (...statement: Parameters<PoolClient['query']>) => {
    const answer: unknown = client.query(...statement);
    if (answer instanceof Promise) answer.catch((error: unknown) => (first ??= error));
    return answer;
  };
  const watched = Object.create(client, { query: { value: query } }) as PoolClient;
  return { watched, firstFailure: () => first };
}

/** 25P02: the transaction had failed before. */
function isAftermath(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === '25P02';
}

function isOfWrongHost(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && WRONG_HOST.has(error.code ?? '');
}

/**
 * Whether the database can be written to. A connection to one that cannot, as after a failover, is ended, so that the
 * next one asks anew where the database is.
 * @throws with the reason, when it cannot
 */
export async function assertWritable(pool: Pool): Promise<void> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    const { rows } = await client.query<{ inRecovery: boolean; readOnly: boolean }>(
      `select pg_is_in_recovery() as "inRecovery", current_setting('transaction_read_only')::boolean as "readOnly"`,
    );
    const { inRecovery, readOnly } = rows[0]!;
    if (inRecovery) throw new Error('read-only: DATABASE_URL leads to a standby');
    if (readOnly) throw new Error('read-only: see default_transaction_read_only');
  } catch (error) {
    broken = error as Error;
    throw error;
  } finally {
    client.release(broken);
  }
}

/**
 * Holds the locks of these phones until the transaction ends. Sorted, so that two transactions
 * never wait for each other; a statement of its own, since in one statement with a read the
 * snapshot would be older than the wait. Phones come before rows in every transaction.
 */
export async function lockPhones(client: Queryable, phones: Iterable<string>): Promise<void> {
  await client.query(
    `select pg_advisory_xact_lock(key)
       from (select distinct hashtextextended(phone, 0) as key from unnest($1::text[]) as phone order by key) as keys`,
    [[...phones]],
  );
}

/** The same, but no longer than `ms`: somebody who holds one and stands still keeps nobody else waiting. @throws DatabaseError with `LOCK_HELD` */
export async function lockPhonesWithin(
  client: Queryable,
  phones: Iterable<string>,
  ms: number,
): Promise<void> {
  await Promise.all([
    client.query(`set local lock_timeout = ${ms}`),
    lockPhones(client, phones),
    client.query('set local lock_timeout = default'), // tables and rows may be waited for longer
  ]);
}

/** Postgres's code for a lock that was not to be had in time. */
export const LOCK_HELD = '55P03';

/** A lock was not to be had for as long as a statement may take. */
export class LockNotFree extends Error {
  override readonly name = 'LockNotFree';
}

/**
 * Runs `work` while no other process holds the lock of this name; waits for it. For work that outlasts a transaction.
 * @throws {LockNotFree} and what `work` throws
 */
export async function exclusively<T>(pool: Pool, name: string, work: () => Promise<T>): Promise<T> {
  return withNamedLock(pool, 'pg_advisory_lock', name, work) as Promise<T>;
}

/** Runs `work` unless another process holds the lock of this name; null then. */
export async function unlessHeld<T>(pool: Pool, name: string, work: () => Promise<T>): Promise<T | null> {
  return withNamedLock(pool, 'pg_try_advisory_lock', name, work);
}

async function withNamedLock<T>(
  pool: Pool,
  acquire: 'pg_advisory_lock' | 'pg_try_advisory_lock',
  name: string,
  work: () => Promise<T>,
): Promise<T | null> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    const { rows } = await client
      .query<{ held: unknown }>(`select ${acquire}(hashtextextended($1, 1)) as held`, [name])
      .catch((error: Error & { code?: string }) => {
        throw error.code === CANCELED ? new LockNotFree(`another process holds the lock "${name}"`) : error;
      });
    if (rows[0]?.held === false) return null;
    try {
      return await work();
    } finally {
      await client.query('select pg_advisory_unlock(hashtextextended($1, 1))', [name]);
    }
  } catch (error) {
    broken = error as Error; // ended rather than given back: a lock goes with its connection
    throw error;
  } finally {
    client.release(broken);
  }
}
