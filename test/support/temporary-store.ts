/** A file store in a folder that goes with the test. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FileStore } from '../../store/files/file-store';
import { folderStore } from '../../store/files/folder';

export interface TemporaryStore {
  files: FileStore;
  folder: string;
  /** Names of the contents that it holds. */
  contents(): Promise<string[]>;
  remove(): Promise<void>;
}

export async function temporaryStore(): Promise<TemporaryStore> {
  const folder = await mkdtemp(join(tmpdir(), 'files-'));
  return {
    folder,
    files: await folderStore(folder),
    contents: async () => (await readdir(folder)).filter((name) => name !== 'incoming'),
    remove: () => rm(folder, { recursive: true }),
  };
}
