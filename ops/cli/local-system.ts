/** The system that `npm start` runs, as its runtime file tells. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const FILE = join('.data', 'runtime.json');

/** The checkout: this file is in `ops/cli`, below `dist` when it is built. */
const CHECKOUTS = [join(__dirname, '../..'), join(__dirname, '../../..')];

const runtimeFile = z.object({ environment: z.record(z.string(), z.string()) });

/**
 * The environment of the processes that run on this machine, from `.data/runtime.json` below the directory
 * or the program's own checkout; null when nothing runs, or when the environment names a database of its own.
 */
export function findLocalSystem({
  env,
  directory,
}: {
  env: Readonly<Record<string, string | undefined>>;
  directory: string;
}): Record<string, string> | null {
  if (env['DATABASE_URL_FILE']) return null;
  for (const place of [directory, ...CHECKOUTS]) {
    const found = read(join(place, FILE));
    // `npm start` may itself run on the database of the environment.
    if (found) return [found['DATABASE_URL'], undefined, ''].includes(env['DATABASE_URL']) ? found : null;
  }
  return null;
}

/** Null when there is no such file, or none that this program can read. */
function read(file: string): Record<string, string> | null {
  try {
    return runtimeFile.parse(JSON.parse(readFileSync(file, 'utf8'))).environment;
  } catch {
    return null;
  }
}
