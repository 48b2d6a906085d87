/** Podium's refresh token, encrypted, and shared by all processes: a new one may come with each access token. */
import { decrypt, encrypt, type EncryptionKey } from '../core/encryption';
import { exclusively, type Pool } from './database';

export interface StoredRefreshToken {
  /** Runs `work` while no other process runs its own. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  /** The latest token; null when none was stored, or when its key is gone. */
  load(): Promise<string | null>;
  save(token: string): Promise<void>;
}

/** @param keys as for Temporal's payloads: the first one encrypts, all of them decrypt */
export function storedRefreshToken(pool: Pool, keys: readonly EncryptionKey[]): StoredRefreshToken {
  return {
    exclusively: (work) => exclusively(pool, 'refresh token', work),
    async load() {
      const { rows } = await pool.query<{ keyId: string; bytes: Buffer }>(
        'select key_id as "keyId", refresh_token as bytes from podium_tokens',
      );
      const stored = rows[0];
      if (!stored || !keys.some(({ id }) => id === stored.keyId)) return null;
      return decrypt(stored, keys).toString();
    },
    async save(token) {
      const { keyId, bytes } = encrypt(Buffer.from(token), keys);
      await pool.query(
        `insert into podium_tokens (key_id, refresh_token) values ($1, $2)
         on conflict (only_row) do update set key_id = excluded.key_id, refresh_token = excluded.refresh_token, updated_at = now()`,
        [keyId, bytes],
      );
    },
  };
}
