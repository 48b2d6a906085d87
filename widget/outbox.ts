/**
 * Sends what the customer has written, one message after the other in the order in which it was written, until
 * the server has taken it or refused it. It waits in the browser's storage, so it survives a reload; and its id
 * stays the same, so that a retry whose first attempt had come through counts for nothing.
 */
import { backoffMs } from './backoff';
import { isWaiting, type Entry, type OwnMessage } from './chat';
import type { Outcome } from './delivery';
import type { ChatStore } from './store';

export type WaitingMessage = Extract<Entry, { kind: 'own' }> & {
  envelope: NonNullable<OwnMessage['envelope']>;
};

export interface OutboxParts {
  store: ChatStore;
  /** One attempt. Never rejects. */
  deliver: (message: WaitingMessage) => Promise<Outcome>;
  /** Runs it in one tab of the browser at a time. */
  exclusively: (work: () => Promise<void>) => Promise<void>;
  onSettled: (message: WaitingMessage, outcome: Outcome) => void;
}

export class Outbox {
  /** Attempts that failed in a row. */
  failures = 0;
  private work: Promise<void> = Promise.resolve();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private ended = false;

  constructor(private readonly parts: OutboxParts) {}

  /** Sends what waits. To be called when there is something new, or a hope that it works now. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.work = this.work.then(() => this.parts.exclusively(() => this.sendWaiting()));
    return this.work;
  }

  end(): void {
    this.ended = true;
    clearTimeout(this.timer);
  }

  private async sendWaiting(): Promise<void> {
    while (!this.ended) {
      const [message] = this.waiting();
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

  private waiting(): WaitingMessage[] {
    return (this.parts.store.read('entries') ?? []).filter(isWaiting);
  }

  private settle(message: WaitingMessage, outcome: Outcome): void {
    this.failures = outcome.kind === 'later' ? this.failures + 1 : 0;
    this.parts.store.update('entries', (entries) =>
      (entries ?? []).map((entry) =>
        entry.id === message.id ? { ...message, ...changeBy(outcome) } : entry,
      ),
    );
    this.parts.onSettled(message, outcome);
  }

  private flushIn(ms: number): void {
    clearTimeout(this.timer);
    if (!this.ended) this.timer = setTimeout(() => void this.flush(), ms);
  }
}

function changeBy(outcome: Outcome): Partial<OwnMessage> {
  switch (outcome.kind) {
    case 'accepted':
      return { status: 'sent', envelope: null };
    case 'refused':
      return { status: 'refused', refusal: outcome.refusal, envelope: null };
    case 'later':
      return { notBefore: outcome.afterMs === null ? 0 : Date.now() + outcome.afterMs };
  }
}

/** Where the browser has no locks, each tab sends; the server counts a message once all the same. */
export function underLock(name: string): OutboxParts['exclusively'] {
  return async (work) => {
    const { locks } = navigator as Partial<Navigator>;
    if (!locks) return work();
    try {
      await locks.request(name, work);
    } catch {
      await work(); // a page in a sandbox has no right to locks
    }
  };
}
