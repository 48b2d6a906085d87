/**
 * Names of phones that outlive the phone's erasure. They have keys of their own, since they must be found again
 * for as long as there is a database, while a key of ids may be dropped once its sessions are over.
 */
import { createHmac, hkdfSync } from 'node:crypto';
import type { Environment } from './environment';

export interface SuppressionKey {
  /** Fingerprint: tells nothing about the key. */
  id: string;
  secret: Buffer;
}

const KEY_BYTES = 32;
const PURPOSE = 'podium-webchat suppression';

/**
 * The keys by which suppressed phones are found; the first one names new ones. Those of `WEBCHAT_SUPPRESSION_KEYS`
 * come first. The keys of ids count behind them, so that a house may begin without keys of its own, and keeps what
 * was named by then when it gets some: a secret means the same in either list.
 */
export function suppressionKeys({
  suppressionKeys: own,
  idKeys,
}: Pick<Environment, 'suppressionKeys' | 'idKeys'>): SuppressionKey[] {
  return [...new Set([...own, ...idKeys])].map(toKey);
}

function toKey(text: string): SuppressionKey {
  const secret = Buffer.from(hkdfSync('sha256', text, '', PURPOSE, KEY_BYTES));
  return { id: createHmac('sha256', secret).update('fingerprint').digest('hex').slice(0, 16), secret };
}

/** The name of a phone (E.164) by one of the keys: 32 bytes. */
export function suppressionName(phone: string, { secret }: SuppressionKey): Buffer {
  return createHmac('sha256', secret).update(phone).digest();
}
