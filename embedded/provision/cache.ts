/** Where provisioned programs live: outside the checkout, keyed by version, whole or not at all. */
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

function cacheDirectory(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'podium-webchat');
}

/** The path of `file` within the cached `entry`, or null when it was never made. */
export async function cached(entry: string, file: string): Promise<string | null> {
  const path = join(cacheDirectory(), entry, file);
  return stat(path).then(
    () => path,
    () => null,
  );
}

/**
 * Makes a cache entry: `make` fills a temporary directory, which is then moved into place. A broken
 * run leaves nothing half-made, and of two runs at once the first one's work is used by both.
 * @returns the path of `file` within the entry
 */
export async function makeCached(
  entry: string,
  file: string,
  make: (directory: string) => Promise<void>,
): Promise<string> {
  const cache = cacheDirectory();
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, `.${entry}-`));
  try {
    await make(work);
    await stat(join(work, file));
    await rename(work, join(cache, entry)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return join(cache, entry, file);
}
