/** What an operator can know of our access to Podium. */
import { SCOPES } from '../podium/authorization';
import { PodiumError, type PodiumApi } from '../podium/api';
import { mayRead, probeLocation, probeScope } from '../podium/probe-scopes';
import type { Queryable } from '../store/database';
import { readAccess, type AccessFacts } from '../store/podium-tokens';

type Scope = (typeof SCOPES)[number];

export interface AccessReport {
  /** Null when Podium could not be asked. */
  works: boolean | null;
  /** Why it does not work, or could not be asked. */
  reason: string | null;
  /** Since when no refresh token is accepted. */
  refused_since: string | null;
  refresh_token: {
    /** `environment`: Podium has given none of its own yet. */
    source: 'database' | 'environment';
    since: string | null;
    age_seconds: number | null;
  };
  access_token: { expires_at: string; expires_in_seconds: number } | null;
  scopes: { granted: Scope[]; missing: Scope[]; unknown: Scope[] };
}

/** Asks Podium whether it lets us in, and what else is known. @throws what the database throws */
export async function reportAccess(db: Queryable, podium: PodiumApi): Promise<AccessReport> {
  const asked = await ask(podium);
  const facts = await readAccess(db); // after the call, which may have renewed the token
  return {
    ...{ works: asked.works, reason: asked.reason },
    refused_since: facts?.refusedSince?.toISOString() ?? null,
    refresh_token: {
      source: facts?.refreshTokenAt ? 'database' : 'environment',
      since: facts?.refreshTokenAt?.toISOString() ?? null,
      age_seconds: facts?.refreshTokenAt ? secondsBetween(facts.refreshTokenAt, new Date()) : null,
    },
    access_token: accessToken(facts),
    scopes: sortScopes(facts?.scopes ?? null, asked.probed),
  };
}

function accessToken(facts: AccessFacts | null): AccessReport['access_token'] {
  const { accessExpiresAt: at } = facts ?? {};
  return at ? { expires_at: at.toISOString(), expires_in_seconds: secondsBetween(new Date(), at) } : null;
}

type Probed = Partial<Record<Scope, boolean | null>>;

/** Reads one thing for each scope that reading can tell. */
async function ask(
  podium: PodiumApi,
): Promise<{ works: boolean | null; reason: string | null; probed: Probed }> {
  const probed: Probed = {};
  try {
    await assertAccess(podium);
    let locationUid: string | null = null;
    probed.read_locations = await mayRead(async () => {
      locationUid = probeLocation(await podium.listLocations())?.uid ?? null;
    });
    probed.read_contacts = await probeScope(podium, 'read_contacts', locationUid ?? 'none');
    if (locationUid !== null) probed.read_messages = await probeScope(podium, 'read_messages', locationUid);
    return { works: true, reason: null, probed };
  } catch (error) {
    if (!(error instanceof PodiumError)) throw error;
    return { works: error.kind === 'unauthenticated' ? false : null, reason: error.message, probed };
  }
}

/** By a call that needs no scope. Where it is not permitted all the same, Podium has accepted the token. */
async function assertAccess(podium: PodiumApi): Promise<void> {
  await podium.listWebhooks().catch((error: unknown) => {
    if (!(error instanceof PodiumError) || error.kind !== 'not_permitted') throw error;
  });
}

/** What Podium said with the token counts; else what was tried, and of writing nobody knows. */
function sortScopes(told: string[] | null, probed: Probed): AccessReport['scopes'] {
  const has = (scope: Scope) => told?.includes(scope) ?? probed[scope] ?? null;
  return {
    granted: SCOPES.filter((scope) => has(scope) === true),
    missing: SCOPES.filter((scope) => has(scope) === false),
    unknown: SCOPES.filter((scope) => has(scope) === null),
  };
}

function secondsBetween(from: Date, to: Date): number {
  return Math.round((to.getTime() - from.getTime()) / 1000);
}
