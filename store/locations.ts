/** Podium's stores as they were last read: what serves while Podium is away, and what the door looks at. */
import { transaction, unlessHeld, type Pool, type Queryable } from './database';
import { storable } from './text';

export interface StoredLocation {
  uid: string;
  name: string;
  /** ISO 3166-1 alpha-2; null where Podium has none. */
  country: string | null;
  archived: boolean;
  organizationUid: string | null;
}

/**
 * Replaces the list as a whole: readers see the old one or the new one.
 * @throws for an empty list, and keeps the one that there is: nobody has no store, and with such a list
 *   the door would refuse every send for good
 * @param note what else is to be written in this transaction
 */
export async function replaceLocations(
  pool: Pool,
  locations: StoredLocation[],
  readAt: Date,
  note?: (client: Queryable) => Promise<void>,
): Promise<void> {
  if (locations.length === 0)
    throw new Error('Podium gave an empty list of locations; the stored one is kept.');
  await transaction(pool, async (client) => {
    // First, and so one replacement at a time.
    await client.query(
      `insert into location_readings (read_at) values ($1)
       on conflict (only_row) do update set read_at = excluded.read_at`,
      [readAt],
    );
    await client.query('delete from locations where uid <> all($1)', [locations.map(({ uid }) => uid)]);
    await client.query(
      `insert into locations (uid, name, country, archived, organization_uid)
       select * from unnest($1::text[], $2::text[], $3::text[], $4::boolean[], $5::text[])
       on conflict (uid) do update set name = excluded.name, country = excluded.country,
         archived = excluded.archived, organization_uid = excluded.organization_uid`,
      [
        locations.map(({ uid }) => uid),
        locations.map(({ name }) => storable(name)),
        locations.map(({ country }) => country),
        locations.map(({ archived }) => archived),
        locations.map(({ organizationUid }) => organizationUid),
      ],
    );
    await note?.(client);
  });
}

/** The list as it was last read; empty when it never was. */
export async function listLocations(pool: Pool): Promise<StoredLocation[]> {
  const { rows } = await pool.query<StoredLocation>(
    'select uid, name, country, archived, organization_uid as "organizationUid" from locations order by uid',
  );
  return rows;
}

/** The names of those on the list, by their uids. */
export async function storeNames(pool: Pool): Promise<Map<string, string>> {
  return new Map((await listLocations(pool)).map(({ uid, name }) => [uid, name]));
}

/** Whether a session, an event or a pause is of this location: the list may not have it any more, or not yet. */
export async function isLocationOnRecord(pool: Pool, uid: string): Promise<boolean> {
  const { rowCount } = await pool.query(
    `select from sessions where location_uid = $1
     union all select from robot_pauses where place = $1
     union all select from inbox_events where location_uid = $1 and (status = 'quarantined' or body_hash is not null)
     limit 1`,
    [uid],
  );
  return rowCount === 1;
}

/** When the list was last read whole; null when it never was. */
export async function lastReading(pool: Pool): Promise<Date | null> {
  const { rows } = await pool.query<{ readAt: Date }>('select read_at as "readAt" from location_readings');
  return rows[0]?.readAt ?? null;
}

/**
 * Runs `read` unless another server is reading the list just now.
 * @returns what `read` gives, or null when it was left to the other one
 */
export async function readAlone<T>(pool: Pool, read: () => Promise<T>): Promise<T | null> {
  return unlessHeld(pool, 'locations', read);
}
