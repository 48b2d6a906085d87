import { existsSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import type { SavedWorld, World } from './world';

/** How long changes are gathered before they are written. */
const GATHER_MS = 500;

/** What the file holds; an empty world when there is none yet. Throws when it cannot be read. */
export function readState(path: string | null): Partial<SavedWorld> {
  if (path === null || !existsSync(path)) return {};
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as SavedWorld;
  } catch (error) {
    throw new Error(`The simulator's state file ${path} cannot be read; delete it to begin anew.`, {
      cause: error,
    });
  }
}

/**
 * Keeps the world in a file. Each write goes to a temporary name first and is then moved into place, so
 * that a crash leaves either the old state or the new one.
 */
export class StateFile {
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();
  private readonly unwatch: () => void;

  constructor(
    private readonly path: string,
    private readonly world: World,
  ) {
    this.unwatch = world.watch(({ kind }) => {
      if (kind !== 'call' && kind !== 'settings')
        this.timer ??= setTimeout(() => void this.save(), GATHER_MS);
    });
  }

  /** Writes now. Writes never overlap. */
  save(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.writing = this.writing.then(() => this.write());
    return this.writing;
  }

  /** The last write. */
  async close(): Promise<void> {
    this.unwatch();
    await this.save();
  }

  private async write(): Promise<void> {
    const temporary = `${this.path}.new`;
    await writeFile(temporary, JSON.stringify(this.world), { mode: 0o600 });
    await rename(temporary, this.path);
  }
}
