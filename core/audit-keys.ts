import { createHash, hkdfSync } from 'node:crypto';

/** The keys by which the audit is sealed. They are nowhere in the database: who can change its rows cannot seal them anew. */

/** A key of HMAC-SHA256. Its id stands with each seal and is no secret. */
export interface AuditKey {
  id: string;
  /** 32 bytes. */
  secret: Buffer;
}

const KEY_BYTES = 32;

/**
 * The first one seals, all of them verify: those of `WEBCHAT_AUDIT_KEYS`, then one derived from each key of
 * `WEBCHAT_ID_KEY`. The derived ones stay after the others are set, since they have sealed what is older.
 * Without own keys the derived one of the newest id key seals: when an old id key goes, only what was sealed
 * before its successor came cannot be verified any more.
 *
 * @param own null where `WEBCHAT_AUDIT_KEYS` is not set
 */
export function auditKeys(own: readonly AuditKey[] | null, idKeys: readonly string[]): AuditKey[] {
  return [...(own ?? []), ...idKeys.map(derivedKey)];
}

/** Named by its fingerprint, so that it has the same name at every place of the list. */
function derivedKey(idKey: string): AuditKey {
  const secret = Buffer.from(hkdfSync('sha256', idKey, '', 'podium-webchat audit seals', KEY_BYTES));
  const fingerprint = createHash('sha256').update(secret).digest('hex').slice(0, 16);
  return { id: `derived-${fingerprint}`, secret };
}
