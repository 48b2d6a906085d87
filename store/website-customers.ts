import type { Pool } from './database';

/** The phone (E.164) of whoever wrote last on a store's website since a time; null when nobody has. */
export async function latestWebsiteCustomer(
  pool: Pool,
  locationUid: string,
  since: Date,
): Promise<string | null> {
  const { rows } = await pool.query<{ phone_e164: string }>(
    `select phone_e164 from inbox_events
     where contract = 'widget' and location_uid = $1 and received_at >= $2 and phone_e164 is not null
     order by id desc limit 1`,
    [locationUid, since],
  );
  return rows[0]?.phone_e164 ?? null;
}
