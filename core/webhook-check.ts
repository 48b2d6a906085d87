/**
 * Whether the webhooks at Podium bring us what we need: the rules of the operator's doctor and of the check
 * on the schedule. What is found names no customer.
 */
import { isSecretUnknown, secretFindings, type SecretSituation } from './webhook-secrets';
import {
  eventTypesMissing,
  isFor,
  ownerOf,
  scopesMissing,
  webhookUrl,
  type Store,
  type WebhookAtPodium,
} from './webhooks';

export type WebhookFindingCode =
  | 'public_url_missing'
  | 'missing'
  | 'disabled'
  | 'other_url'
  | 'event_types_missing'
  | 'scopes_missing'
  | 'store_uncovered'
  | 'covered_twice'
  | 'no_server_runs'
  | 'secret_unknown'
  | 'secret_too_old'
  | 'secret_not_newest'
  | 'secret_not_everywhere'
  | 'old_secret';

export interface WebhookFinding {
  code: WebhookFindingCode;
  /** A remark is worth knowing; nothing is lost by it. */
  severity: 'problem' | 'remark';
  message: string;
  /** The value in question: a uid, event types, scopes, the fingerprint of a secret. */
  value: string;
  /** What mends it: a command, or what else to do. Null where there is nothing to do. */
  mend: string | null;
}

export interface WebhookSituation extends SecretSituation {
  webhooks: readonly WebhookAtPodium[];
  stores: readonly Store[];
  /** What Podium has granted, as far as it is known. */
  scopes: readonly string[];
}

export interface WebhookRules {
  /** Null where nobody said: then no webhook can be known as ours. */
  publicUrl: string | null;
  secretMaxAgeDays: number;
}

/** What is wrong, and after that what is worth a remark. */
export function checkWebhooks(
  situation: WebhookSituation,
  { publicUrl, secretMaxAgeDays }: WebhookRules,
  now: Date,
): WebhookFinding[] {
  if (publicUrl === null) return [publicUrlMissing()];
  const { webhooks, scopes } = situation;
  const stores = situation.stores.filter(({ archived }) => !archived);
  const ours = webhooks.filter((webhook) => ownerOf(webhook, publicUrl) === 'us');
  const astray = webhooks.filter((webhook) => ownerOf(webhook, publicUrl) === 'astray');
  const whole = ours.filter((webhook) => faultsOf(webhook, situation).length === 0);
  /** A fault of a webhook does no harm where others that have none serve all of its stores. */
  const severity = (webhook: WebhookAtPodium): WebhookFinding['severity'] =>
    stores.some((store) => isFor(webhook, store) && !whole.some((other) => isFor(other, store)))
      ? 'problem'
      : 'remark';

  const findings: WebhookFinding[] = [
    ...(ours.length === 0 ? [missing(publicUrl, stores)] : uncovered(ours, stores)),
    ...astray.map((webhook) => otherUrl(webhook, publicUrl)),
    ...ours.flatMap((webhook) =>
      faultsOf(webhook, situation).map((fault) => ({ ...fault, severity: severity(webhook) })),
    ),
    ...scopeFindings(scopes),
    ...coveredTwice(whole, stores),
    ...secretFindings(situation, ours, secretMaxAgeDays, now),
  ];
  const rank = (finding: WebhookFinding) => (finding.severity === 'problem' ? 0 : 1);
  return findings.sort((a, b) => rank(a) - rank(b));
}

/** The codes of the problems with their numbers, for where there is no room for more; null when there are none. */
export function summaryOf(findings: readonly Pick<WebhookFinding, 'code' | 'severity'>[]): string | null {
  const problems = findings.filter(({ severity }) => severity === 'problem');
  const counts = new Map<string, number>();
  for (const { code } of problems) counts.set(code, (counts.get(code) ?? 0) + 1);
  const words = [...counts].map(([code, count]) => (count === 1 ? code : `${code} (${count})`));
  return words.length === 0 ? null : words.join(', ');
}

