/**
 * What this browser keeps of a chat with one store: in localStorage, under keys of its own for each server and
 * store. Where the browser keeps nothing (blocked or full storage) it lives as long as the page.
 */
import { isWaiting, KEPT_FOR_MS, type Draft, type Entry, type Identity } from './chat';

/** The parts are kept apart, so that tabs of one store do not undo each other's. */
export interface ChatParts {
  /** What was typed and is not sent. */
  draft: Draft;
  /** Who writes. */
  identity: Identity;
  /** What was written and replied, in the order in which it came. */
  entries: Entry[];
}

type Part = keyof ChatParts;

interface Kept {
  /** Unix milliseconds of the last change. */
  at: number;
  value: unknown;
}

const PREFIX = 'podium-webchat:';
const PARTS: readonly Part[] = ['draft', 'identity', 'entries'];

/** Tells of changes within the page; the browser tells of those by other tabs. */
const changes = new EventTarget();

export class ChatStore {
  /** Also the name of the lock under which one tab sends, and of what is kept of its files. */
  readonly name: string;
  /** What the browser would not take. */
  private readonly unkept = new Map<string, string>();

  /** @param widgetUrl the same for all pages of one server. @param storage null where it is blocked */
  constructor(
    widgetUrl: string,
    locationUid: string,
    private readonly storage: Storage | null = browserStorage(),
    private readonly now: () => number = Date.now,
  ) {
    this.name = `${PREFIX}${widgetUrl}:${locationUid}:`;
    this.forgetOld();
  }

  read<P extends Part>(part: P): ChatParts[P] | null {
    return (this.keptUnder(this.name + part)?.value ?? null) as ChatParts[P] | null;
  }

  /** Changes what is there now, which another tab may have written. @returns what is there then */
  update<P extends Part>(part: P, change: (value: ChatParts[P] | null) => ChatParts[P]): ChatParts[P] {
    const value = change(this.read(part));
    this.keep(this.name + part, { at: this.now(), value });
    this.tell();
    return value;
  }

  /** Forgets this chat: nothing of it is left in this browser. */
  clear(): void {
    for (const part of PARTS) this.drop(this.name + part);
    this.tell();
  }

  /** @param listener called after each change, also by another tab. @returns ends it */
  listen(listener: () => void): () => void {
    changes.addEventListener(this.name, listener);
    const onStorage = ({ key }: StorageEvent) => {
      if (key === null || key.startsWith(this.name)) listener();
    };
    addEventListener('storage', onStorage);
    return () => {
      changes.removeEventListener(this.name, listener);
      removeEventListener('storage', onStorage);
    };
  }

  private tell(): void {
    changes.dispatchEvent(new Event(this.name));
  }

  private keptUnder(key: string): Kept | null {
    try {
      const json = this.unkept.get(key) ?? this.storage?.getItem(key) ?? 'null';
      const kept = JSON.parse(json) as Kept | null;
      return typeof kept?.at === 'number' ? kept : null;
    } catch {
      return null; // of another program, or cut off
    }
  }

  private keep(key: string, kept: Kept): void {
    const json = JSON.stringify(kept);
    try {
      if (!this.storage) throw new Error('There is no storage.');
      this.storage.setItem(key, json);
      this.unkept.delete(key);
    } catch {
      this.unkept.set(key, json);
    }
  }

  private drop(key: string): void {
    this.unkept.delete(key);
    this.storage?.removeItem(key);
  }

  /** Of all stores. What waits to be sent stays, however old: it becomes a draft again. */
  private forgetOld(): void {
    for (const key of Object.keys(this.storage ?? {}).filter((name) => name.startsWith(PREFIX))) {
      const kept = this.keptUnder(key);
      const waits = Array.isArray(kept?.value) && (kept.value as Entry[]).some(isWaiting);
      if (!kept || (this.now() - kept.at > KEPT_FOR_MS && !waits)) this.drop(key);
    }
  }
}

/** Null where the browser forbids it. */
function browserStorage(): Storage | null {
  try {
    const { localStorage } = globalThis;
    localStorage.getItem(PREFIX);
    return localStorage;
  } catch {
    return null;
  }
}
