/**
 * Sends what the customer has written, one message after the other in the order in which it was written, until
 * the server has taken it or refused it. Texts and files have an outbox each: a text, as STOP, never waits behind
 * a file that is stuck; a file waits for the texts before it. It waits in the browser's storage, so it survives a reload; and its id
 * stays the same, so that a retry whose first attempt had come through counts for nothing.
 */
import { backoffMs } from './backoff';
import { isGivenUp, isOld, isWaiting, type Entry, type OwnMessage } from './chat';
import { complain } from './console';
import type { Outcome } from './delivery';
import type { ChatStore } from './store';

export type WaitingMessage = Extract<Entry, { kind: 'own' }> & {
  envelope: NonNullable<OwnMessage['envelope']>;
};

export interface OutboxParts {
  sends: 'texts' | 'files';
  store: ChatStore;
  /** One attempt. Never rejects. */
  deliver: (message: WaitingMessage) => Promise<Outcome>;
  /** Runs it in one tab of the browser at a time. */
  exclusively: (work: () => Promise<void>) => Promise<void>;
  onSettled: (message: WaitingMessage, outcome: Outcome) => void;
}

/** The plain words for it, which leave before whatever else is stuck. The server knows many more. */
const STOP = /^\W*(stop|stopall|unsubscribe|arr[eê]te?r?|alto|baja)\W*$/i;

const SENT = { status: 'sent', envelope: null } as const;

export class Outbox {
  /** Attempts that failed in a row. */
  failures = 0;
  /** Ids of what the server has taken from this page. */
  private readonly sent = new Set<string>();
  private work: Promise<void> = Promise.resolve();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private ended = false;

  constructor(private readonly parts: OutboxParts) {}

  /** Sends what waits. To be called when there is something new, or a hope that it works now. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.work = this.work.then(() => this.parts.exclusively(() => this.sendWaiting().catch(this.onBroken)));
    return this.work;
  }

  /**
   * What is kept has changed. Another tab that had not heard yet of what was sent here has perhaps written it back as
   * waiting, for which nobody would look any more.
   */
  onStored(): void {
    if (this.sent.size === 0) return;
    const isUndone = (entry: Entry) => isWaiting(entry) && this.sent.has(entry.id);
    const { store } = this.parts;
    if (!store.read('entries')?.some(isUndone)) return;
    store.update('entries', (entries) =>
      (entries ?? []).map((entry) => (isUndone(entry) ? { ...(entry as OwnMessage), ...SENT } : entry)),
    );
  }

  end(): void {
    this.ended = true;
    clearTimeout(this.timer);
  }

  private async sendWaiting(): Promise<void> {
    while (!this.ended) {
      const message = this.next();
      if (!message) return;
      const hold = message.notBefore - Date.now();
      if (hold > 0) return this.flushIn(hold);
      const { id } = message;
      const outcome = await this.parts.deliver(message);
      if (!this.waiting().some((other) => other.id === id)) continue; // taken out meanwhile
      this.settle(message, outcome);
      if (outcome.kind === 'later') return this.flushIn(outcome.afterMs ?? backoffMs(this.failures));
    }
  }

  /** A defect of one attempt must not end all later ones. */
  private readonly onBroken = (error: unknown): void => {
    complain(`a message could not be sent: ${String(error)}`);
    this.flushIn(backoffMs(++this.failures));
  };

  private next(): WaitingMessage | undefined {
    const waiting = this.waiting();
    const texts = waiting.filter(({ file }) => !file);
    if (this.parts.sends === 'texts') return texts.find(({ body }) => STOP.test(body)) ?? texts[0];
    const file = waiting.find((message) => message.file && !isGivenUp(message));
    return file && texts.every((text) => waiting.indexOf(text) > waiting.indexOf(file)) ? file : undefined;
  }

  private waiting(): WaitingMessage[] {
    return (this.parts.store.read('entries') ?? []).filter(isWaiting).filter((entry) => !isOld(entry));
  }

  private settle(message: WaitingMessage, outcome: Outcome): void {
    this.failures = outcome.kind === 'later' ? this.failures + 1 : 0;
    if (outcome.kind === 'accepted') this.sent.add(message.id);
    this.parts.store.update('entries', (entries) =>
      (entries ?? []).map((entry) =>
        entry.id === message.id ? { ...message, ...changeBy(outcome, message) } : entry,
      ),
    );
    this.parts.onSettled(message, outcome);
  }

  private flushIn(ms: number): void {
    clearTimeout(this.timer);
    if (!this.ended) this.timer = setTimeout(() => void this.flush(), ms);
  }
}

function changeBy(outcome: Outcome, { cutOffs }: OwnMessage): Partial<OwnMessage> {
  switch (outcome.kind) {
    case 'accepted':
      return SENT;
    case 'refused':
      return { status: 'refused', refusal: outcome.refusal, envelope: null };
    case 'later':
      return {
        notBefore: outcome.afterMs === null ? 0 : Date.now() + outcome.afterMs,
        cutOffs: outcome.reason === 'cut' ? cutOffs + 1 : cutOffs,
      };
  }
}

/** Where the browser has no locks, each tab sends; the server counts a message once all the same. */
export function underLock(name: string): OutboxParts['exclusively'] {
  return async (work) => {
    const { locks } = navigator as Partial<Navigator>;
    if (!locks) return work();
    let held = false;
    const workHeld = () => {
      held = true;
      return work();
    };
    try {
      await locks.request(name, workHeld);
    } catch (error) {
      if (held) throw error;
      await work(); // a page in a sandbox has no right to locks
    }
  };
}
