/** What stands before every call: how many may be made, and what Podium has paused. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { PodiumError } from './api';

/** Kept by all processes together, so that Podium's limits hold for the whole fleet. */
export interface CallLimits {
  share: CallShare;
  pauses: EndpointPauses;
}

/** The calls that may be made. */
export interface CallShare {
  /** Takes one call. @returns 0, or in how many ms to ask again when none is left now */
  take(): Promise<number>;
  /** How long a call waits for its turn at most, in ms; then it fails as `throttled`. */
  patienceMs: number;
}

/** Endpoints that Podium has answered 429. */
export interface EndpointPauses {
  /** How much longer an endpoint is paused, in ms; 0 when it is not. */
  remaining(endpoint: string): Promise<number>;
  /** Pauses an endpoint for so long from now; never shortens a pause. @returns whether one begins with it */
  pause(endpoint: string, ms: number): Promise<boolean>;
}

export interface Gate {
  /** Waits for a turn. @throws PodiumError of kind `throttled`, with the time to wait, when there is none */
  pass(call: { operation: string; endpoint: string }): Promise<void>;
  /** Podium has answered 429: nobody calls this endpoint for so long. */
  close(endpoint: string, ms: number): Promise<void>;
}

export function createGate({ share, pauses }: CallLimits, logger: Logger): Gate {
  return {
    async pass({ operation, endpoint }) {
      const patienceEnds = Date.now() + share.patienceMs;
      for (;;) {
        const pausedMs = await pauses.remaining(endpoint);
        if (pausedMs > 0) throw throttled(`${operation}: Podium has paused this call.`, pausedMs);
        const waitMs = await share.take();
        if (waitMs === 0) return;
        if (Date.now() + waitMs > patienceEnds)
          throw throttled(`${operation}: there are too many calls just now.`, waitMs);
        await sleep(waitMs);
      }
    },

    async close(endpoint, ms) {
      try {
        const begins = await pauses.pause(endpoint, ms);
        if (begins)
          logger.warn({ endpoint, seconds: ms / 1000 }, 'Podium wants no calls to an endpoint for now');
      } catch (error) {
        // The caller hears of the 429 all the same, and waits.
        logger.error(
          { err: error, endpoint },
          'A pause that Podium wants could not be told to the other processes',
        );
      }
    },
  };
}

function throttled(message: string, retryAfterMs: number): PodiumError {
  return new PodiumError('throttled', message, { retryAfterMs, mayHaveHappened: false });
}

/**
 * What Podium counts and limits by itself: a method and a path, with `{id}` for whatever stands for one
 * thing among many. Podium's own words are small letters; ids and phones never are.
 */
export function endpointOf({ method, path }: { method: string; path: string }): string {
  const parts = path.split('/').map((part) => (/^([a-z_]*|v4)$/.test(part) ? part : '{id}'));
  return `${method} ${parts.join('/')}`;
}
