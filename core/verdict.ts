import { failure } from './error-codes';
import type {
  ClearedOptOut,
  ContactChange,
  Failure,
  Location,
  OptOutWish,
  OtherWish,
  PodiumEvent,
  Verdict,
} from './events';
import { normalizePhone } from './phone';
import { undeliveredCause } from './undelivered';
import { readWish } from './wish';
import type { WordsFor } from './wish-words';

const TEXT_CHANNELS = new Set(['phone', 'sms', 'text']);

/** Whether the identifier of a channel is a phone, and a text message answers it. @param channel as Podium names it */
export const isTextChannel = (channel: string): boolean => TEXT_CHANNELS.has(channel.toLowerCase());

const ARCHIVED = failure('ERR_WEBCHAT_003', {
  message: 'The location is archived in Podium.',
  hint: 'Take the chat off the website of this store, or restore the location in Podium: what waits is released then.',
});

/**
 * What becomes of an event, from the event and the list of locations alone. Nothing falls back to a
 * default location or country. The opt-out is looked for first, so that a STOP counts at a location
 * that is unknown or archived, as long as its phone is clear.
 *
 * @param findLocation the location of a uid, with the settings' country filled in where Podium has none
 * @param wordsFor the words that are wishes
 */
export function judge(
  event: PodiumEvent,
  findLocation: (uid: string) => Location | undefined,
  wordsFor: WordsFor,
): Verdict {
  const location = event.locationUid === null ? undefined : findLocation(event.locationUid);
  switch (event.kind) {
    case 'customer_message':
      return judgeMessage('customer_message', event, location, wishesOf(event, location, wordsFor));
    case 'store_message':
      return judgeMessage('store_message', event, location, NO_WISH);
    case 'message_failed':
      return judgeMessage('message_failed', event, location, optOutByFailure(event));
    case 'contact_changed':
      return judgeContact(event, location, findLocation);
    case 'other':
      return { kind: 'ignored', reason: 'An event of this type changes nothing here.' };
  }
}

function judgeMessage(
  kind: 'customer_message' | 'store_message' | 'message_failed',
  event: PodiumEvent,
  location: Location | undefined,
  wishes: Wishes,
): Verdict {
  if (!isTextChannel(event.channel)) {
    return { kind: 'ignored', reason: 'It came through a channel that is not answered by text.' };
  }
  const phone = readPhone(event.phone, event, location);
  const refused = (why: Failure): Verdict =>
    quarantined(why, { phone: phone.ok ? phone.e164 : null, locationUid: event.locationUid, ...wishes });
  const notServed = locationFailure(event.locationUid, location);
  if (notServed || !location) return refused(notServed ?? failure('ERR_WEBCHAT_003'));
  if (!phone.ok) return refused(phone.failure);

  const whose = { phone: phone.e164, locationUid: location.uid };
  switch (kind) {
    case 'customer_message':
      return { kind, ...whose, ...wishes };
    case 'store_message':
      return { kind, ...whose };
    case 'message_failed':
      return { kind, ...whose, optOut: wishes.optOut };
  }
}

/** Why nothing can be for a location. @param uid as it was said, @param location what it names */
export function locationFailure(uid: string | null, location: Location | undefined): Failure | null {
  if (uid === null) return failure('ERR_WEBCHAT_002');
  if (!location) return failure('ERR_WEBCHAT_003');
  return location.archived ? ARCHIVED : null;
}

interface Wishes {
  optOut: OptOutWish | null;
  said: OtherWish | null;
}

const NO_WISH: Wishes = { optOut: null, said: null };

/** By the words of the store's country. The text alone: whether a question is open, the session knows. */
function wishesOf(event: PodiumEvent, location: Location | undefined, wordsFor: WordsFor): Wishes {
  const words = wordsFor(location?.country ?? event.country);
  const read = readWish(event.text, words);
  const mayAnswer = read.wish === 'none';
  const { wish, rule } = mayAnswer ? readWish(event.text, words, { questionOpen: false }) : read;
  if (wish === 'none' || rule === null) return NO_WISH;
  return wish === 'opt_out'
    ? { optOut: { rule }, said: null }
    : { optOut: null, said: { wish, rule, mayAnswer } };
}

