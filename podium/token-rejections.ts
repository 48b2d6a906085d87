/**
 * What it means that Podium rejects an access token: that it is out of date, that an endpoint errs, or that all of them
 * are worth nothing.
 */
import type { Logger } from 'pino';

/** So many new tokens are rejected one after the other before everybody waits as for a refusal. */
const IN_A_ROW = 3;
/** So long an endpoint has no second token renewed that others accept. */
const ENDPOINT_AGAIN_MS = 600_000;

export class TokenRejections {
  private lastAccepted: string | null = null;
  private lastCounted: string | null = null;
  private inARow = 0;
  /** By endpoint, what it rejected when it last had a token renewed; until it accepts one. */
  private readonly endpoints = new Map<string, { token: string; at: number; isTold: boolean }>();

  constructor(private readonly logger: Logger) {}

  accepted(token: string, endpoint: string): void {
    this.lastAccepted = token;
    this.endpoints.delete(endpoint);
  }

  /**
   * An endpoint that rejects two tokens in turn, where others accept the second, would do so all day, and use up one at
   * each call.
   */
  isEndpointsFault(rejected: string, endpoint: string): boolean {
    const before = this.endpoints.get(endpoint);
    const isFresh = before !== undefined && Date.now() < before.at + ENDPOINT_AGAIN_MS;
    if (before?.token === rejected && isFresh) return false;
    if (!isFresh || rejected !== this.lastAccepted) {
      this.endpoints.set(endpoint, { token: rejected, at: Date.now(), isTold: false });
      return false;
    }
    if (!before.isTold)
      this.logger.warn({ endpoint }, 'Podium rejects tokens at an endpoint that others accept');
    before.isTold = true;
    return true;
  }

  /**
   * Podium may give tokens all day that it does not accept then.
   * @returns whether it is so, and nobody may ask for one for a while
   */
  areAllWorthless(rejected: string): boolean {
    if (rejected === this.lastCounted) return false;
    this.lastCounted = rejected;
    this.inARow = rejected === this.lastAccepted ? 0 : this.inARow + 1;
    if (this.inARow < IN_A_ROW) return false;
    this.inARow = 0;
    return true;
  }
}
