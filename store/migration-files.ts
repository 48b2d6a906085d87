/** The numbered migrations as files, and how one is read. */
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { MigrationBuilder, RunnerOption } from 'node-pg-migrate';

type Strategy = NonNullable<RunnerOption['migrationLoaderStrategies']>[number];

/** The SQL files are not compiled: beside this file in the sources, two levels up from `dist/store`. */
export const MIGRATIONS = [join(__dirname, 'migrations'), join(__dirname, '../../store/migrations')].find(
  existsSync,
);

/** The names of all migrations of this version, in their order. */
export function knownMigrations(): string[] {
  if (!MIGRATIONS) return [];
  return readdirSync(MIGRATIONS)
    .filter((file) => extname(file) === '.sql')
    .map((file) => basename(file, '.sql'))
    .sort();
}

const UP = '-- Up Migration';
const DOWN = '-- Down Migration';
/** What a migration says that makes indexes while everything runs: Postgres does that in no transaction. */
const NO_TRANSACTION = /^-- No transaction/m;

/** As node-pg-migrate reads SQL files itself, with the one thing more that it offers to JavaScript alone. */
export const sqlFiles: Strategy = {
  extensions: ['.sql'],
  loader: (paths) =>
    Promise.all(
      paths.map(async (path) => {
        const sql = await readFile(path, 'utf8');
        const [head = '', up = '', down = ''] = sql.split(new RegExp(`^(?:${UP}|${DOWN})$`, 'm'));
        const step = NO_TRANSACTION.test(head) ? runAlone : runTogether;
        return { id: path, filePaths: [path], actions: { up: step(up), down: step(down) } };
      }),
    ),
};

function runTogether(sql: string) {
  return (builder: MigrationBuilder): void => builder.sql(sql);
}

/** Statement by statement. What waits for locks here keeps nobody from the table, so it may wait. */
function runAlone(sql: string) {
  return (builder: MigrationBuilder): void => {
    builder.noTransaction();
    builder.sql('set lock_timeout = 0');
    for (const statement of sql.split(/;\s*$/m)) if (statement.trim() !== '') builder.sql(statement);
  };
}
