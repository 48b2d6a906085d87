/** Whether the keys of an environment are those with which a database has been used. No I/O. */
import { createHmac } from 'node:crypto';
import type { Environment } from './environment';

/** What a key is for: names of phones, encryption, or seals of the audit. */
export type KeyPurpose = 'ids' | 'encryption' | 'audit';

export interface NamedKey {
  /** As it stands with what is encrypted or sealed; a key of ids has its fingerprint for one. */
  id: string;
  /** Keyed by the key itself: it tells which key it is, and nothing about it. */
  fingerprint: string;
}

/** The keys of a process in its order: the first one of each purpose is used for all that is new. */
export type GivenKeys = Partial<Record<KeyPurpose, NamedKey[]>>;

/** A key that a process had which worked on the database. */
export interface UsedKey extends NamedKey {
  purpose: KeyPurpose;
  /** Since when it is used for what is new; null where it has only ever stood behind another one. */
  inFrontSince: Date | null;
}

/** A process that seals nothing has no keys of the audit. */
export type KeysOfEnvironment = Pick<Environment, 'idKeys' | 'encryptionKeys'> &
  Partial<Pick<Environment, 'auditKeys'>>;

const VARIABLES = {
  ids: 'WEBCHAT_ID_KEY',
  encryption: 'WEBCHAT_ENCRYPTION_KEYS',
  audit: 'WEBCHAT_AUDIT_KEYS',
} as const satisfies Record<KeyPurpose, string>;

/** Keys of the audit that are derived from those of ids need no look of their own. */
export function keysInUse({ idKeys, encryptionKeys, auditKeys }: KeysOfEnvironment): GivenKeys {
  return {
    ids: namedIdKeys(idKeys),
    encryption: namedKeys(encryptionKeys),
    ...(auditKeys !== undefined && { audit: namedKeys(auditKeys ?? []) }),
  };
}

export function namedKeys(keys: readonly { id: string; secret: Buffer }[]): NamedKey[] {
  return keys.map(({ id, secret }) => ({ id, fingerprint: fingerprintOf(secret) }));
}

export function namedIdKeys(idKeys: readonly string[]): NamedKey[] {
  return idKeys.map(fingerprintOf).map((print) => ({ id: print, fingerprint: print }));
}

function fingerprintOf(key: string | Buffer): string {
  return createHmac('sha256', key).update('podium-webchat key').digest('hex').slice(0, 16);
}

/**
 * What is wrong, in sentences: a key of the same id is another one, or the one is missing that came to the front last.
 * Former keys may be left out once they are not needed any more. A new one may come in front or behind; while it stands
 * behind, a process that does not have it yet goes on, and may be started again.
 */
export function keyProblems(given: GivenKeys, used: readonly UsedKey[]): string[] {
  return Object.entries(given).flatMap(([name, keys]) => {
    const purpose = name as KeyPurpose;
    const known = used.filter((key) => key.purpose === purpose);
    return [...changedKeys(purpose, keys, known), ...missingKey(purpose, keys, known)];
  });
}

function changedKeys(purpose: KeyPurpose, given: NamedKey[], known: UsedKey[]): string[] {
  return given.flatMap(({ id, fingerprint }) => {
    const before = known.find((key) => key.id === id);
    if (!before || before.fingerprint === fingerprint) return [];
    return `${VARIABLES[purpose]}: the key "${id}" is not the "${id}" with which this database was used (fingerprint ${fingerprint}, and it was ${before.fingerprint}). Give the former one; a new key needs an id of its own.`;
  });
}

/** Those that came at the same time were noted down before it was said which one is in front: any of them will do. */
function missingKey(purpose: KeyPurpose, given: NamedKey[], known: UsedKey[]): string[] {
  const since = ({ inFrontSince }: UsedKey) => inFrontSince?.getTime() ?? -Infinity;
  const latest = Math.max(...known.map(since));
  const newest = known.filter((key) => key.inFrontSince !== null && since(key) === latest);
  if (newest.length === 0 || newest.some(({ id }) => given.some((key) => key.id === id))) return [];
  const wanted = newest.map(({ id, fingerprint }) =>
    id === fingerprint ? fingerprint : `"${id}" with fingerprint ${fingerprint}`,
  );
  const here = given.map(({ fingerprint }) => fingerprint).join(', ') || 'there is none';
  return [
    `${VARIABLES[purpose]}: the key is missing with which this database was used last (${wanted.join(' or ')}; given: ${here}). Put it back; a new one comes behind it first, and in front once every process has it.`,
  ];
}
