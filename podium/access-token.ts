import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import { TokensBusy, type AccessToken, type TokenGrant, type TokenState } from '../core/tokens';
import { PodiumError } from './api';
import { requestGrant, type OAuthClient } from './oauth';
import { TokenRejections } from './token-rejections';

/** Where tokens are kept for all processes, and who may ask for new ones. */
export interface TokenStore {
  /**
   * Runs the work while no other process does: a refresh token that was replaced is worth nothing to the next one.
   * @throws {TokensBusy} when another process is at it for too long
   */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  /** The same, or null at once when another process is at it. */
  unlessHeld<T>(work: () => Promise<T>): Promise<T | null>;
  load(): Promise<TokenState>;
  /** False when there is a newer grant than that, which stays. */
  saveGrant(grant: TokenGrant, after: number): Promise<boolean>;
  /** False when there is a newer grant than that: then what was refused is out of date. */
  saveRefusal(refusal: { code: string; tokens: string[]; until: Date }, after: number): Promise<boolean>;
  savePause(until: Date): Promise<void>;
  /** A pause as well: what Podium gives it does not accept, which an operator has to see. */
  saveRejection(until: Date): Promise<void>;
}

export interface AccessTokens {
  /**
   * A token that is good as far as we know.
   * @param forMs for so long at least; shorter where the token's whole life is
   */
  current(forMs?: number): Promise<string>;
  /**
   * Another token than the one that Podium has just rejected at this endpoint; null when it is the endpoint's
   * fault, which rejects what others accept.
   */
  renewed(rejected: string, endpoint: string): Promise<string | null>;
  /** Podium has just accepted this one. */
  accepted(token: string, endpoint: string): void;
}

export interface AccessTokenOptions extends OAuthClient {
  /** The one of the environment, for the first time, and for when an operator has authorized anew. */
  refreshToken: string | null;
  store: TokenStore;
  logger: Logger;
}

/** An access token is renewed in its last tenth, at most five minutes before its end. */
const EARLY_MS = 300_000;
/** When to try again after an early renewal that failed, or that another process is making. */
const EARLY_AGAIN_MS = 10_000;
/** How often Podium is asked again whether it accepts a refresh token that it has refused. */
const REFUSED_AGAIN_MS = 60_000;
/** How long everybody leaves the token endpoint alone when it has had enough and does not say for how long. */
const THROTTLED_MS = 10_000;
/** When a token that the store did not take is offered to it again. */
const STORE_AGAIN_MS = 1_000;

/** A token in memory. Times in ms since 1970. */
interface Held {
  token: string;
  renewAt: number;
  expiresAt: number;
  /** The last tenth of its life, at most `EARLY_MS`. */
  earlyMs: number;
}

/**
 * Access tokens, shared by all processes. As long as the token in memory is good, nothing is read and nobody is
 * asked. After that, one process at a time, under the store's lock, looks whether another one has renewed
 * already, and asks Podium if not; what Podium gives is stored before anybody uses it. A renewal that is
 * merely early does not hold up calls, and may fail.
 *
 * Both methods throw a `PodiumError`, of kind `unauthenticated` when no refresh token is accepted; and what
 * the store throws.
 */
