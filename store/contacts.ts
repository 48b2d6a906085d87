/** The mirror of Podium's contacts: one per phone, whatever races, and the locations it belongs to. */
import type { Pool } from './database';
import { storable } from './text';

export interface Contact {
  podiumUid: string | null;
  name: string | null;
  locationUids: string[];
}

/** The contact of a phone, or null. */
export async function contactOf(pool: Pool, phone: string): Promise<Contact | null> {
  const { rows } = await pool.query<Contact>(
    `select podium_uid as "podiumUid", name,
            array(select location_uid from contact_locations l where l.phone_e164 = c.phone_e164 order by 1) as "locationUids"
       from contacts c where phone_e164 = $1`,
    [phone],
  );
  return rows[0] ?? null;
}

/** Writes what Podium said of a contact at a location. What it did not say stays as it was. */
export async function saveContact(
  pool: Pool,
  contact: { phone: string; podiumUid: string | null; name: string | null; locationUid: string },
): Promise<void> {
  await pool.query(
    `with contact as (
       insert into contacts as c (phone_e164, podium_uid, name) values ($1, $2, $3)
       on conflict (phone_e164) do update set podium_uid = coalesce(excluded.podium_uid, c.podium_uid),
         name = coalesce(excluded.name, c.name), updated_at = now()
       returning phone_e164)
     insert into contact_locations (phone_e164, location_uid) select phone_e164, $4 from contact
     on conflict do nothing`,
    [contact.phone, contact.podiumUid, contact.name && storable(contact.name), contact.locationUid],
  );
}
