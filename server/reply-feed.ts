/**
 * Tells browsers of replies as they come. One look a second at the database serves all browsers of this server, and
 * none is made while nobody listens.
 */
import type { Logger } from 'pino';
import type { Pool } from '../store/database';
import { blocksAmong } from '../store/opt-out-states';
import { conversationStates, type ConversationState } from '../store/widget-conversations';
import { Outage } from './outage';

const EVERY_MS = 1_000;

/** Where a browser's conversation stands, with what it has to know of the phone. */
export type Standing = ConversationState & { optedOut: boolean };

export interface Listener {
  conversationId: number;
  /** Returns once what is new has been shown. */
  show(standing: Standing): Promise<void>;
  /** Nothing will come any more. */
  end(): void;
}

export class ReplyFeed {
  private readonly listeners = new Set<Listener>();
  private readonly outage: Outage;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private readonly pool: Pool,
    logger: Logger,
  ) {
    this.outage = new Outage('The replies for browsers', logger);
  }

  /** Where a conversation stands now. */
  async standing(state: ConversationState): Promise<Standing> {
    const blocks = await blocksAmong(this.pool, [state.phone]);
    return { ...state, optedOut: blocks.get(state.phone) === 'opted_out' };
  }

  /** @returns to be called when the listener is gone */
  follow(listener: Listener): () => void {
    if (this.stopped) listener.end();
    else this.listeners.add(listener);
    this.lookLater();
    return () => this.listeners.delete(listener);
  }

  /** Ends all that listen. */
  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    for (const listener of this.listeners) listener.end();
    this.listeners.clear();
  }

  private lookLater(): void {
    if (this.timer || this.stopped || this.listeners.size === 0) return;
    this.timer = setTimeout(() => void this.look(), EVERY_MS);
  }

  private async look(): Promise<void> {
    try {
      await this.showAll([...this.listeners]);
      this.outage.ends();
    } catch (error) {
      this.outage.begins(error); // the next look shows what this one could not
    }
    this.timer = undefined;
    this.lookLater();
  }

  private async showAll(listeners: Listener[]): Promise<void> {
    const states = await conversationStates(
      this.pool,
      listeners.map(({ conversationId }) => conversationId),
    );
    const blocks = await blocksAmong(
      this.pool,
      states.map(({ phone }) => phone),
    );
    const standings = new Map(
      states.map((state) => [state.id, { ...state, optedOut: blocks.get(state.phone) === 'opted_out' }]),
    );
    await Promise.all(
      listeners.map(async (listener) => {
        const standing = standings.get(listener.conversationId);
        if (standing) await listener.show(standing);
        else listener.end(); // its person was erased
      }),
    );
  }
}
