/** Brings a database to the newest of the numbered migrations. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runner } from 'node-pg-migrate';

/** The SQL files are not compiled: beside this file in the sources, two levels up from `dist/store`. */
export const MIGRATIONS = [join(__dirname, 'migrations'), join(__dirname, '../../store/migrations')].find(
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
