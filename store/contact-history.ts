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
  if (entries.length === 0) return;
  await client.query(
    `insert into contact_history (phone_e164, change, podium_uid, into_uid, name, location_uid, podium_at)
     select phone, change, podium_uid, into_uid, name, location_uid, podium_at
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
         with ordinality as e(phone, change, podium_uid, into_uid, name, location_uid, podium_at, place)
      order by place`,
    [
      entries.map(({ phone }) => phone),
      entries.map(({ change }) => change),
      entries.map(({ podiumUid }) => podiumUid),
      entries.map(({ intoUid }) => intoUid ?? null),
      entries.map(({ name }) => name ?? null),
      entries.map(({ locationUid }) => locationUid ?? null),
      entries.map(({ at }) => at ?? null),
    ],
  );
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

/** Of each of Podium's contacts that is gone, the one that it went into; null when it was deleted. */
export type Successors = Map<string, string | null>;

/** The successors of the contacts of these phones, phone by phone. */
export async function successorsOf(client: Queryable, phones: string[]): Promise<Map<string, Successors>> {
  const { rows } = await client.query<{ phone: string; uid: string; into: string | null }>(
    `select phone_e164 as phone, podium_uid as uid, into_uid as into from contact_history
      where phone_e164 = any($1) and change in ('merged', 'deleted') order by id`,
    [phones],
  );
  const successors = new Map(phones.map((phone) => [phone, new Map<string, string | null>()]));
  for (const { phone, uid, into } of rows) successors.get(phone)!.set(uid, into);
  return successors;
}

/**
 * The contact that this one has become: itself, the one that is left of its merges, or null when that was
 * deleted. Podium uses no uid twice, so what is gone stays gone, in whatever order one hears of it.
 */
export function lastSuccessor(successors: Successors, podiumUid: string | null): string | null {
  const seen = new Set<string>(); // two events that contradict each other must not lead in a circle
  let uid = podiumUid;
  while (uid !== null && successors.has(uid) && !seen.has(uid)) {
    seen.add(uid);
    uid = successors.get(uid) ?? null;
  }
  return uid;
}

/** The contact that this one of a phone has become. */
export async function latestUid(
  client: Queryable,
  phone: string,
  podiumUid: string | null,
): Promise<string | null> {
  if (podiumUid === null) return null;
  return lastSuccessor((await successorsOf(client, [phone])).get(phone)!, podiumUid);
}
