import type { Logger } from 'pino';
import { z } from 'zod';
import { PodiumError } from './api';
import { exchange, refusal, unreadable, type Exchange } from './http';

/** Where the refresh token is kept between processes. Podium may give a new one with each access token. */
export interface RefreshTokenStore {
  /** Runs the work while no other process does: a token that was replaced is worth nothing to the next one. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  load(): Promise<string | null>;
  save(token: string): Promise<void>;
}

export interface AccessTokens {
  /** A token that is good as far as we know. */
  current(): Promise<string>;
  /** Another token than the one that Podium has just rejected. */
  renewed(rejected: string): Promise<string>;
}

export interface AccessTokenOptions {
  tokenUrl: string;
  clientId: string;
  clientSecret: string;
  /** The one of the environment, for the first time, and for when an operator has authorized anew. */
  refreshToken: string | null;
  store: RefreshTokenStore;
  timeoutMs: number;
  logger: Logger;
}

/** An access token is renewed in its last tenth, at most five minutes before its end. */
const EARLY_MS = 300_000;

/** OAuth leaves `expires_in` optional; an hour is the shortest that anyone says of Podium. */
const grantSchema = z.object({
  access_token: z.string().min(1),
  expires_in: z.coerce.number().positive().catch(3_600),
  refresh_token: z.string().min(1).nullable().catch(null),
});
type Grant = z.infer<typeof grantSchema>;

/**
 * Access tokens by OAuth's refresh grant. One renewal is under way at a time in a process; several
 * processes share the refresh token through its store. A renewal that is merely early does not hold up
 * calls, and may fail.
 *
 * Both methods throw a `PodiumError`: of kind `unauthenticated` when no refresh token is accepted.
 */
export function createAccessTokens(options: AccessTokenOptions): AccessTokens {
  const { store, logger } = options;
  let held: { token: string; renewAt: number; expiresAt: number } | null = null;
  let renewal: Promise<string> | null = null;
  /** A new refresh token that the store did not take: the only copy there is. */
  let unsaved: string | null = null;

  const renew = () => (renewal ??= store.exclusively(refresh).finally(() => (renewal = null)));

  async function refresh(): Promise<string> {
    const { grant, used } = await firstGrant();
    if (grant.refresh_token !== null && grant.refresh_token !== used) await keep(grant.refresh_token);
    const lifeMs = grant.expires_in * 1000;
    const expiresAt = Date.now() + lifeMs;
    held = { token: grant.access_token, renewAt: expiresAt - Math.min(EARLY_MS, lifeMs / 10), expiresAt };
    logger.debug({ expiresInSeconds: grant.expires_in }, 'access token renewed');
    return held.token;
  }

  /** The latest token that we know of first; the environment's last, since it may be the oldest or the newest. */
  async function firstGrant(): Promise<{ grant: Grant; used: string }> {
    const known = [unsaved, await store.load(), options.refreshToken].filter((token) => token !== null);
    for (const used of new Set(known)) {
      const grant = await requestGrant(options, used);
      if (grant) return { grant, used };
    }
    throw new PodiumError(
      'unauthenticated',
      'Podium accepts no refresh token. Authorize the application again and set PODIUM_REFRESH_TOKEN.',
      { mayHaveHappened: false },
    );
  }

  async function keep(refreshToken: string): Promise<void> {
    unsaved = refreshToken;
    try {
      await store.save(refreshToken);
      unsaved = null;
    } catch (error) {
      logger.error(
        { err: error },
        'the new refresh token could not be stored; it is tried again with the next call',
      );
    }
  }

  return {
    async current() {
      if (unsaved !== null) await keep(unsaved);
      if (held === null || Date.now() >= held.expiresAt) return renew();
      if (Date.now() >= held.renewAt) {
        renew().catch((error: unknown) =>
          logger.warn({ err: error }, 'access token could not be renewed early'),
        );
      }
      return held.token;
    },
    async renewed(rejected) {
      return held !== null && held.token !== rejected ? held.token : renew();
    },
  };
}

/** The grant for a refresh token, or null when Podium refuses that token. */
async function requestGrant(options: AccessTokenOptions, refreshToken: string): Promise<Grant | null> {
  const request: Exchange = {
    operation: 'renew the access token',
    writes: false, // nothing that a caller would have to look for
    url: new URL(options.tokenUrl),
    init: {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      // Podium documents both JSON and a form; its own samples send JSON.
      body: JSON.stringify({
        grant_type: 'refresh_token',
        client_id: options.clientId,
        client_secret: options.clientSecret,
        refresh_token: refreshToken,
      }),
    },
    timeoutMs: options.timeoutMs,
  };
  const answer = await exchange(request);
  if (answer.status === 400 || answer.status === 401 || answer.status === 403) return null;
  if (!answer.ok) throw refusal(request, answer);
  const grant = grantSchema.safeParse(answer.body);
  if (!grant.success) throw unreadable(request, answer);
  return grant.data;
}
