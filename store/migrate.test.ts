import { setTimeout as delay } from 'node:timers/promises';
import { PG_MIGRATE_LOCK_ID, runner } from 'node-pg-migrate';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { JANE, NORTHSIDE } from '../test/support/received';
import { migrate } from './migrate';
import { knownMigrations, MIGRATIONS, sqlFiles } from './migration-files';

let db: TestDatabase;
beforeEach(async () => (db = await createTestDatabase()));
afterEach(() => db.drop());

/** Goes the way back, from the newest to the migration of this number. */
async function undo(number: number): Promise<void> {
  await runner({
    ...{ databaseUrl: db.url, dir: MIGRATIONS!, migrationsTable: 'migrations', direction: 'down' },
    ...{ count: number, timestamp: true, migrationLoaderStrategies: [sqlFiles], log: () => undefined },
  });
}

it('applies nothing to a database that has it all, also when several processes start at once', async () => {
  expect(await Promise.all([migrate(db.url), migrate(db.url), migrate(db.url)])).toEqual([[], [], []]);
});

it('applies each migration once when several processes meet an empty database', async () => {
  await db.pool.query('drop schema public cascade; create schema public');
  const applied = await Promise.all([migrate(db.url), migrate(db.url)]);
  expect(applied.flat()).toEqual(knownMigrations());
});

it('goes all the way back, and up again', async () => {
  await undo(1);
  const { rows } = await db.pool.query(
    "select from information_schema.tables where table_schema = 'public' and table_name <> 'migrations'",
  );
  expect(rows).toEqual([]);
  expect(await migrate(db.url)).toEqual(knownMigrations());
});

it('tells who keeps it from a table, and lets the others through before it tries again', async () => {
  await undo(32); // 0032 adds a column to widget_imports
  const reader = await db.pool.connect();
  await reader.query("set application_name = 'a long report'; begin; select from widget_imports");
  const told: string[] = [];
  const migrated = migrate(db.url, (line) => told.push(line));
  while (told.length === 0) await delay(20);
  expect(told[0]).toMatch(
    /^0032_import_opt_ins waits for process \d+ \(a long report, user postgres, in a transaction since 20/,
  );
  await db.pool.query(
    `insert into widget_imports (id, event_id, phone_e164, phone_hash, location_uid, reopen, body_hash, written_at)
     values (gen_random_uuid(), 'e1', '${JANE}', 'hash', '${NORTHSIDE}', false, '', now())`,
  );
  await reader.query('commit');
  reader.release();
  expect((await migrated)[0]).toBe('0032_import_opt_ins');
});

it('says which other migration it waits for, and gives up in the end', async () => {
  const other = await db.pool.connect();
  await other.query(`set application_name = 'a migration'; select pg_advisory_lock(${PG_MIGRATE_LOCK_ID})`);
  const told: string[] = [];
  const migrated = migrate(db.url, (line) => told.push(line)).catch((error: Error) => error.message);
  while (told.length === 0) await delay(20);
  const who = /process \d+ \(a migration, user postgres, connected since 20[^)]+\)/.exec(told[0]!)![0];
  expect(told).toEqual([`Waits for another migration: ${who}`]);
  const later = Date.now() + 5 * 60_000;
  const clock = jest.spyOn(Date, 'now').mockReturnValue(later);
  expect(await migrated).toContain(`for 4 minutes (${who})`);
  clock.mockRestore();
  await other.query('select pg_advisory_unlock_all()');
  other.release();
});

it('gives what is written without a column that came later the value that it has by default', async () => {
  await db.pool.query(
    `insert into own_texts (id, once_key, phone_e164, location_uid, purpose, body)
     values (gen_random_uuid(), 'k', '${JANE}', '${NORTHSIDE}', 'help', 'Hi')`,
  );
  const { rows } = await db.pool.query('select from own_texts where good_until > now()');
  expect(rows).toHaveLength(1);
});