/** Podium or a carrier holds an opt-out that we have not heard of: nothing would arrive anyway. */
function optOutByFailure({ failureReason }: PodiumEvent): Wishes {
  const optedOut = undeliveredCause(failureReason) === 'opted_out';
  return { optOut: optedOut ? { rule: 'podium' } : null, said: null };
}

/**
 * What became of a contact, with its phones in one form. Whether that is a contact of ours, and whether a
 * phone without an opt-out undoes one, is for the receiving transaction to decide.
 */
function judgeContact(
  event: PodiumEvent,
  location: Location | undefined,
  findLocation: (uid: string) => Location | undefined,
): Verdict {
  const { contact } = event;
  if (!contact) return { kind: 'ignored', reason: 'It says nothing of a contact.' };
  const home = location ?? oneCountry(contact.locationUids.map(findLocation));
  const e164 = (phone: string) => readPhone(phone, event, home);
  const optOuts: { phone: string; at: Date }[] = [];
  const cleared: ClearedOptOut[] = [];
  let unclear: Failure | undefined;
  for (const { phone, at, before } of event.optOuts) {
    const read = e164(phone);
    if (at !== null && read.ok) optOuts.push({ phone: read.e164, at });
    else if (at !== null && !read.ok) unclear = read.failure;
    else if (read.ok && mayBeCleared(event, before))
      cleared.push({ phone: read.e164, at: event.at!, shown: before === true });
  }
  const change = withPhones(contact, e164);
  return { kind: 'contact_changed', change, optOuts, cleared, ...(unclear && { unclear }) };
}

/** A contact may be at many stores: they say how its phones are dialled where they share one country. */
function oneCountry(locations: (Location | undefined)[]): Location | undefined {
  const countries = new Set(locations.map((location) => location?.country ?? null));
  return countries.size === 1 ? locations[0] : undefined;
}

/** Only an update takes an opt-out away, and only one that tells whose contact it is, and when. */
function mayBeCleared({ contact, at }: PodiumEvent, before: boolean | null): boolean {
  return contact?.what === 'updated' && contact.uid !== null && at !== null && before !== false;
}

/** Phones in one form. What cannot be read may be any of the former ones, so none of those counts as lost then. */
function withPhones(
  contact: ContactChange,
  read: (phone: string) => ReturnType<typeof readPhone>,
): ContactChange {
  const readable = (phones: string[]) => {
    const results = phones.map(read).flatMap((result) => (result.ok ? result.e164 : []));
    return [...new Set(results)];
  };
  const allRead = contact.phones.every((phone) => read(phone).ok);
  return {
    ...contact,
    phones: readable(contact.phones),
    formerPhones: allRead ? readable(contact.formerPhones) : [],
  };
}

/**
 * The location's country decides how a local form is read, since that is where the chat began. A
 * country that came with the event itself counts only where the location has none.
 */
function readPhone(phone: string | null, event: PodiumEvent, location: Location | undefined) {
  return normalizePhone(phone ?? '', location?.country ?? event.country);
}

/** Whether somebody has opted out of whom no phone can be made out. A person has to look at it. */
export function isOptOutOfNobody(verdict: Verdict): boolean {
  if (verdict.kind === 'contact_changed') return verdict.unclear !== undefined;
  return verdict.kind === 'quarantined' && verdict.optOut !== null && verdict.phone === null;
}

/** What cannot be used. @param known what could be made out all the same */
export function quarantined(
  why: Failure,
  known: Pick<Quarantined, 'phone' | 'locationUid' | 'optOut' | 'said'> = NOTHING_KNOWN,
): Quarantined {
  return { kind: 'quarantined', failure: why, ...known };
}

type Quarantined = Extract<Verdict, { kind: 'quarantined' }>;

const NOTHING_KNOWN = { phone: null, locationUid: null, ...NO_WISH };
