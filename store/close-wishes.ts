/** Why persons wanted sessions closed. The audit has the act, and no words: these stand beside it. */
import type { Pool, Queryable } from './database';
import { storable } from './text';

export interface CloseWish {
  /** Of the audit's entry about the close. */
  entryKey: string;
  /** E.164. */
  phone: string;
  locationUid: string;
  reason: string;
}

/** In the transaction of the close. */
export async function writeCloseWish(client: Queryable, wish: CloseWish): Promise<void> {
  await client.query(
    `insert into close_wishes (entry_key, phone_e164, location_uid, reason) values ($1, $2, $3, $4)
     on conflict (entry_key) do nothing`,
    [wish.entryKey, wish.phone, wish.locationUid, storable(wish.reason)],
  );
}

/** The reasons that are kept, by the keys of the audit's entries. */
export async function closeReasons(pool: Pool, entryKeys: string[]): Promise<Map<string, string>> {
  const { rows } = await pool.query<{ key: string; reason: string }>(
    'select entry_key as key, reason from close_wishes where entry_key = any($1)',
    [entryKeys],
  );
  return new Map(rows.map(({ key, reason }) => [key, reason]));
}