export function createAccessTokens(options: AccessTokenOptions): AccessTokens {
  const { store, logger } = options;
  let held: Held | null = null;
  let renewal: Promise<string> | null = null;
  let earlyAgainAt = 0;
  /** Granted, and not stored yet: nobody may use it, and there is no other copy. */
  let unsaved: { grant: TokenGrant; after: number } | null = null;
  let offer: NodeJS.Timeout | null = null;
  let refused = false;
  /** Rejected by Podium, and none came in its place, since access is refused. */
  let useless: string | null = null;
  const rejections = new TokenRejections(logger);

  const renew = (rejected: string | null) =>
    (renewal ??= store
      .exclusively(() => refresh(rejected ?? useless))
      .catch((error: unknown) => {
        throw error instanceof TokensBusy ? unanswered(error) : error;
      })
      .finally(() => (renewal = null)));

  /** Under the lock: what another process was given, else what Podium gives. */
  async function refresh(rejected: string | null): Promise<string> {
    if (unsaved) await keep(unsaved);
    const stored = await store.load();
    const known = otherThan(rejected, stored);
    if (known) return hold(known);
    if (rejected !== null && stored.access?.token === rejected) await stopWhereAllAreWorthless(rejected);
    const { grant, refusal } = await ask(stored, candidates(stored));
    const isLatest = grant
      ? await keep({ grant: { ...grant, scopes: grant.scopes ?? stored.scopes }, after: stored.grants })
      : await store.saveRefusal(refusal, stored.grants);
    if (!isLatest) return refresh(rejected);
    if (!grant) throw accessRefused(refusal.code);
    logger.debug({ expiresAt: grant.access.expiresAt }, 'access token renewed');
    return hold(toHeld(grant.access));
  }

  /** New tokens that are rejected must not become a flood. */
  async function stopWhereAllAreWorthless(rejected: string): Promise<void> {
    if (!rejections.areAllWorthless(rejected)) return;
    await store.saveRejection(new Date(Date.now() + REFUSED_AGAIN_MS));
    logger.error('Podium rejects every access token that it gives');
    throw throttled(REFUSED_AGAIN_MS);
  }

  /** The refresh tokens to try: the stored one first, the environment's last, since it may be the oldest or the newest. */
  function candidates({ refreshToken, refusedCode, refusedTokens, pausedUntil }: TokenState): string[] {
    const all = [...new Set([refreshToken, options.refreshToken].filter((token) => token !== null))];
    const pauseMs = (pausedUntil?.getTime() ?? 0) - Date.now();
    if (pauseMs <= 0) return all;
    if (refusedCode === null) throw throttled(pauseMs);
    const others = all.filter((token) => !refusedTokens.includes(hashOf(token, options)));
    if (others.length === 0) throw accessRefused(refusedCode);
    return others;
  }

  async function ask(stored: TokenState, refreshTokens: string[]) {
    let code = NONE_YET;
    for (const refreshToken of refreshTokens) {
      const answer = await requestGrant(options, {
        grant_type: 'refresh_token',
        refresh_token: refreshToken,
      }).catch(pauseIfThrottled);
      if ('refused' in answer) {
        code = answer.refused;
        continue;
      }
      return {
        grant: { ...answer.grant, refreshToken: newRefreshToken(stored, refreshToken, answer.grant) },
      };
    }
    const tokens = refreshTokens.map((token) => hashOf(token, options));
    return { grant: null, refusal: { code, tokens, until: new Date(Date.now() + REFUSED_AGAIN_MS) } };
  }

  async function pauseIfThrottled(error: unknown): Promise<never> {
    if (error instanceof PodiumError && error.kind === 'throttled')
      await store.savePause(new Date(Date.now() + (error.details.retryAfterMs ?? THROTTLED_MS)));
    throw error;
  }

  /**
   * Stores a grant. One that the store does not take is offered again until it does.
   * @returns false when there is a newer one, stored by another process
   */
  async function keep(given: NonNullable<typeof unsaved>): Promise<boolean> {
    unsaved = given;
    try {
      const isLatest = await store.saveGrant(given.grant, given.after);
      unsaved = null;
      return isLatest;
    } catch (error) {
      logger.error({ err: error }, 'a new token could not be stored; it is used once it is');
      offerAgain();
      throw error;
    }
  }

  /** Until the store has it: with the store away, what fails is the lock already. */
  function offerAgain(): void {
    offer ??= setTimeout(() => {
      offer = null;
      if (unsaved !== null) renew(null).catch(offerAgain);
    }, STORE_AGAIN_MS).unref();
  }

  /** Nobody calls Podium with it any more: as long as access is refused, every call would be rejected. */
  function drop(rejected: string): void {
    if (held !== null && held.token !== rejected) return;
    held = null;
    useless = rejected;
  }

  function hold(next: Held): string {
    if (refused) logger.info('Podium accepts our access again');
    refused = false;
    useless = null;
    held = next;
    return next.token;
  }

  function accessRefused(code: string): PodiumError {
    const error = new PodiumError('unauthenticated', refusalMessage(code), { code, mayHaveHappened: false });
    if (!refused) logger.error({ code }, error.message);
    refused = true;
    return error;
  }

  function renewEarly(): void {
    if (renewal !== null || Date.now() < earlyAgainAt) return;
    earlyAgainAt = Date.now() + EARLY_AGAIN_MS;
    store
      .unlessHeld(() => refresh(null))
      .catch((error: unknown) => {
        if (!refused) logger.warn({ err: error }, 'access token could not be renewed early');
      });
  }

  return {
    async current(forMs = 0) {
      if (held === null || Date.now() >= held.expiresAt - Math.min(forMs, held.earlyMs)) return renew(null);
      if (Date.now() >= held.renewAt) renewEarly();
      return held.token;
    },
    async renewed(rejected, endpoint) {
      if (held !== null && held.token !== rejected) return held.token;
      if (rejections.isEndpointsFault(rejected, endpoint)) {
        const known = otherThan(rejected, await store.load());
        return known && hold(known);
      }
      return renew(rejected).catch((error: unknown) => {
        if (refused) drop(rejected);
        throw error;
      });
    },
    accepted: (token, endpoint) => rejections.accepted(token, endpoint),
  };
}

