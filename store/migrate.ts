/** Brings a database to the newest of the numbered migrations, while servers and workers go on. */
import { setTimeout as delay } from 'node:timers/promises';
import { PG_MIGRATE_LOCK_ID, runner } from 'node-pg-migrate';
import { Client, DatabaseError } from 'pg';
import { LOCK_HELD } from './database';
import { MIGRATIONS, sqlFiles } from './migration-files';
import { migrationState } from './migration-state';

/**
 * Who waits for a table keeps everybody waiting who comes to it later, as the receiver of webhooks, for whose answer
 * Podium waits 5 s. So a migration gives up soon, lets them through, and tries again.
 */
const LOCK_TIMEOUT = '1s';
const BETWEEN_ATTEMPTS_MS = 3_000;
const PATIENCE_MINUTES = 4;

const LOOK_EVERY_MS = 500;
/** Several that start at once are soon done with it. */
const SAID_AFTER_MS = 3_000;

/** What a migration is applied with. */
interface Session {
  client: Client;
  /** The server's process of `client`. */
  pid: number;
  /** Another connection, which looks who keeps that one waiting. */
  watcher: Client;
}

/**
 * Applies what is missing. Safe to run by several processes at once.
 * @param say gets a line about each transaction, or other migration, that is waited for
 * @returns the names of the migrations applied
 * @throws what the database says, or who has kept it from migrating for all of the time
 */
export async function migrate(
  databaseUrl: string,
  say: (line: string) => void = () => undefined,
): Promise<string[]> {
  if (!MIGRATIONS) throw new Error('The directory store/migrations is missing.');
  const client = new Client({ connectionString: databaseUrl, application_name: 'podium-webchat-migrate' });
  const watcher = new Client({ connectionString: databaseUrl, application_name: 'podium-webchat-migrate' });
  for (const one of [client, watcher]) one.on('error', () => undefined); // the next statement says it
  try {
    await Promise.all([client.connect(), watcher.connect()]);
    await beTheOnlyOne(client, say);
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const session = { client, watcher, pid: rows[0]!.pid };
    const { missing } = await migrationState(client);
    for (const name of missing) await apply(name, MIGRATIONS, session, say);
    return missing;
  } finally {
    await Promise.all([client.end(), watcher.end()]);
  }
}

/**
 * Asked for again and again, since an index that is made meanwhile would wait for a statement that waits.
 * @throws who has kept us from it for all of the time: its machine may be gone, and Postgres does not know yet
 */
async function beTheOnlyOne(client: Client, say: (line: string) => void): Promise<void> {
  const began = Date.now();
  let told = '';
  for (;;) {
    const { rows } = await client.query<{ held: boolean }>('select pg_try_advisory_lock($1) as held', [
      PG_MIGRATE_LOCK_ID,
    ]);
    if (rows[0]!.held) return; // until the connection ends
    const waited = Date.now() - began;
    if (waited > SAID_AFTER_MS) {
      const other = (await migratesNow(client)) ?? told;
      if (other !== told) say(`Waits for another migration: ${other}`);
      told = other;
    }
    if (waited > PATIENCE_MINUTES * 60_000) throw new Error(otherMigrates(told));
    await delay(LOOK_EVERY_MS);
  }
}

/** Who holds the lock of migrations; null where it has just ended. */
async function migratesNow(client: Client): Promise<string | null> {
  const { rows } = await client.query<Connected>(
    `select pid, ${NAME_AND_USER}, backend_start as since from pg_stat_activity
      where pid in (select pid from pg_locks
                     where locktype = 'advisory' and granted and objsubid = 1
                       and database = (select oid from pg_database where datname = current_database())
                       and (classid::bigint << 32 | objid::bigint) = $1)`,
    [PG_MIGRATE_LOCK_ID],
  );
  const holder = rows[0];
  return holder ? inWords(holder, 'connected') : null;
}

function otherMigrates(holder: string): string {
  return (
    `Nothing was changed: another migration has been under way for ${PATIENCE_MINUTES} minutes (${holder}). ` +
    'Where it makes an index, migrate again when it is done. Where its machine is gone, end it with ' +
    '"select pg_terminate_backend(<process>)", and migrate again.'
  );
}

async function apply(
  file: string,
  dir: string,
  session: Session,
  say: (line: string) => void,
): Promise<void> {
  const { client } = session;
  const options = { dir, file, direction: 'up', migrationsTable: 'migrations', dbClient: client } as const;
  const giveUpAt = Date.now() + PATIENCE_MINUTES * 60_000;
  const blockers = new Set<string>();
  const tell = (blocker: string) => {
    if (!blockers.has(blocker)) say(`${file} waits for ${blocker}`);
    blockers.add(blocker);
  };
  for (;;) {
    await client.query(`set lock_timeout = '${LOCK_TIMEOUT}'`);
    const attempt = runner({
      ...options,
      ...{ noLock: true, migrationLoaderStrategies: [sqlFiles], log: () => undefined },
    });
    try {
      await whileTelling(session, tell, attempt);
      return;
    } catch (error) {
      if (!isLockTimeout(error)) throw error;
      await client.query('rollback');
      if (Date.now() > giveUpAt) throw new Error(inVain(file, [...blockers]), { cause: error });
    }
    await delay(BETWEEN_ATTEMPTS_MS);
  }
}

/** A lock was not to be had for as long as `lock_timeout` is. */
function isLockTimeout(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === LOCK_HELD;
}

function inVain(file: string, blockers: string[]): string {
  return (
    `${file} has changed nothing: it got no lock for ${PATIENCE_MINUTES} minutes, because of ` +
    `${blockers.join('; ') || 'transactions that came and went'}. Migrate again when that is over, ` +
    'or end it with "select pg_terminate_backend(<process>)".'
  );
}

/** Waits for `attempt`, and tells meanwhile of each who keeps it waiting. */
async function whileTelling(
  { watcher, pid }: Session,
  tell: (blocker: string) => void,
  attempt: Promise<unknown>,
): Promise<void> {
  const over = new AbortController();
  const telling = async () => {
    while (!over.signal.aborted) {
      for (const blocker of await blockersOf(watcher, pid)) tell(blocker);
      await delay(LOOK_EVERY_MS, undefined, { signal: over.signal }).catch(() => undefined);
    }
  };
  await Promise.all([attempt.finally(() => over.abort()), telling()]);
}

/** Whose transactions keep a process of the server waiting. Not what they ask: that may name a phone. */
async function blockersOf(watcher: Client, pid: number): Promise<string[]> {
  const { rows } = await watcher.query<Connected>(
    `select pid, ${NAME_AND_USER}, xact_start as since
       from pg_stat_activity where pid = any(pg_blocking_pids($1))`,
    [pid],
  );
  return rows.map((blocker) => inWords(blocker, 'in a transaction'));
}

/** A process of the server; null where we may not see since when. */
interface Connected {
  pid: number;
  name: string;
  user: string;
  since: Date | null;
}

const NAME_AND_USER = `coalesce(nullif(application_name, ''), 'a client without a name') as name,
  coalesce(usename, 'none') as user`;

function inWords({ pid, name, user, since }: Connected, how: string): string {
  return `process ${pid} (${name}, user ${user}, ${how} since ${since?.toISOString() ?? 'a time that we may not see'})`;
}
