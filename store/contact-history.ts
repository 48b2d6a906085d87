/** What became of a contact over time: which of Podium's contacts it was, under which names, and what is gone. */
import type { Pool, Queryable } from './database';

export type ContactHistoryChange = 'linked' | 'renamed' | 'merged' | 'deleted' | 'phone_removed';

export interface NewContactHistory {
  phone: string;
  change: ContactHistoryChange;
  /** Of Podium's contact; of a merge the one that is gone. */
  podiumUid: string | null;
  /** Of a merge: the one that is left. */
  intoUid?: string | null;
  name?: string | null;
  /** Where the name is used; null for Podium's own name of the contact. */
  locationUid?: string | null;
  /** Podium's time; null where it was learned by asking. */
  at?: Date | null;
}

export async function writeContactHistory(client: Queryable, entries: NewContactHistory[]): Promise<void> {
  for (const { phone, change, podiumUid, intoUid, name, locationUid, at } of entries) {
    await client.query(
      `insert into contact_history (phone_e164, change, podium_uid, into_uid, name, location_uid, podium_at)
       values ($1, $2, $3, $4, $5, $6, $7)`,
      [phone, change, podiumUid, intoUid ?? null, name ?? null, locationUid ?? null, at ?? null],
    );
  }
}

/** What became of a contact, as it was written down. */
export interface ContactHistoryEntry {
  change: ContactHistoryChange;
  podiumUid: string | null;
  intoUid: string | null;
  name: string | null;
  locationUid: string | null;
  at: Date | null;
  writtenAt: Date;
}

/** The history of a phone's contact, the oldest first. */
export async function contactHistory(pool: Pool, phone: string): Promise<ContactHistoryEntry[]> {
  const { rows } = await pool.query<ContactHistoryEntry>(
    `select change, podium_uid as "podiumUid", into_uid as "intoUid", name, location_uid as "locationUid",
            podium_at as at, written_at as "writtenAt"
       from contact_history where phone_e164 = $1 order by id`,
    [phone],
  );
  return rows;
}

/**
 * The contact that this one has become: itself, the one that is left of its merges, or null when that was
 * deleted. Podium uses no uid twice, so what is gone stays gone, in whatever order one hears of it.
 */
export async function latestUid(
  client: Queryable,
  phone: string,
  podiumUid: string | null,
): Promise<string | null> {
  if (podiumUid === null) return null;
  const { rows } = await client.query<{ uid: string; into: string | null }>(
    `select podium_uid as uid, into_uid as into from contact_history
      where phone_e164 = $1 and change in ('merged', 'deleted') order by id`,
    [phone],
  );
  const became = new Map(rows.map(({ uid, into }) => [uid, into]));
  const seen = new Set<string>(); // two events that contradict each other must not lead in a circle
  let uid: string | null = podiumUid;
  while (uid !== null && became.has(uid) && !seen.has(uid)) {
    seen.add(uid);
    uid = became.get(uid) ?? null;
  }
  return uid;
}
