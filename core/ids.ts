import { createHmac } from 'node:crypto';

/**
 * Ids that name a phone without holding it. Temporal never encrypts workflow ids and they stand in
 * every log, so they carry a keyed hash: without the key of `WEBCHAT_ID_KEY` nobody can try out the
 * few billion phones there are.
 */

/** Id of the one workflow that owns this customer at this location. */
export function sessionWorkflowId(phone: string, locationUid: string, key: string): string {
  return `webchat:${locationUid}:${keyedHash(key, 'session', phone, locationUid)}`;
}

/** A phone as it stands in the audit. */
export function phoneHash(phone: string, key: string): string {
  return keyedHash(key, 'phone', phone);
}

/** All under which a phone may stand in the audit: by the key that was the first one at that time. */
export function phoneHashesOf(phone: string, keys: readonly string[]): string[] {
  return keys.map((key) => phoneHash(phone, key));
}

/** 128 bits of HMAC-SHA256, in hex. As JSON, so that no two lists of parts read the same. */
function keyedHash(key: string, ...parts: string[]): string {
  return createHmac('sha256', key).update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
