import { createHmac } from 'node:crypto';
import type { WebhookAtPodium } from './webhooks';
import type { WebhookFinding } from './webhook-check';

/**
 * The secrets by which Podium signs. While one is changed for another, servers take both; what is told of
 * them here and in the database are fingerprints.
 */

/** Podium keeps an event for ten days; one that was signed before a change of secrets may come until then. */
const QUEUE_DAYS = 10;
const DAY_MS = 86_400_000;

/** A secret that running servers take. */
export interface LiveSecret {
  fingerprint: string;
  /** Its place in PODIUM_WEBHOOK_SECRETS, from 1. What is at the first place is for Podium. */
  place: number;
  /** How many of the running servers take it. */
  servers: number;
  firstSeenAt: Date;
  /** When it last verified an event of Podium's, to the minute. */
  lastUsedAt: Date | null;
}

/** What running servers say about secrets. */
export interface SecretSituation {
  secrets: readonly LiveSecret[];
  runningServers: number;
}

/** Keyed by the secret itself: it tells which secret it is, and nothing about it. */
export function secretFingerprint(secret: string): string {
  return createHmac('sha256', secret).update('podium-webchat webhook secret').digest('hex').slice(0, 16);
}

/** Whether a webhook signs with a secret that no server takes, as far as Podium tells. */
export function isSecretUnknown(
  { secretFingerprint: told }: WebhookAtPodium,
  secrets: readonly LiveSecret[],
): boolean {
  return told !== null && secrets.length > 0 && !secrets.some(({ fingerprint }) => fingerprint === told);
}

/** The secret that Podium should have: of those at a first place the latest, since servers restart one by one. */
export function newestSecret(secrets: readonly LiveSecret[]): LiveSecret | undefined {
  const first = secrets.filter(({ place }) => place === 1);
  return first.sort((a, b) => b.firstSeenAt.getTime() - a.firstSeenAt.getTime())[0];
}

/** Whether anybody takes a secret, the age of the one in use, and how far a change of secrets has come. */
export function secretFindings(
  { secrets, runningServers }: SecretSituation,
  ours: readonly WebhookAtPodium[],
  maxAgeDays: number,
  now: Date,
): WebhookFinding[] {
  const newest = newestSecret(secrets);
  if (!newest) return [noServerRuns()];
  const isGiven =
    newest.lastUsedAt !== null || ours.some((webhook) => webhook.secretFingerprint === newest.fingerprint);
  const others = secrets.filter((secret) => secret !== newest);
  const lastUsed = others.filter(({ lastUsedAt }) => lastUsedAt !== null).sort(latestUseFirst)[0];
  const inUse = isGiven ? newest : (lastUsed ?? newest);
  return [
    ...(daysSince(inUse.firstSeenAt, now) > maxAgeDays ? [tooOld(inUse, maxAgeDays, now)] : []),
    ...(newest.servers < runningServers ? [notEverywhere(newest, runningServers, isGiven)] : []),
    ...(inUse === newest ? [] : [notGiven(newest, inUse, now)]),
    ...(isGiven ? others.map((secret) => old(secret, newest, now)) : []),
  ];
}

function noServerRuns(): WebhookFinding {
  return {
    code: 'no_server_runs',
    severity: 'problem',
    message: 'No server has said for a minute that it runs: nothing can be received, and no secret compared.',
    value: 'servers',
    mend: 'start the servers, or see what keeps them from the database',
  };
}

function tooOld(secret: LiveSecret, maxAgeDays: number, now: Date): WebhookFinding {
  const age = Math.floor(daysSince(secret.firstSeenAt, now));
  return {
    code: 'secret_too_old',
    severity: 'problem',
    message: `Podium signs with a secret that is ${age} days old; ${maxAgeDays} are allowed.`,
    value: secret.fingerprint,
    mend: 'put a new secret in front of PODIUM_WEBHOOK_SECRETS, restart the servers, then podium-webchat webhook update',
  };
}

function notEverywhere(secret: LiveSecret, runningServers: number, isGiven: boolean): WebhookFinding {
  return {
    code: 'secret_not_everywhere',
    severity: isGiven ? 'problem' : 'remark',
    message: `The newest secret is known to ${secret.servers} of ${runningServers} running servers; the others refuse what it signs.`,
    value: secret.fingerprint,
    mend: 'restart the servers that have the old PODIUM_WEBHOOK_SECRETS',
  };
}

function notGiven(newest: LiveSecret, inUse: LiveSecret, now: Date): WebhookFinding {
  return {
    code: 'secret_not_newest',
    severity: 'remark',
    message: `Podium signed with the secret at place ${inUse.place} ${ago(inUse.lastUsedAt!, now)}, and no event has come yet with the one at the first place.`,
    value: newest.fingerprint,
    mend: 'podium-webchat webhook update',
  };
}

/** An old one stays until nothing that it signed can be on its way any more. */
function old(secret: LiveSecret, newest: LiveSecret, now: Date): WebhookFinding {
  const since = secret.lastUsedAt ?? newest.firstSeenAt;
  const mayGo = daysSince(since, now) > QUEUE_DAYS;
  const used = secret.lastUsedAt === null ? 'was never used' : `was last used ${ago(secret.lastUsedAt, now)}`;
  const stay = `; what it signed may come for ${QUEUE_DAYS} days, so leave it in place until ${dayAfterQueue(since)}`;
  return {
    code: 'old_secret',
    severity: 'remark',
    message: `The secret at place ${secret.place} ${used}${mayGo ? '' : stay}.`,
    value: secret.fingerprint,
    mend: mayGo ? 'take it out of PODIUM_WEBHOOK_SECRETS and restart the servers' : null,
  };
}

/** The first day (UTC) on which nothing can be queued any more that was signed at a time, as 2026-12-10. */
function dayAfterQueue(time: Date): string {
  return new Date(time.getTime() + (QUEUE_DAYS + 1) * DAY_MS).toISOString().slice(0, 10);
}

function latestUseFirst(a: LiveSecret, b: LiveSecret): number {
  return b.lastUsedAt!.getTime() - a.lastUsedAt!.getTime();
}

function daysSince(time: Date, now: Date): number {
  return (now.getTime() - time.getTime()) / DAY_MS;
}

function ago(time: Date, now: Date): string {
  const hours = Math.floor(daysSince(time, now) * 24);
  if (hours < 1) return 'less than an hour ago';
  return hours < 48 ? `${hours} hours ago` : `${Math.floor(hours / 24)} days ago`;
}
