import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** A key of AES-256-GCM. The id tells which key opens what, and is no secret. */
export interface EncryptionKey {
  id: string;
  /** 32 bytes. */
  secret: Buffer;
}

export interface Encrypted {
  keyId: string;
  /** A nonce of 12 bytes, the ciphertext, a tag of 16 bytes. */
  bytes: Buffer;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Encrypts with the first of the keys; the others only decrypt, so that keys can be changed one by one. */
export function encrypt(plain: Uint8Array, keys: readonly EncryptionKey[]): Encrypted {
  const [key] = keys;
  if (!key) throw new Error('There is no key to encrypt with');
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key.secret, nonce, { authTagLength: TAG_BYTES });
  const bytes = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return { keyId: key.id, bytes };
}

/** The plain bytes. Throws when the key is not there, or when a single bit is not as it was. */
export function decrypt({ keyId, bytes }: Encrypted, keys: readonly EncryptionKey[]): Buffer {
  const key = keys.find(({ id }) => id === keyId);
  if (!key) throw new Error(`The encryption key "${keyId}" is not among those of WEBCHAT_ENCRYPTION_KEYS`);
  const end = bytes.length - TAG_BYTES;
  if (end < NONCE_BYTES) throw new Error('The encrypted bytes are cut off');
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', key.secret, nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(bytes.subarray(end));
  return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, end)), decipher.final()]);
}
