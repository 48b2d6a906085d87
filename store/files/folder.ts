/** Files in a folder, which server and workers share. */
import { createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { AUDIT_HEADS, FileMissing, type FileStore } from './file-store';

const ONLY_OURS = 0o600;
const OUR_FOLDER = 0o700;

/** What a process was writing when it was killed is rubbish by then. */
const RUBBISH_AFTER_MS = 24 * 60 * 60 * 1000;

/** Makes the folder. */
export async function folderStore(path: string): Promise<FileStore> {
  const incoming = join(path, 'incoming');
  await mkdir(incoming, { recursive: true, mode: OUR_FOLDER });
  const placeOf = (id: string) => join(path, checkedId(id));

  return {
    async put(id, content) {
      const place = placeOf(id);
      const unfinished = join(incoming, randomUUID());
      try {
        await pipeline(content, createWriteStream(unfinished, { flags: 'wx', mode: ONLY_OURS, flush: true }));
        await rename(unfinished, place);
        await sync(path);
      } catch (error) {
        content.destroy();
        await rm(unfinished, { force: true });
        throw error;
      }
    },
    async open(id) {
      try {
        return (await open(placeOf(id), 'r')).createReadStream();
      } catch (error) {
        throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? new FileMissing() : error;
      }
    },
    delete: (id) => rm(placeOf(id), { force: true }),
    removeUnfinished: () => removeRubbish(incoming),
  };
}

/** A name that is safe in a path and in a bucket. */
export function checkedId(id: string): string {
  if (id === AUDIT_HEADS) return id;
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) throw new Error('The id of a file is a UUID.');
  return id;
}

/** The new name is on the disk, too. */
async function sync(folder: string): Promise<void> {
  if (process.platform === 'win32') return; // opens no folders
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function removeRubbish(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const file = join(folder, name);
    const written = await stat(file).catch(() => null); // somebody else may have ended it
    if (written && Date.now() - written.mtimeMs > RUBBISH_AFTER_MS) await rm(file, { force: true });
  }
}
