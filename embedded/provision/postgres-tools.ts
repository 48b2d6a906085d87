/** A Postgres with its tools, for the test of backup and restore: the embedded one is a server alone. */
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { installWithApt } from './apt';
import { withProgress } from './progress';
import { namedBy, onPath } from './run';
import { firstThatWorks } from './ways';

/** Debian's, a folder for each major version. */
const DEBIAN = '/usr/lib/postgresql';

/**
 * The directory of a Postgres server with `pg_dump`, `pg_restore` and `psql` of the same version: of the pg_dump
 * that was named, of an installed one, or of Debian's package, got now.
 * @throws NotProvisioned, with every way out
 */
export async function provisionPostgresTools(): Promise<string> {
  const dump = await firstThatWorks(
    'Postgres with pg_dump, by which the tests back up,',
    [
      { name: 'PG_DUMP_PATH', find: () => namedBy('PG_DUMP_PATH') },
      { name: 'Postgres, installed', find: installed },
      { name: "Debian's package `postgresql`", find: installFromDebian },
    ],
    [
      'install Postgres 14 or newer, the server with its client programs',
      'name a pg_dump in PG_DUMP_PATH, beside which postgres, pg_restore and psql stand',
      'on Debian or Ubuntu, run this as root with its packages in reach',
    ],
  );
  return dirname(dump);
}

/** On the PATH there may be a client alone: it counts where its server stands beside it. */
async function installed(): Promise<string | null> {
  const versions = await readdir(DEBIAN).catch(() => []);
  const ofDebian = versions.sort().map((version) => join(DEBIAN, version, 'bin'));
  const server = (await onPath('postgres', ofDebian)) ?? (await onPath('postgres'));
  return server && onPath('pg_dump', [dirname(server)]);
}

/** Ubuntu's package of this name does as well. */
async function installFromDebian(): Promise<string | null> {
  const done = await withProgress('Installing Postgres with its tools, once', () =>
    installWithApt('postgresql'),
  );
  return done ? installed() : null;
}
