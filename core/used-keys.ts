/** Whether the keys of an environment are those with which a database has been used. No I/O. */
import { createHmac } from 'node:crypto';
import type { Environment } from './environment';

/** What a key is for: names of phones, encryption, or seals of the audit. */
export type KeyPurpose = 'ids' | 'encryption' | 'audit';

export interface UsedKey {
  purpose: KeyPurpose;
  /** As it stands with what is encrypted or sealed; a key of ids has its fingerprint for one. */
  id: string;
  /** Keyed by the key itself: it tells which key it is, and nothing about it. */
  fingerprint: string;
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
export function keysInUse({ idKeys, encryptionKeys, auditKeys }: KeysOfEnvironment): UsedKey[] {
  return [...idKeysInUse(idKeys), ...encryptionKeysInUse(encryptionKeys), ...named('audit', auditKeys ?? [])];
}

export function encryptionKeysInUse(keys: Environment['encryptionKeys']): UsedKey[] {
  return named('encryption', keys);
}

function named(purpose: KeyPurpose, keys: readonly { id: string; secret: Buffer }[]): UsedKey[] {
  return keys.map(({ id, secret }) => ({ purpose, id, fingerprint: fingerprintOf(secret) }));
}

export function idKeysInUse(idKeys: readonly string[]): UsedKey[] {
  return idKeys.map(fingerprintOf).map((print) => ({ purpose: 'ids', id: print, fingerprint: print }));
}

function fingerprintOf(key: string | Buffer): string {
  return createHmac('sha256', key).update('podium-webchat key').digest('hex').slice(0, 16);
}

/**
 * What is wrong, in sentences: a key of the same id is another one, or none of the keys of ids is one of the
 * database's. A former key may be left out once it is not needed any more, and a new one may come.
 */
export function keyProblems(given: readonly UsedKey[], known: readonly UsedKey[]): string[] {
  return [...changedKeys(given, known), ...foreignIdKeys(given, known)];
}

function changedKeys(given: readonly UsedKey[], known: readonly UsedKey[]): string[] {
  return given.flatMap(({ purpose, id, fingerprint }) => {
    const before = known.find((key) => key.purpose === purpose && key.id === id);
    if (!before || before.fingerprint === fingerprint) return [];
    return `${VARIABLES[purpose]}: the key "${id}" is not the "${id}" with which this database was used (fingerprint ${fingerprint}, and it was ${before.fingerprint}). Give the former one; a new key needs an id of its own.`;
  });
}

function foreignIdKeys(given: readonly UsedKey[], known: readonly UsedKey[]): string[] {
  const prints = (keys: readonly UsedKey[]) =>
    keys.flatMap(({ purpose, fingerprint }) => (purpose === 'ids' ? [fingerprint] : []));
  const [here, before] = [prints(given), prints(known)];
  if (here.length === 0 || before.length === 0 || here.some((print) => before.includes(print))) return [];
  return [
    `${VARIABLES.ids}: none of its keys is one with which this database was used (fingerprint ${here.join(', ')}, and it was ${before.join(', ')}). Give the former one; a new one goes in front of it.`,
  ];
}
