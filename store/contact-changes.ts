/** What an event of a contact does to the mirror: within the receiving transaction. */
import type { ContactChange } from '../core/events';
import { latestUid, writeContactHistory, type NewContactHistory } from './contact-history';
import type { Queryable } from './database';
import { mirrorOntoContact } from './opt-out-mirrors';
import { storable, storableKey } from './text';

interface MirrorRow {
  phone: string;
  podiumUid: string | null;
  name: string | null;
  podiumAt: Date | null;
}

/** A change of one of Podium's contacts, and when it was: Podium's time, or when we heard of it. */
export interface DatedChange {
  change: ContactChange;
  at: Date;
}

/**
 * Follows contacts, in the order in which the changes came. The rows of the mirror that a change is about are
 * those that point to its contact, and those of its phones. What is gone is noted down whatever its time; all
 * else takes effect unless something younger has.
 * @returns of each change, whether a contact of ours is concerned
 */
export async function followContacts(client: Queryable, changes: DatedChange[]): Promise<boolean[]> {
  if (changes.length === 0) return [];
  const keyed = changes.map(({ change, at }) => {
    const uid = change.uid && storableKey(change.uid);
    const mergedUid = change.mergedUid && storableKey(change.mergedUid);
    return { change: { ...change, uid, mergedUid }, at };
  });
  await lockRows(
    client,
    keyed.map(({ change }) => change),
  ); // of the whole batch, so that two batches never wait for each other
  const concerned: boolean[] = [];
  for (const { change, at } of keyed) {
    const rows = await lockRows(client, [change]);
    for (const row of rows) await followRow(client, row, change, at);
    concerned.push(rows.length > 0);
  }
  return concerned;
}

/** The phones of ours that changes are about which name only Podium's contacts: to be locked before. */
export async function phonesOfContacts(client: Queryable, changes: ContactChange[]): Promise<string[]> {
  const uids = uidsOf(changes).map(storableKey);
  if (uids.length === 0) return [];
  const { rows } = await client.query<{ phone: string }>(
    'select phone_e164 as phone from contacts where podium_uid = any($1)',
    [uids],
  );
  return rows.map(({ phone }) => phone);
}

function uidsOf(changes: ContactChange[]): string[] {
  return changes.flatMap(({ uid, mergedUid }) => [uid, mergedUid]).filter((uid) => uid !== null);
}

async function lockRows(client: Queryable, changes: ContactChange[]): Promise<MirrorRow[]> {
  const { rows } = await client.query<MirrorRow>(
    `select phone_e164 as phone, podium_uid as "podiumUid", name, podium_at as "podiumAt" from contacts
      where phone_e164 = any($1) or podium_uid = any($2) order by phone_e164 for update`,
    [changes.flatMap(({ phones }) => phones), uidsOf(changes)],
  );
  return rows;
}

async function followRow(client: Queryable, row: MirrorRow, change: ContactChange, at: Date): Promise<void> {
  const { phone } = row;
  const { uid } = change;
  await noteWhatIsGone(client, row, change, at);
  const isYoungest = row.podiumAt === null || at >= row.podiumAt;
  let podiumUid = await latestUid(client, phone, row.podiumUid);
  const entries: NewContactHistory[] = [];
  if (isYoungest && podiumUid !== null && podiumUid === uid && lostPhone(change, phone)) {
    entries.push({ phone, change: 'phone_removed', podiumUid, at });
    podiumUid = null;
  } else if (isYoungest && podiumUid === null && change.what !== 'deleted' && change.phones.includes(phone)) {
    podiumUid = await latestUid(client, phone, uid);
  }
  const isOurs = podiumUid !== null && podiumUid === uid && change.what !== 'deleted';
  const name = isOurs && isYoungest && change.name ? storable(change.name) : row.name;
  const isLinked = podiumUid !== null && podiumUid !== row.podiumUid;
  if (isLinked) entries.push({ phone, change: 'linked', podiumUid, name, at });
  else if (name !== row.name) entries.push({ phone, change: 'renamed', podiumUid, name, at });
  await writeContactHistory(client, entries);
  await client.query(
    `update contacts set podium_uid = $2, name = $3, updated_at = now(),
       podium_at = case when $5 then greatest(podium_at, $4) else podium_at end
     where phone_e164 = $1`,
    [phone, podiumUid, name, at, isOurs || row.podiumUid !== podiumUid],
  );
  if (isLinked) await mirrorOntoContact(client, phone);
  if (podiumUid === null && row.podiumUid !== null)
    await client.query('update contact_locations set gone_at = now() where phone_e164 = $1', [phone]);
  if (isOurs)
    await client.query(
      'update contact_locations set gone_at = null where phone_e164 = $1 and location_uid = any($2)',
      [phone, change.locationUids],
    );
}

/** Once: the same may be told by several events, as that a merged contact was deleted. */
async function noteWhatIsGone(
  client: Queryable,
  { phone }: MirrorRow,
  change: ContactChange,
  at: Date,
): Promise<void> {
  const gone = change.what === 'deleted' ? change.uid : change.mergedUid;
  if (gone === null) return;
  const intoUid = change.what === 'merged' ? change.uid : null;
  const kinds = intoUid === null ? ['merged', 'deleted'] : ['merged'];
  const { rowCount } = await client.query(
    'select from contact_history where phone_e164 = $1 and podium_uid = $2 and change = any($3)',
    [phone, gone, kinds],
  );
  if (rowCount) return;
  await writeContactHistory(client, [
    { phone, change: intoUid === null ? 'deleted' : 'merged', podiumUid: gone, intoUid, at },
  ]);
}

function lostPhone({ phones, formerPhones }: ContactChange, phone: string): boolean {
  return formerPhones.includes(phone) && !phones.includes(phone);
}
