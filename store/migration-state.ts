/** Whether the database is at the newest migration of this version. */
import type { Queryable } from './database';
import { knownMigrations } from './migration-files';

/** @returns the names of those that are to be applied, and of those that only a later version knows */
export async function migrationState(database: Queryable): Promise<{ missing: string[]; foreign: string[] }> {
  const known = knownMigrations();
  const { rows: found } = await database.query<{ there: boolean }>(
    `select to_regclass('migrations') is not null as there`,
  );
  if (!found[0]!.there) return { missing: known, foreign: [] };
  const { rows } = await database.query<{ name: string }>('select name from migrations');
  const applied = new Set(rows.map(({ name }) => name));
  return {
    missing: known.filter((name) => !applied.has(name)),
    foreign: [...applied].filter((name) => !known.includes(name)),
  };
}
