/** Brings a database to the newest of the numbered migrations. As a process: `DATABASE_URL=… node dist/store/migrate.js`. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runner } from 'node-pg-migrate';

/** The SQL files are not compiled: beside this file in the sources, two levels up from `dist/store`. */
const MIGRATIONS = [join(__dirname, 'migrations'), join(__dirname, '../../store/migrations')].find(
  existsSync,
);

/** Applies what is missing; returns the names of the migrations applied. Safe to run by several processes at once. */
export async function migrate(databaseUrl: string): Promise<string[]> {
  if (!MIGRATIONS) throw new Error('The directory store/migrations is missing.');
  const applied = await runner({
    databaseUrl,
    dir: MIGRATIONS,
    direction: 'up',
    migrationsTable: 'migrations',
    advisoryLockMode: 'wait',
    log: () => undefined,
  });
  return applied.map((migration) => migration.name);
}

async function main(): Promise<void> {
  const file = process.env['DATABASE_URL_FILE'];
  const url = process.env['DATABASE_URL'] ?? (file ? readFileSync(file, 'utf8').trim() : undefined);
  if (!url) {
    process.stderr.write(
      'DATABASE_URL is missing; it looks like postgresql://user:password@host:5432/database\n',
    );
    process.exitCode = 2;
    return;
  }
  const applied = await migrate(url);
  process.stdout.write(applied.length ? `applied: ${applied.join(', ')}\n` : 'nothing to apply\n');
}

if (require.main === module) {
  main().catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  });
}
