/** Podium's tokens, encrypted, and shared by all processes: what one of them was given, all use. */
import { decrypt, encrypt, type EncryptionKey } from '../core/encryption';
import { TokensBusy, type TokenGrant, type TokenState } from '../core/tokens';
import { exclusively, LockNotFree, transaction, unlessHeld, type Pool, type Queryable } from './database';

/** What an operator may know of the tokens. */
export interface AccessFacts {
  refreshTokenAt: Date | null;
  accessIssuedAt: Date | null;
  accessExpiresAt: Date | null;
  scopes: string[] | null;
  grants: number;
  /** Since when no refresh token is accepted, and Podium's code for it; null while access works. */
  refusedSince: Date | null;
  refusedCode: string | null;
  /** When Podium was last seen to reject one access token after the other that it had given; null where it never was. */
  tokensRejectedAt: Date | null;
}

const LOCK = 'podium tokens';
const NOTHING: TokenState = {
  refreshToken: null,
  access: null,
  scopes: null,
  grants: 0,
  refusedCode: null,
  refusedTokens: [],
  pausedUntil: null,
};

export type StoredTokens = ReturnType<typeof storedTokens>;

/** @param keys as for Temporal's payloads: the first one encrypts, all of them decrypt */
export function storedTokens(pool: Pool, keys: readonly EncryptionKey[]) {
  const open = (keyId: string | null, bytes: Buffer | null): string | null =>
    keyId !== null && bytes !== null && keys.some(({ id }) => id === keyId)
      ? decrypt({ keyId, bytes }, keys).toString()
      : null;

  return {
    /**
     * Runs `work` while no other process runs its own; waits for them.
     * @throws {TokensBusy} when it has waited for as long as a statement may take
     */
    exclusively: <T>(work: () => Promise<T>): Promise<T> =>
      exclusively(pool, LOCK, work).catch((error: unknown) => {
        throw error instanceof LockNotFree ? new TokensBusy() : error;
      }),

    /** The same, or null at once when another process is at it. */
    unlessHeld: <T>(work: () => Promise<T>): Promise<T | null> => unlessHeld(pool, LOCK, work),

    async load(): Promise<TokenState> {
      const { rows } = await pool.query<TokenRow>('select * from podium_tokens');
      const [row] = rows;
      if (!row) return NOTHING;
      const token = open(row.access_key_id, row.access_token);
      return {
        refreshToken: open(row.refresh_key_id, row.refresh_token),
        access:
          token === null
            ? null
            : { token, issuedAt: row.access_issued_at!, expiresAt: row.access_expires_at! },
        scopes: row.scopes,
        grants: row.grants,
        refusedCode: row.refused_code,
        refusedTokens: row.refused_tokens,
        pausedUntil: row.paused_until,
      };
    },

    /**
     * Stores what Podium gave, and with it that access works.
     * @param after how many grants there were before this one was asked for
     * @param note what else is to be written in the same transaction
     * @returns false when there is a newer one already, which stays
     */
    saveGrant(
      { access: given, refreshToken, scopes }: TokenGrant,
      after: number,
      note?: (client: Queryable) => Promise<void>,
    ): Promise<boolean> {
      const access = encrypt(Buffer.from(given.token), keys);
      const refresh = refreshToken === null ? null : encrypt(Buffer.from(refreshToken), keys);
      return transaction(pool, async (client) => {
        const { rowCount } = await client.query(
          `insert into podium_tokens as stored
           (access_key_id, access_token, access_issued_at, access_expires_at, scopes,
            refresh_key_id, refresh_token, refresh_token_at, grants)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9::bigint + 1)
         on conflict (only_row) do update set
           access_key_id = excluded.access_key_id, access_token = excluded.access_token,
           access_issued_at = excluded.access_issued_at, access_expires_at = excluded.access_expires_at,
           scopes = excluded.scopes,
           refresh_key_id = coalesce(excluded.refresh_key_id, stored.refresh_key_id),
           refresh_token = coalesce(excluded.refresh_token, stored.refresh_token),
           refresh_token_at = coalesce(excluded.refresh_token_at, stored.refresh_token_at),
           grants = excluded.grants,
           refused_since = null, refused_code = null, refused_tokens = '{}', paused_until = null
         where stored.grants = $9`,
          [
            ...[access.keyId, access.bytes, given.issuedAt, given.expiresAt, scopes],
            ...[refresh?.keyId ?? null, refresh?.bytes ?? null, refresh && given.issuedAt, after],
          ],
        );
        if (rowCount === 1) await note?.(client);
        return rowCount === 1;
      });
    },

    /**
     * Notes that these refresh tokens are refused, and that nobody asks again before `until`.
     * @param after how many grants there were before they were tried
     * @returns false when there is a newer one, which has most likely replaced them; nothing is noted then
     */
    async saveRefusal(
      refusal: { code: string; tokens: string[]; until: Date },
      after: number,
    ): Promise<boolean> {
      const { rowCount } = await pool.query(
        `insert into podium_tokens as stored (refused_since, refused_code, refused_tokens, paused_until)
         values (now(), $1, $2, $3)
         on conflict (only_row) do update set
           refused_since = coalesce(stored.refused_since, now()), refused_code = excluded.refused_code,
           refused_tokens = array(select distinct unnest(stored.refused_tokens || excluded.refused_tokens)),
           paused_until = excluded.paused_until
         where stored.grants = $4`,
        [refusal.code, refusal.tokens, refusal.until, after],
      );
      return rowCount === 1;
    },

    /** Has nobody ask for a token before `until`. */
    async savePause(until: Date): Promise<void> {
      await pool.query(
        `insert into podium_tokens (paused_until) values ($1)
         on conflict (only_row) do update set paused_until = excluded.paused_until`,
        [until],
      );
    },

    /** The same, since Podium accepts none of the tokens that it gives. */
    async saveRejection(until: Date): Promise<void> {
      await pool.query(
        `insert into podium_tokens (paused_until, tokens_rejected_at) values ($1, now())
         on conflict (only_row) do update set
           paused_until = excluded.paused_until, tokens_rejected_at = excluded.tokens_rejected_at`,
        [until],
      );
    },
  };
}

