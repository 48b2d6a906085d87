/** Podium's webhooks as this product needs them: which is ours, what it has to deliver, and for whom. */

/** Where the server takes deliveries, behind `PUBLIC_URL`. Podium is given the first one. */
const PATHS = ['/webhooks/podium', '/podium/webchat'] as const;

/** What the handler reads; any other type would be stored and ignored. */
export const WANTED_EVENT_TYPES: readonly string[] = [
  'message.received',
  'message.sent',
  'message.failed',
  'contact.created',
  'contact.updated',
  'contact.merged',
  'contact.deleted',
];

/** What our event types need: a type is `API_OBJECT.ACTION`, and its scope the one that reads such objects. */
export const NEEDED_SCOPES = ['read_messages', 'read_contacts'] as const;

/** Podium's name for an event that means nothing: by it the way in is tried. */
export const TEST_EVENT = 'test.event';

/** A webhook as Podium tells of it. */
export interface WebhookAtPodium {
  uid: string;
  url: string | null;
  eventTypes: readonly string[];
  /** It belongs to this location; to the organization when null. */
  locationUid: string | null;
  organizationUid: string | null;
  disabled: boolean;
  /** Of the secret; null where Podium tells none. */
  secretFingerprint: string | null;
}

/** A store as it was last read from Podium. */
export interface Store {
  uid: string;
  name: string;
  archived: boolean;
  organizationUid: string | null;
}

/** Where Podium is to post. */
export function webhookUrl(publicUrl: string): string {
  return `${publicUrl}${PATHS[0]}`;
}

/** Whose a webhook is: `astray` when it looks like ours and posts to another address. */
export function ownerOf(
  { url }: Pick<WebhookAtPodium, 'url'>,
  publicUrl: string,
): 'us' | 'astray' | 'others' {
  const address = addressOf(url);
  if (address === null) return 'others';
  if (PATHS.some((path) => address === addressOf(publicUrl + path))) return 'us';
  const isOnOurHost = new URL(address).origin === new URL(publicUrl).origin;
  return isOnOurHost || PATHS.some((path) => address.endsWith(path)) ? 'astray' : 'others';
}

/** Whether a webhook is for the events of a store, enabled or not. */
export function isFor(webhook: WebhookAtPodium, store: Store): boolean {
  if (webhook.locationUid !== null) return webhook.locationUid === store.uid;
  const [a, b] = [webhook.organizationUid, store.organizationUid];
  return a === null || b === null || a === b;
}

/** What a webhook of ours should deliver and does not. */
export function eventTypesMissing({ eventTypes }: Pick<WebhookAtPodium, 'eventTypes'>): string[] {
  return WANTED_EVENT_TYPES.filter((type) => !eventTypes.includes(type));
}

/** Those of the needed scopes that were not granted; none where nobody knows what was. */
export function scopesMissing(granted: readonly string[] | null): string[] {
  return granted === null ? [] : NEEDED_SCOPES.filter((scope) => !granted.includes(scope));
}

/** Origin and path, so that two ways of writing one address compare as one; null for what is no address. */
function addressOf(url: string | null): string | null {
  if (url === null || !URL.canParse(url)) return null;
  const { origin, pathname } = new URL(url);
  return origin + pathname.replace(/\/+$/, '');
}
