/** What an operator can see of the webhooks at Podium and do with them. */
import { checkWebhooks, type WebhookFinding } from '../core/webhook-check';
import { secretFingerprint } from '../core/webhook-secrets';
import {
  eventTypesMissing,
  NEEDED_SCOPES,
  ownerOf,
  scopesMissing,
  WANTED_EVENT_TYPES,
  webhookUrl,
} from '../core/webhooks';
import { PodiumError, type PodiumApi, type PodiumWebhook } from '../podium/api';
import { probeLocation, probeScope } from '../podium/probe-scopes';
import { writeAct } from '../store/audit';
import type { Pool } from '../store/database';
import { readAccess } from '../store/podium-tokens';
import { liveSecrets, saveWebhookCheck } from '../store/webhooks';

export interface WebhookTools {
  pool: Pool;
  podium: PodiumApi;
  /** `PUBLIC_URL`. */
  publicUrl: string;
  /** PODIUM_WEBHOOK_SECRETS: the first one is given to Podium. */
  secrets: readonly string[];
  secretMaxAgeDays: number;
  /** Who does it, for the audit. */
  actor: string;
}

/** A webhook as an operator sees it. No secret is in it. */
export interface WebhookView {
  uid: string;
  /** `astray`: it looks like ours and posts elsewhere. */
  of: 'us' | 'astray' | 'others';
  url: string | null;
  location_uid: string | null;
  organization_uid: string | null;
  disabled: boolean;
  event_types: string[];
  event_types_missing: string[];
  created_at: string | null;
  updated_at: string | null;
}

/** Why something is not done, in words for the operator. Nothing was changed at Podium. */
export class WebhookRefusal extends Error {
  override readonly name = 'WebhookRefusal';
}

export async function listWebhooks({ podium, publicUrl }: WebhookTools): Promise<WebhookView[]> {
  return (await podium.listWebhooks()).map((webhook) => viewOf(webhook, publicUrl));
}

/** @throws {WebhookRefusal} when Podium has no such webhook */
export async function showWebhook(tools: WebhookTools, uid: string): Promise<WebhookView> {
  return viewOf(await find(tools, uid), tools.publicUrl);
}

/** What is wrong with our webhooks now. It is kept, so that the servers show it at once. */
export async function examineWebhooks(tools: WebhookTools): Promise<WebhookFinding[]> {
  const { pool, podium, publicUrl, secretMaxAgeDays } = tools;
  const [webhooks, stores] = await Promise.all([podium.listWebhooks(), podium.listLocations()]);
  const store = probeLocation(stores);
  if (!store)
    throw new Error('Podium shows us no location, so nobody can tell what a webhook should be for.');
  const [access, servers] = await Promise.all([readAccess(pool), liveSecrets(pool)]);
  const scopes = access?.scopes ?? (await readScopes(podium, store.uid));
  const checkedAt = new Date();
  const situation = { webhooks, stores, scopes, ...servers };
  const findings = checkWebhooks(situation, { publicUrl, secretMaxAgeDays }, checkedAt);
  await saveWebhookCheck(pool, { checkedAt, findings });
  return findings;
}

/** The scopes that reading does not show to be missing, where Podium has not told what it granted. */
async function readScopes(podium: PodiumApi, locationUid: string): Promise<string[]> {
  const scopes: string[] = [];
  for (const scope of NEEDED_SCOPES)
    if ((await probeScope(podium, scope, locationUid)) !== false) scopes.push(scope);
  return scopes;
}

/**
 * Makes a webhook for one location or for the organization, signed with our first secret.
 * @throws {WebhookRefusal} for an owner that Podium does not know, a missing scope, or one that is there already
 */