/** What is known about our access to Podium; null before the first token. Needs no key. */
export async function readAccess(db: Queryable): Promise<AccessFacts | null> {
  const { rows } = await db.query<AccessFacts>(
    `select refresh_token_at as "refreshTokenAt", access_issued_at as "accessIssuedAt",
            access_expires_at as "accessExpiresAt", scopes, grants,
            refused_since as "refusedSince", refused_code as "refusedCode", tokens_rejected_at as "tokensRejectedAt"
       from podium_tokens`,
  );
  return rows[0] ?? null;
}

/** Why the stored tokens cannot be read with these keys, in a sentence; null where they can, or where there are none. */
export async function tokenKeyProblem(db: Queryable, keys: readonly EncryptionKey[]): Promise<string | null> {
  const { rows } = await db.query<TokenRow>('select * from podium_tokens');
  const { refresh_key_id: keyId, refresh_token: bytes } = rows[0] ?? {};
  if (!keyId || !bytes) return null;
  try {
    decrypt({ keyId, bytes }, keys);
    return null;
  } catch (error) {
    const why = keys.some(({ id }) => id === keyId)
      ? `the key "${keyId}" is another one`
      : (error as Error).message;
    return `Podium's refresh token, which is stored encrypted, cannot be read: ${why}.`;
  }
}

interface TokenRow {
  refresh_key_id: string | null;
  refresh_token: Buffer | null;
  access_key_id: string | null;
  access_token: Buffer | null;
  access_issued_at: Date | null;
  access_expires_at: Date | null;
  scopes: string[] | null;
  grants: number;
  refused_code: string | null;
  refused_tokens: string[];
  paused_until: Date | null;
}
