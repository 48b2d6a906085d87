/** Podium's limits over all processes: which endpoints are paused, and how many calls go out beside the queue. */
import { RateLimiterPostgres, type RateLimiterRes } from 'rate-limiter-flexible';
import { outsideCallsWindow } from '../core/call-rates';
import type { Pool } from './database';

/** A call outside of the queue waits for its turn for so long: for the next window and a moment. */
const PATIENCE_MS = 15_000;

/** An endpoint that Podium wants no calls to. */
export interface EndpointPause {
  /** Method and path without ids, as `POST /v4/messages`. */
  endpoint: string;
  /** What is left of it. */
  seconds: number;
}

/**
 * Limits that hold for all processes on this database together.
 * @param requestsPerMinute Podium's limit, of which the queue has its own part
 */
export function callLimits(pool: Pool, requestsPerMinute: number) {
  return { share: callsOutsideQueue(pool, requestsPerMinute), pauses: endpointPauses(pool) };
}

function callsOutsideQueue(pool: Pool, requestsPerMinute: number) {
  const { calls, seconds } = outsideCallsWindow(requestsPerMinute);
  const limiter = new RateLimiterPostgres({
    storeClient: pool,
    storeType: 'pool',
    tableName: 'podium_calls',
    tableCreated: true,
    clearExpiredByTimeout: false, // one row, used for ever
    points: calls,
    duration: seconds,
  });
  return {
    patienceMs: PATIENCE_MS,
    /** Takes one call. @returns 0, or in how many ms to ask again when none is left now */
    async take(): Promise<number> {
      try {
        await limiter.consume('outside the queue');
        return 0;
      } catch (refused) {
        if (refused instanceof Error) throw refused;
        return Math.max((refused as RateLimiterRes).msBeforeNext, 1);
      }
    },
  };
}

/** By Postgres's clock, so that all processes mean the same. */
function endpointPauses(pool: Pool) {
  return {
    /** How much longer an endpoint is paused, in ms; 0 when it is not. */
    async remaining(endpoint: string): Promise<number> {
      const { rows } = await pool.query<{ ms: number }>(
        `select ceil(extract(epoch from until - now()) * 1000)::float8 as ms
           from podium_pauses where endpoint = $1 and until > now()`,
        [endpoint],
      );
      return rows[0]?.ms ?? 0;
    },

    /** Pauses an endpoint for so long from now; never shortens a pause. @returns whether one begins with it */
    async pause(endpoint: string, ms: number): Promise<boolean> {
      const { rows } = await pool.query<{ begins: boolean }>(
        `insert into podium_pauses as known (endpoint, began_at, until)
         values ($1, now(), now() + $2 * interval '1 millisecond')
         on conflict (endpoint) do update set
           began_at = case when known.until > now() then known.began_at else excluded.began_at end,
           until = greatest(known.until, excluded.until)
         returning began_at = now() as begins`,
        [endpoint, ms],
      );
      return rows[0]!.begins;
    },
  };
}

/** The pauses that last. */
export async function activePauses(pool: Pool): Promise<EndpointPause[]> {
  const { rows } = await pool.query<EndpointPause>(
    `select endpoint, extract(epoch from until - now())::float8 as seconds
       from podium_pauses where until > now() order by endpoint`,
  );
  return rows;
}