export async function registerWebhook(
  tools: WebhookTools,
  owner: { locationUid: string } | { organizationUid: string },
): Promise<WebhookView> {
  const { podium, publicUrl } = tools;
  await assertOwner(tools, owner);
  const { locationUid, organizationUid } = { locationUid: null, organizationUid: null, ...owner };
  const twin = (await podium.listWebhooks()).find(
    (webhook) =>
      ownerOf(webhook, publicUrl) === 'us' &&
      webhook.locationUid === locationUid &&
      (locationUid !== null || webhook.organizationUid === organizationUid),
  );
  if (twin) throw new WebhookRefusal(`The webhook ${twin.uid} does that already; "update" mends it.`);
  const wanted = await whatItShouldHave(tools);
  const create = () => permitted(() => podium.createWebhook({ ...wanted, ...owner }));
  const webhook = await noted(tools, 'register', null, create, ({ uid }) => uid);
  return viewOf(webhook, publicUrl);
}

/**
 * Gives webhooks the address, event types and secret that they should have.
 * @param uid of one; null for all that are ours
 * @param takeOver whether one that posts elsewhere shall post to us from now on, and not there
 * @throws {WebhookRefusal} for one that is not ours, when there is none, or for a missing scope
 */
export async function updateWebhooks(
  tools: WebhookTools,
  uid: string | null,
  { takeOver }: { takeOver: boolean },
): Promise<WebhookView[]> {
  const { podium, publicUrl } = tools;
  const meant = uid === null ? await ours(tools) : [await findOurs(tools, uid)];
  const elsewhere = meant.find((webhook) => ownerOf(webhook, publicUrl) === 'astray');
  if (elsewhere && !takeOver)
    throw new WebhookRefusal(
      `The webhook ${uid} posts to ${elsewhere.url}; whatever runs there would hear nothing any more. ` +
        'With --take-over it is done all the same.',
    );
  const wanted = await whatItShouldHave(tools);
  const views: WebhookView[] = [];
  for (const { uid } of meant) {
    const change = () => permitted(() => podium.updateWebhook(uid, wanted));
    views.push(viewOf(await noted(tools, 'update', uid, change), publicUrl));
  }
  return views;
}

/** Enabled, it delivers what has queued up at Podium. @throws {WebhookRefusal} for one that is not ours */
export async function enableWebhook(tools: WebhookTools, uid: string): Promise<WebhookView> {
  await findOurs(tools, uid);
  return setDisabled(tools, uid, false);
}

/** Disabled, its events queue up at Podium, for ten days at most. @throws {WebhookRefusal} for one that is not ours */
export async function disableWebhook(tools: WebhookTools, uid: string): Promise<WebhookView> {
  await findOurs(tools, uid);
  return setDisabled(tools, uid, true);
}

/** Its queue at Podium goes with it. @throws {WebhookRefusal} for one that is not ours */
export async function deleteWebhook(tools: WebhookTools, uid: string): Promise<WebhookView> {
  const webhook = await findOurs(tools, uid);
  await noted(tools, 'delete', uid, () => tools.podium.deleteWebhook(uid));
  return viewOf(webhook, tools.publicUrl);
}

async function setDisabled(tools: WebhookTools, uid: string, disabled: boolean): Promise<WebhookView> {
  const change = () => tools.podium.updateWebhook(uid, { disabled });
  return viewOf(await noted(tools, disabled ? 'disable' : 'enable', uid, change), tools.publicUrl);
}

async function find({ podium }: WebhookTools, uid: string): Promise<PodiumWebhook> {
  const webhook = (await podium.listWebhooks()).find((each) => each.uid === uid);
  if (!webhook) throw new WebhookRefusal(`Podium has no webhook ${uid}.`);
  return webhook;
}

/** One that posts to us or looks as if it should: another application's is not touched. */
async function findOurs(tools: WebhookTools, uid: string): Promise<PodiumWebhook> {
  const webhook = await find(tools, uid);
  if (ownerOf(webhook, tools.publicUrl) !== 'others') return webhook;
  throw new WebhookRefusal(`The webhook ${uid} posts to ${webhook.url}: it belongs to another application.`);
}

async function ours({ podium, publicUrl }: WebhookTools): Promise<PodiumWebhook[]> {
  const found = (await podium.listWebhooks()).filter((webhook) => ownerOf(webhook, publicUrl) === 'us');
  if (found.length === 0) throw new WebhookRefusal('Podium has no webhook of ours; "register" makes one.');
  return found;
}

