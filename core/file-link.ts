import { decrypt, encrypt, type EncryptionKey } from './encryption';

/**
 * Links to files for people without a login. Who has the link has the file, until it expires: so a link is
 * sealed with our own keys, names one file, and lives for a short time.
 */

export type OpenedLink = { kind: 'open'; fileId: string } | { kind: 'expired' } | { kind: 'unknown' };

/** So that nothing else that was encrypted with these keys is taken for a link. */
const PURPOSE = 'file-link';

/** The part of a link that names the file; fit for a URL. Sealed with the first of the keys. */
export function sealFileLink(fileId: string, expiresAt: Date, keys: readonly EncryptionKey[]): string {
  const { keyId, bytes } = encrypt(Buffer.from(JSON.stringify([PURPOSE, fileId, expiresAt.getTime()])), keys);
  return `${keyId}.${bytes.toString('base64url')}`;
}

/** What a sealed link names. Whatever we did not seal is unknown. */
export function openFileLink(sealed: string, keys: readonly EncryptionKey[], now: Date): OpenedLink {
  const dot = sealed.lastIndexOf('.'); // ids of keys may hold dots
  const link = { keyId: sealed.slice(0, dot), bytes: Buffer.from(sealed.slice(dot + 1), 'base64url') };
  try {
    const [purpose, fileId, expiresAt] = JSON.parse(decrypt(link, keys).toString()) as unknown[];
    if (purpose !== PURPOSE || typeof fileId !== 'string' || typeof expiresAt !== 'number')
      return { kind: 'unknown' };
    return expiresAt > now.getTime() ? { kind: 'open', fileId } : { kind: 'expired' };
  } catch {
    return { kind: 'unknown' };
  }
}