function publicUrlMissing(): WebhookFinding {
  return {
    code: 'public_url_missing',
    severity: 'problem',
    message: 'Nobody said under which address the server is reached, so no webhook can be known as ours.',
    value: 'PUBLIC_URL',
    mend: 'set PUBLIC_URL, and restart the workers',
  };
}

function missing(publicUrl: string, stores: Store[]): WebhookFinding {
  const organization = stores.find(({ organizationUid }) => organizationUid !== null)?.organizationUid;
  return {
    code: 'missing',
    severity: 'problem',
    message: 'Podium has no webhook that posts to us: no message comes in.',
    value: webhookUrl(publicUrl),
    mend: `podium-webchat webhook register --organization ${organization ?? '<uid>'}`,
  };
}

/** Stores that none of our webhooks is for. */
function uncovered(ours: WebhookAtPodium[], stores: Store[]): WebhookFinding[] {
  return stores
    .filter((store) => !ours.some((webhook) => isFor(webhook, store)))
    .map(({ uid, name }) => ({
      code: 'store_uncovered',
      severity: 'problem',
      message: `No webhook of ours is for ${name}: what is written to this store does not come in.`,
      value: uid,
      mend: `podium-webchat webhook register --location ${uid}`,
    }));
}

/**
 * No more than a remark: it may be another deployment's, which would hear nothing any more. Where it was
 * ours before a move, its stores are found without a webhook.
 */
function otherUrl({ uid, url }: WebhookAtPodium, publicUrl: string): WebhookFinding {
  return {
    code: 'other_url',
    severity: 'remark',
    message: `A webhook that looks like ours posts to ${url}, and not to ${webhookUrl(publicUrl)}.`,
    value: uid,
    mend: `leave it to the deployment there; if that was this one: podium-webchat webhook update ${uid} --take-over`,
  };
}

/** What keeps a webhook of ours from serving its stores. */
function faultsOf(
  webhook: WebhookAtPodium,
  { secrets }: SecretSituation,
): Omit<WebhookFinding, 'severity'>[] {
  const { uid } = webhook;
  const update = `podium-webchat webhook update ${uid}`;
  const faults: Omit<WebhookFinding, 'severity'>[] = [];
  if (webhook.disabled)
    faults.push({
      code: 'disabled',
      message: `The webhook ${uid} is disabled: its events wait at Podium, for ten days at most.`,
      value: uid,
      mend: `podium-webchat webhook enable ${uid}`,
    });
  const types = eventTypesMissing(webhook).join(', ');
  if (types)
    faults.push({
      code: 'event_types_missing',
      message: `The webhook ${uid} does not deliver ${types}.`,
      value: types,
      mend: update,
    });
  if (isSecretUnknown(webhook, secrets))
    faults.push({
      code: 'secret_unknown',
      message: `The webhook ${uid} signs with a secret that no running server has: its events are refused.`,
      value: uid,
      mend: update,
    });
  return faults;
}

function scopeFindings(scopes: readonly string[]): WebhookFinding[] {
  const lacking = scopesMissing(scopes).join(' ');
  if (!lacking) return [];
  return [
    {
      code: 'scopes_missing',
      severity: 'problem',
      message: `The authorization lacks ${lacking}: Podium delivers no events that need it.`,
      value: lacking,
      mend: 'podium-webchat auth login',
    },
  ];
}

/** Webhooks all of whose stores are served by another one, too: each event comes twice, and counts once. */
function coveredTwice(whole: WebhookAtPodium[], stores: Store[]): WebhookFinding[] {
  // Those of one location first: they are the ones to go, beside the organization's.
  const left = whole.toSorted((a, b) => Number(a.locationUid === null) - Number(b.locationUid === null));
  return left.flatMap((webhook, n) => {
    const others = left.slice(n + 1);
    const mine = stores.filter((store) => isFor(webhook, store));
    if (mine.length === 0 || !mine.every((store) => others.some((other) => isFor(other, store)))) return [];
    return [
      {
        code: 'covered_twice',
        severity: 'remark',
        message: `Whatever the webhook ${webhook.uid} delivers comes through another one, too. It counts once.`,
        value: webhook.uid,
        mend: `podium-webchat webhook delete ${webhook.uid} --yes`,
      },
    ];
  });
}