async function assertOwner(
  { podium }: WebhookTools,
  owner: { locationUid: string } | { organizationUid: string },
): Promise<void> {
  const stores = await podium.listLocations();
  if ('organizationUid' in owner) {
    if (stores.some(({ organizationUid }) => organizationUid === owner.organizationUid)) return;
    throw new WebhookRefusal(
      `No location that Podium shows us belongs to organization ${owner.organizationUid}.`,
    );
  }
  const store = stores.find(({ uid }) => uid === owner.locationUid);
  if (!store) throw new WebhookRefusal(`Podium shows us no location ${owner.locationUid}.`);
  if (store.archived) throw new WebhookRefusal(`The location ${owner.locationUid} is archived.`);
}

/** To be asked after the first call to Podium: with it the scopes are learned. */
async function whatItShouldHave(tools: WebhookTools) {
  await assertScopes(tools);
  return {
    url: webhookUrl(tools.publicUrl),
    eventTypes: [...WANTED_EVENT_TYPES],
    secret: await secretForPodium(tools),
  };
}

async function assertScopes({ pool }: WebhookTools): Promise<void> {
  const lacking = scopesMissing((await readAccess(pool))?.scopes ?? null);
  if (lacking.length === 0) return;
  throw new WebhookRefusal(
    `The authorization lacks ${lacking.join(' ')}, which our event types need: "podium-webchat auth login" asks for them.`,
  );
}

/** Where Podium has not told what it granted, its refusal does. */
async function permitted<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof PodiumError) || error.kind !== 'not_permitted') throw error;
    throw new WebhookRefusal(
      'Podium does not permit it: the authorization lacks a scope of our event types. "podium-webchat auth login" asks for all.',
    );
  }
}

/** The first of our secrets, once every running server takes it: what it signs would be refused otherwise. */
async function secretForPodium({ pool, secrets }: WebhookTools): Promise<string> {
  const secret = secrets[0]!;
  const { secrets: live, runningServers } = await liveSecrets(pool);
  if (runningServers === 0)
    throw new WebhookRefusal(
      'No server runs that could say which secrets it takes. Start the servers first.',
    );
  const known = live.find(({ fingerprint }) => fingerprint === secretFingerprint(secret))?.servers ?? 0;
  if (known === runningServers) return secret;
  throw new WebhookRefusal(
    `${runningServers - known} of ${runningServers} running servers do not take the first one of PODIUM_WEBHOOK_SECRETS ` +
      'and would refuse what it signs. Restart them with it first; one that has crashed is forgotten within a minute.',
  );
}

/**
 * A change at Podium, with its wish noted before: should we die in between, it is known who wanted what.
 * @param uid of the webhook; null where there is none yet, and `uidOf` tells it of the new one
 */
async function noted<T>(
  { pool, actor }: WebhookTools,
  action: string,
  uid: string | null,
  change: () => Promise<T>,
  uidOf: (changed: T) => string | null = () => uid,
): Promise<T> {
  const note = (kind: 'webhook_change_wanted' | 'webhook_changed', webhookUid: string | null) =>
    writeAct(pool, { kind, actor, details: { action, webhook_uid: webhookUid } });
  await note('webhook_change_wanted', uid);
  const changed = await change();
  await note('webhook_changed', uidOf(changed));
  return changed;
}

function viewOf(webhook: PodiumWebhook, publicUrl: string): WebhookView {
  return {
    uid: webhook.uid,
    of: ownerOf(webhook, publicUrl),
    url: webhook.url,
    location_uid: webhook.locationUid,
    organization_uid: webhook.organizationUid,
    disabled: webhook.disabled,
    event_types: webhook.eventTypes,
    event_types_missing: eventTypesMissing(webhook),
    created_at: webhook.createdAt?.toISOString() ?? null,
    updated_at: webhook.updatedAt?.toISOString() ?? null,
  };
}
