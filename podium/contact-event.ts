import type { ContactChange, ContactOptOut, PodiumEvent } from '../core/events';
import { isObject, list, optOutTime, part, text, time } from './wire';

const WHAT = {
  'contact.created': 'created',
  'contact.updated': 'updated',
  'contact.unchanged': 'unchanged',
  'contact.merged': 'merged',
  'contact.deleted': 'deleted',
} as const satisfies Record<string, ContactChange['what']>;

const contact = part({
  uid: text,
  name: text,
  updatedAt: time,
  phoneNumbers: list(text),
  channels: list(part({ identifier: text, transactionalOptedOutAt: optOutTime })),
  locations: list(part({ uid: text })),
});
type Contact = ReturnType<typeof contact.parse>;

/**
 * What an event of a contact says; nothing for any other type. Podium puts the contact under `after`, `before`
 * or both (docs.podium.com, "Contact"); a contact that stands there by itself is read as well. Of a merge,
 * `before` is the contact that is gone and `after` the one that is left.
 */
export function readContactEvent(
  eventType: string,
  data: unknown,
): Pick<PodiumEvent, 'kind' | 'at' | 'optOuts' | 'contact'> | null {
  if (!(eventType in WHAT)) return null;
  const what = WHAT[eventType as keyof typeof WHAT];
  const { before, after } = sidesOf(what, data);
  const now = after ?? before;
  const gone = what === 'merged' && before?.uid !== now?.uid ? (before?.uid ?? null) : null;
  return {
    kind: 'contact_changed',
    at: now?.updatedAt ?? before?.updatedAt ?? null,
    optOuts: optOutsOf(what, before, after),
    contact: {
      what,
      uid: now?.uid ?? null,
      mergedUid: gone,
      name: now?.name ?? null,
      phones: phonesOf(now),
      formerPhones: after ? phonesOf(before) : [],
      locationUids: now?.locations.flatMap(({ uid }) => uid ?? []) ?? [],
    },
  };
}

interface Sides {
  before: Contact | null;
  after: Contact | null;
}

function sidesOf(what: ContactChange['what'], data: unknown): Sides {
  if (!isObject(data)) return { before: null, after: null };
  const side = (value: unknown) => (isObject(value) ? contact.parse(value) : null);
  if ('before' in data || 'after' in data)
    return { before: side(data['before']), after: side(data['after']) };
  return what === 'deleted' ? { before: side(data), after: null } : { before: null, after: side(data) };
}

/**
 * The phones with their opt-outs. An update may have taken one away: what counts is the contact as it is now.
 * All else undoes none, so an opt-out on either side counts.
 */
function optOutsOf(
  what: ContactChange['what'],
  before: Contact | null,
  after: Contact | null,
): ContactOptOut[] {
  const was = optOutTimes(before);
  const is = optOutTimes(after);
  const phones = what === 'updated' && after ? [...is.keys()] : [...new Set([...is.keys(), ...was.keys()])];
  return phones.map((phone) => ({
    phone,
    at: is.get(phone) ?? (what === 'updated' && after ? null : (was.get(phone) ?? null)),
    before: before && (was.get(phone) ?? null) !== null,
  }));
}

/** By phone; the same phone may stand there twice, and one opt-out is enough. */
function optOutTimes(side: Contact | null): Map<string, Date | null> {
  const times = new Map<string, Date | null>();
  for (const { identifier, transactionalOptedOutAt: at } of side?.channels ?? []) {
    if (identifier === null || identifier.includes('@')) continue;
    times.set(identifier, at ?? times.get(identifier) ?? null);
  }
  return times;
}

function phonesOf(side: Contact | null): string[] {
  const identifiers = [
    ...(side?.phoneNumbers ?? []),
    ...(side?.channels.map(({ identifier }) => identifier) ?? []),
  ];
  return [...new Set(identifiers)].filter((each): each is string => each !== null && !each.includes('@'));
}
