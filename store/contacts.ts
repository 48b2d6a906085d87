/** The mirror of Podium's contacts: one per phone, whatever races, and the locations it belongs to. */
import { latestUid, writeContactHistory } from './contact-history';
import { lockPhones, transaction, type Pool, type Queryable } from './database';
import { mirrorOntoContact } from './opt-out-mirrors';
import { storable, storableKey } from './text';
import { wantWorkflows } from './workflow-starts';

export interface Contact {
  podiumUid: string | null;
  /** Podium's. */
  name: string | null;
  /** Where Podium has it. */
  locationUids: string[];
}

/** What Podium said of a contact. What it did not say stays as it was. */
export interface KnownContact {
  phone: string;
  podiumUid: string | null;
  name: string | null;
  /** A location that it belongs to; null when nothing is said of any. */
  locationUid: string | null;
  /** What the customer is called there. */
  nameThere?: string | null;
  /** Of the row that it is asked for: once that is erased, nothing is written. */
  contactId?: string;
}

interface ContactRow {
  contactId: string;
  podiumUid: string | null;
  name: string | null;
}

/** The contact of a phone, or null. */
export async function contactOf(pool: Pool, phone: string): Promise<Contact | null> {
  const { rows } = await pool.query<Contact>(
    `select podium_uid as "podiumUid", name,
            array(select location_uid from contact_locations l
                   where l.phone_e164 = c.phone_e164 and gone_at is null order by 1) as "locationUids"
       from contacts c where phone_e164 = $1`,
    [phone],
  );
  return rows[0] ?? null;
}

/** What a customer is called at a store. */
export interface NameAtStore {
  locationUid: string;
  name: string | null;
  /** Since when Podium has no contact there; null while it has. */
  goneAt: Date | null;
}

/** The names of a contact, store by store. */
export async function namesByStore(pool: Pool, phone: string): Promise<NameAtStore[]> {
  const { rows } = await pool.query<NameAtStore>(
    `select location_uid as "locationUid", name, gone_at as "goneAt" from contact_locations
      where phone_e164 = $1 order by 1`,
    [phone],
  );
  return rows;
}

/**
 * Writes what Podium said of a contact. Where it did not tell the uid, since a new contact cannot always be
 * read at once, a workflow of its own reads it later.
 */
export async function saveContact(pool: Pool, contact: KnownContact): Promise<void> {
  await transaction(pool, async (client) => {
    const { phone, locationUid } = contact;
    await lockPhones(client, [phone]);
    const row = await lockContact(client, contact);
    if (!row) return;
    const saidUid = contact.podiumUid && storableKey(contact.podiumUid);
    const podiumUid = (await latestUid(client, phone, saidUid)) ?? row.podiumUid;
    const name = (contact.name && storable(contact.name)) ?? row.name;
    await client.query(
      'update contacts set podium_uid = $2, name = $3, updated_at = now() where phone_e164 = $1',
      [phone, podiumUid, name],
    );
    if (podiumUid !== row.podiumUid) {
      await writeContactHistory(client, [{ phone, change: 'linked', podiumUid, name }]);
      await mirrorOntoContact(client, [phone]);
    } else if (name !== row.name)
      await writeContactHistory(client, [{ phone, change: 'renamed', podiumUid, name }]);
    if (locationUid !== null) await saveLocation(client, { ...contact, podiumUid, locationUid });
    if (podiumUid === null) {
      const { contactId } = row;
      await wantWorkflows(client, [
        { workflowType: 'contactReading', workflowId: `contact-reading:${contactId}`, args: [{ contactId }] },
      ]);
    }
  });
}

/** The phone of a contact, and a location to ask by, as long as Podium's uid of it is not known; else null. */
export async function contactToRead(
  pool: Pool,
  contactId: string,
): Promise<{ phone: string; locationUid: string } | null> {
  const { rows } = await pool.query<{ phone: string; locationUid: string }>(
    `select c.phone_e164 as phone, l.location_uid as "locationUid"
       from contacts c join contact_locations l using (phone_e164)
      where c.contact_id = $1 and c.podium_uid is null and l.gone_at is null
      order by 2 limit 1`,
    [contactId],
  );
  return rows[0] ?? null;
}

/**
 * Wants the contact made of a customer who has none at a store, since Podium did not let the session have it. One that
 * Podium has deleted is left alone, until the customer writes again.
 */
export async function wantMissingContact(
  client: Queryable,
  { phone, locationUid }: { phone: string; locationUid: string },
): Promise<void> {
  const { rowCount } = await client.query(
    'select from contact_locations where phone_e164 = $1 and location_uid = $2',
    [phone, locationUid],
  );
  if (rowCount! > 0) return;
  await client.query('insert into contacts (phone_e164) values ($1) on conflict do nothing', [phone]);
  const { rows } = await client.query<{ contactId: string }>(
    'select contact_id as "contactId" from contacts where phone_e164 = $1',
    [phone],
  );
  const { contactId } = rows[0]!;
  await wantWorkflows(client, [
    {
      workflowType: 'contactMaking',
      workflowId: `contact-making:${contactId}:${locationUid}`,
      args: [{ contactId, locationUid }],
    },
  ]);
}

/** Whose contact is still missing at a store, by the name of the last message there; null when it is not. */
export async function contactToMake(
  pool: Pool,
  { contactId, locationUid }: { contactId: string; locationUid: string },
): Promise<{ phone: string; name: string | null } | null> {
  const { rows } = await pool.query<{ phone: string; name: string | null }>(
    `select phone_e164 as phone,
            (select message ->> 'name' from inbox_events e
              where e.phone_e164 = c.phone_e164 and e.location_uid = $2 and message ->> 'from' = 'customer'
                and message ->> 'name' is not null
              order by id desc limit 1) as name
       from contacts c
      where contact_id = $1
        and not exists (select from contact_locations l where l.phone_e164 = c.phone_e164 and l.location_uid = $2)`,
    [contactId, locationUid],
  );
  return rows[0] ?? null;
}

/** The phone's row, which is made where none is asked for by its id; null when that one is gone. */
async function lockContact(
  client: Queryable,
  { phone, contactId = null }: { phone: string; contactId?: string | null },
): Promise<ContactRow | null> {
  if (contactId === null)
    await client.query('insert into contacts (phone_e164) values ($1) on conflict do nothing', [phone]);
  const { rows } = await client.query<ContactRow>(
    `select contact_id as "contactId", podium_uid as "podiumUid", name from contacts
      where phone_e164 = $1 and ($2::uuid is null or contact_id = $2) for update`,
    [phone, contactId],
  );
  return rows[0] ?? null;
}

/** The name that is used at a store is its own: the same phone may be known by another one elsewhere. */
async function saveLocation(
  client: Queryable,
  contact: KnownContact & { locationUid: string },
): Promise<void> {
  const { phone, podiumUid, locationUid } = contact;
  const name = contact.nameThere ? storable(contact.nameThere) : null;
  const { rows } = await client.query<{ name: string | null }>(
    `select name from contact_locations where phone_e164 = $1 and location_uid = $2`,
    [phone, locationUid],
  );
  await client.query(
    `insert into contact_locations as l (phone_e164, location_uid, name) values ($1, $2, $3)
     on conflict (phone_e164, location_uid) do update set name = coalesce(excluded.name, l.name), gone_at = null`,
    [phone, locationUid, name],
  );
  if (name !== null && name !== rows[0]?.name)
    await writeContactHistory(client, [{ phone, change: 'renamed', podiumUid, name, locationUid }]);
}