/** The refresh token to store with a grant: a new one, or one that works where the stored one did not. */
function newRefreshToken(stored: TokenState, used: string, { refreshToken }: TokenGrant): string | null {
  const next = refreshToken ?? used;
  return next === (stored.refreshToken ?? used) ? null : next;
}

/** What another process was given, as long as it is good. */
function otherThan(rejected: string | null, { access }: TokenState): Held | null {
  const known = access && toHeld(access);
  return known && known.token !== rejected && Date.now() < known.renewAt ? known : null;
}

function toHeld({ token, issuedAt, expiresAt }: AccessToken): Held {
  const earlyMs = Math.min(EARLY_MS, (expiresAt.getTime() - issuedAt.getTime()) / 10);
  return { token, expiresAt: expiresAt.getTime(), renewAt: expiresAt.getTime() - earlyMs, earlyMs };
}

/** Names a refresh token of an application without telling it. */
function hashOf(token: string, { clientId, clientSecret }: OAuthClient): string {
  return createHash('sha256')
    .update(JSON.stringify([clientId, clientSecret, token]))
    .digest('hex');
}

/** The code where nobody has ever authorized the application. */
const NONE_YET = 'no_refresh_token';

function refusalMessage(code: string): string {
  if (code === 'invalid_client')
    return 'Podium does not accept the application (invalid_client). Check PODIUM_CLIENT_ID and PODIUM_CLIENT_SECRET.';
  return code === NONE_YET
    ? 'There is no refresh token yet. Authorize the application: podium-webchat auth login, or set PODIUM_REFRESH_TOKEN.'
    : `Podium accepts no refresh token (${code}). Authorize the application again: podium-webchat auth login, or a new PODIUM_REFRESH_TOKEN.`;
}

/** What the other process waits for is Podium, so it is Podium that does not answer. */
function unanswered({ message }: TokensBusy): PodiumError {
  return new PodiumError('unreachable', `get an access token: ${message}`, { mayHaveHappened: false });
}

function throttled(retryAfterMs: number): PodiumError {
  return new PodiumError('throttled', 'get an access token: Podium has asked us to wait.', {
    retryAfterMs,
    mayHaveHappened: false,
  });
}
