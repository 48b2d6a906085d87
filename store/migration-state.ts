/** Whether the database is at the newest migration of this version. */
import { readdirSync } from 'node:fs';
import type { Pool } from './database';
import { MIGRATIONS } from './migrate';

/** @returns the names of those that are to be applied, and of those that only a later version knows */
export async function migrationState(pool: Pool): Promise<{ missing: string[]; foreign: string[] }> {
  const known = MIGRATIONS
    ? readdirSync(MIGRATIONS)
        .filter((file) => file.endsWith('.sql'))
        .map((file) => file.slice(0, -'.sql'.length))
        .sort()
    : [];
  const { rows: found } = await pool.query<{ there: boolean }>(
    `select to_regclass('migrations') is not null as there`,
  );
  if (!found[0]!.there) return { missing: known, foreign: [] };
  const { rows } = await pool.query<{ name: string }>('select name from migrations');
  const applied = new Set(rows.map(({ name }) => name));
  return {
    missing: known.filter((name) => !applied.has(name)),
    foreign: [...applied].filter((name) => !known.includes(name)),
  };
}
