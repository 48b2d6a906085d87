/** Schemathesis, which asks a server everything that its OpenAPI description allows, and some that it does not. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../paths';
import { installWithApt } from './apt';
import { cached, makeCached } from './cache';
import { withProgress } from './progress';
import { namedBy, onPath, run } from './run';
import { firstThatWorks } from './ways';

/** It and all that it needs, each in one version and with the hashes of its files. */
const REQUIREMENTS = join(ROOT, 'embedded/provision/schemathesis.txt');
const FILE = 'schemathesis';
const OLDEST_PYTHON = 'import sys; sys.exit(sys.version_info < (3, 11))';

/**
 * The path of schemathesis: the one that was named, the cached one, or one installed now, for which Python is
 * installed where it is missing.
 * @throws NotProvisioned, with every way out
 */
export function provisionSchemathesis(): Promise<string> {
  const entry = `schemathesis-${createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12)}`;
  return firstThatWorks(
    'Schemathesis',
    [
      { name: 'SCHEMATHESIS_PATH', find: () => namedBy('SCHEMATHESIS_PATH') },
      { name: 'installed earlier', find: () => cached(entry, FILE) },
      { name: 'Python and pip', find: () => install(entry) },
      { name: 'Python and pip, with Python as a package of Debian', find: () => installWithPython(entry) },
    ],
    [
      'install Python 3.11 or newer with its module venv, and let pip reach a package index',
      'on Debian or Ubuntu, run this as root with its packages in reach, or run `apt-get install python3-venv` yourself',
      'install Schemathesis and name it in SCHEMATHESIS_PATH',
    ],
  );
}

async function installWithPython(entry: string): Promise<string | null> {
  return (await installWithApt('python3', 'python3-venv')) ? install(entry) : null;
}

async function install(entry: string): Promise<string | null> {
  const python = await onPath('python3');
  if (!python) return null;
  await run(python, ['-c', OLDEST_PYTHON]).catch(() => {
    throw new Error(`${python} is older than Python 3.11`);
  });
  return withProgress('Installing Schemathesis, once', () =>
    makeCached(entry, FILE, async (directory) => {
      await run(python, ['-m', 'venv', join(directory, 'venv')]);
      const pip = ['-m', 'pip', 'install', '--quiet', '--require-hashes', '--requirement', REQUIREMENTS];
      await run(join(directory, 'venv/bin/python'), pip);
      await writeFile(join(directory, FILE), SCRIPT);
      await chmod(join(directory, FILE), 0o755);
    }),
  );
}

/** The one that pip makes has the path in it where it was made. */
const SCRIPT = `#!/bin/sh
exec "$(dirname "$0")/venv/bin/python" -c 'from schemathesis.cli import schemathesis; schemathesis()' "$@"
`;
