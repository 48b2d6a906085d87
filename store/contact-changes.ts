/**
 * What events of contacts do to the mirror: within the receiving transaction. Most change nothing, and a batch of
 * them costs as many statements as one.
 */
import type { ContactChange } from '../core/events';
import {
  lastSuccessor,
  successorsOf,
  writeContactHistory,
  type NewContactHistory,
  type Successors,
} from './contact-history';
import type { Queryable } from './database';
import { mirrorOntoContact } from './opt-out-mirrors';
import { storable, storableKey } from './text';

interface MirrorRow {
  phone: string;
  podiumUid: string | null;
  name: string | null;
  podiumAt: Date | null;
}

/** A contact of the mirror as the batch goes on. */
interface MirroredContact extends MirrorRow {
  /** As it stands in the store. */
  was: MirrorRow;
  successors: Successors;
  places: Place[];
  /** Another of Podium's contacts has taken the place. */
  linked: boolean;
}

/** A location of a contact. */
interface Place {
  phone: string;
  locationUid: string;
  gone: boolean;
  wasGone: boolean;
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
  const contacts = await lockContacts(
    client,
    keyed.map(({ change }) => change),
  );
  const history: NewContactHistory[] = [];
  const concerned = keyed.map(({ change, at }) => {
    const theirs = contacts.filter((contact) => isAbout(change, contact));
    for (const contact of theirs) {
      history.push(...noteWhatIsGone(contact, change, at));
      history.push(...follow(contact, change, at));
    }
    return theirs.length > 0;
  });
  await writeContactHistory(client, history);
  await writeContacts(client, contacts);
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

/** The contacts of the whole batch, locked in one order, so that two batches never wait for each other. */
async function lockContacts(client: Queryable, changes: ContactChange[]): Promise<MirroredContact[]> {
  const { rows } = await client.query<MirrorRow>(
    `select phone_e164 as phone, podium_uid as "podiumUid", name, podium_at as "podiumAt" from contacts
      where phone_e164 = any($1) or podium_uid = any($2) order by phone_e164 for update`,
    [changes.flatMap((change) => change.phones), uidsOf(changes)],
  );
  if (rows.length === 0) return [];
  const phones = rows.map(({ phone }) => phone);
  const [successors, places] = await Promise.all([
    successorsOf(client, phones),
    client.query<Place>(
      `select phone_e164 as phone, location_uid as "locationUid", gone_at is not null as gone,
              gone_at is not null as "wasGone"
         from contact_locations where phone_e164 = any($1)`,
      [phones],
    ),
  ]);
  return rows.map((was) => ({
    ...was,
    was,
    successors: successors.get(was.phone)!,
    places: places.rows.filter(({ phone }) => phone === was.phone),
    linked: false,
  }));
}

function isAbout({ phones, uid, mergedUid }: ContactChange, { phone, podiumUid }: MirrorRow): boolean {
  return phones.includes(phone) || (podiumUid !== null && (podiumUid === uid || podiumUid === mergedUid));
}

/** Changes the contact. @returns what is new in its history */
function follow(contact: MirroredContact, change: ContactChange, at: Date): NewContactHistory[] {
  const { phone, successors, places } = contact;
  const before = { podiumUid: contact.podiumUid, name: contact.name };
  const { uid } = change;
  const isYoungest = contact.podiumAt === null || at >= contact.podiumAt;
  let podiumUid = lastSuccessor(successors, before.podiumUid);
  const entries: NewContactHistory[] = [];
  if (isYoungest && podiumUid !== null && podiumUid === uid && lostPhone(change, phone)) {
    entries.push({ phone, change: 'phone_removed', podiumUid, at });
    podiumUid = null;
  } else if (isYoungest && podiumUid === null && change.what !== 'deleted' && change.phones.includes(phone)) {
    podiumUid = lastSuccessor(successors, uid);
  }
  const isOurs = podiumUid !== null && podiumUid === uid && change.what !== 'deleted';
  const name = isOurs && isYoungest && change.name ? storable(change.name) : before.name;
  const isLinked = podiumUid !== null && podiumUid !== before.podiumUid;
  if (isLinked) entries.push({ phone, change: 'linked', podiumUid, name, at });
  else if (name !== before.name) entries.push({ phone, change: 'renamed', podiumUid, name, at });

  Object.assign(contact, { podiumUid, name, linked: contact.linked || isLinked });
  if (isYoungest && (isOurs || podiumUid !== before.podiumUid)) contact.podiumAt = at;
  if (podiumUid === null && before.podiumUid !== null) for (const place of places) place.gone = true;
  if (isOurs)
    for (const place of places) if (change.locationUids.includes(place.locationUid)) place.gone = false;
  return entries;
}

/** Once: the same may be told by several events, as that a merged contact was deleted. */
function noteWhatIsGone(
  { phone, successors }: MirroredContact,
  change: ContactChange,
  at: Date,
): NewContactHistory[] {
  const gone = change.what === 'deleted' ? change.uid : change.mergedUid;
  if (gone === null) return [];
  const intoUid = change.what === 'merged' ? change.uid : null;
  const isKnown = intoUid === null ? successors.has(gone) : (successors.get(gone) ?? null) !== null;
  if (isKnown) return [];
  successors.set(gone, intoUid);
  return [{ phone, change: intoUid === null ? 'deleted' : 'merged', podiumUid: gone, intoUid, at }];
}

function lostPhone({ phones, formerPhones }: ContactChange, phone: string): boolean {
  return formerPhones.includes(phone) && !phones.includes(phone);
}

/** What has changed of them, and nothing else. */
async function writeContacts(client: Queryable, contacts: MirroredContact[]): Promise<void> {
  const changed = contacts.filter(
    ({ was, ...now }) =>
      was.podiumUid !== now.podiumUid || was.name !== now.name || was.podiumAt !== now.podiumAt,
  );
  if (changed.length > 0)
    await client.query(
      `update contacts c set podium_uid = now.uid, name = now.name, podium_at = now.podium_at, updated_at = now()
         from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) as now(phone, uid, name, podium_at)
        where c.phone_e164 = now.phone`,
      [
        changed.map(({ phone }) => phone),
        changed.map(({ podiumUid }) => podiumUid),
        changed.map(({ name }) => name),
        changed.map(({ podiumAt }) => podiumAt),
      ],
    );
  const linked = contacts.filter((contact) => contact.linked);
  await mirrorOntoContact(
    client,
    linked.map(({ phone }) => phone),
  );
  const places = contacts
    .flatMap((contact) => contact.places)
    .filter(({ gone, wasGone }) => gone !== wasGone);
  if (places.length > 0)
    await client.query(
      `update contact_locations l set gone_at = case when now.gone then now() end
         from unnest($1::text[], $2::text[], $3::boolean[]) as now(phone, location_uid, gone)
        where l.phone_e164 = now.phone and l.location_uid = now.location_uid`,
      [
        places.map(({ phone }) => phone),
        places.map(({ locationUid }) => locationUid),
        places.map(({ gone }) => gone),
      ],
    );
}
