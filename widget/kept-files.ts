/**
 * Keeps the contents of chosen files until they are sent, in IndexedDB: so a reload loses none. Where the browser
 * keeps nothing they live as long as the page.
 */

import { KEPT_FOR_MS } from './chat';

const DATABASE = 'podium-webchat';
const FILES = 'files';

interface Kept {
  file: Blob;
  /** Unix milliseconds. */
  at: number;
}

export class KeptFiles {
  private readonly inPage = new Map<string, Blob>();
  private database: Promise<IDBDatabase | null> | null = null;

  /** @param prefix of the store; its files are kept under it */
  constructor(private readonly prefix: string) {}

  async keep(id: string, file: Blob): Promise<void> {
    this.inPage.set(id, file);
    await this.run('readwrite', (files) =>
      files.put({ file, at: Date.now() } satisfies Kept, this.prefix + id),
    );
  }

  /** Null when it is not here any more, and has to be chosen again. */
  async get(id: string): Promise<Blob | null> {
    return this.inPage.get(id) ?? (await this.keptUnder(this.prefix + id))?.file ?? null;
  }

  async drop(id: string): Promise<void> {
    this.inPage.delete(id);
    await this.dropKey(this.prefix + id);
  }

  /** All of this store but those needed, and the old ones of other stores. @param needed asked for their ids once it is known which there are */
  async dropOthers(needed: () => string[]): Promise<void> {
    const keys = await this.run('readonly', (files) => files.getAllKeys() as IDBRequest<string[]>);
    const wanted = new Set(needed().map((id) => this.prefix + id));
    for (const key of keys ?? []) {
      if (!key.startsWith(this.prefix)) await this.dropIfOld(key);
      else if (!wanted.has(key)) await this.drop(key.slice(this.prefix.length));
    }
  }

  private async dropIfOld(key: string): Promise<void> {
    const at = (await this.keptUnder(key))?.at ?? 0;
    if (Date.now() - at > KEPT_FOR_MS) await this.dropKey(key);
  }

  private async keptUnder(key: string): Promise<Kept | null> {
    return (await this.run('readonly', (files) => files.get(key) as IDBRequest<Kept | undefined>)) ?? null;
  }

  private async dropKey(key: string): Promise<void> {
    await this.run('readwrite', (files) => files.delete(key));
  }

  private async run<T>(
    mode: IDBTransactionMode,
    ask: (files: IDBObjectStore) => IDBRequest<T>,
  ): Promise<T | null> {
    const database = await (this.database ??= openDatabase());
    if (!database) return null;
    try {
      return await settled(ask(database.transaction(FILES, mode).objectStore(FILES)));
    } catch {
      return null; // full, or forbidden meanwhile
    }
  }
}

async function openDatabase(): Promise<IDBDatabase | null> {
  try {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(FILES);
    return await settled(opening);
  } catch {
    return null;
  }
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB does not say why.'));
  });
}
