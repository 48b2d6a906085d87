import type { Payload, PayloadCodec } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { decrypt, encrypt, type EncryptionKey } from './encryption';
import { ENCRYPTED } from './payload-converter';

const { Payload: PayloadMessage } = temporal.api.common.v1;

/**
 * Encrypts what Temporal stores of our workflows. The whole payload is encrypted, with its metadata, as
 * Temporal's own samples do. Unencrypted payloads are let through on the way in, since people send
 * signals as plain JSON.
 */
export class EncryptionCodec implements PayloadCodec {
  constructor(private readonly keys: readonly EncryptionKey[]) {}

  // eslint-disable-next-line @typescript-eslint/require-await -- Temporal asks for a promise; AES needs none
  async encode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => {
      const { keyId, bytes } = encrypt(PayloadMessage.encode(payload).finish(), this.keys);
      return {
        metadata: { encoding: Buffer.from(ENCRYPTED), 'encryption-key-id': Buffer.from(keyId) },
        data: bytes,
      };
    });
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- Temporal asks for a promise; AES needs none
  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => {
      if (read(payload, 'encoding') !== ENCRYPTED) return payload;
      const encrypted = { keyId: read(payload, 'encryption-key-id'), bytes: Buffer.from(payload.data ?? []) };
      return PayloadMessage.decode(decrypt(encrypted, this.keys));
    });
  }
}

function read({ metadata }: Payload, name: string): string {
  return Buffer.from(metadata?.[name] ?? []).toString();
}
