/**
 * A message may come by its webhook and be found in Podium's list of messages, in either order. With a uid
 * on both sides the inbox knows it by that. An event without one (skill contract) is known by customer,
 * store and words; each claims one of the other kind, so that two equal answers stay two. All of it runs
 * under the lock of the phone (docs/decisions/recognition.md).
 */
import { isFound, UNCLEAR_MESSAGE, type PodiumEvent, type Verdict } from '../core/events';
import { customerKey } from './customer-key';
import type { Queryable } from './database';
import { customersWithImports, isOwnImport } from './import-echoes';
import type { JudgedEvent } from './receive-context';
import { bodyHash, storableKey } from './text';

/** The types under which a customer's message is stored. */
export const RECEIVED = ['message.received', 'webchat.message.received'];
const SENT = 'message.sent';
/** By how much Podium's clock may be ahead of ours. */
const CLOCK_SKEW = '5 minutes';
/** An event may be so late: Podium's queue lives for ten days. */
const LATEST_EVENT = '11 days';

/** Words by which this message may have to be recognized; null for one that its uid tells, or that is in doubt. */
export function recognizableWords(event: PodiumEvent): Buffer | null {
  if (event.kind !== 'customer_message' || event.eventType === UNCLEAR_MESSAGE) return null;
  return event.messageUid === null || isFound(event) ? bodyHash(event.text) : null;
}

export interface Recognition<Received> {
  /** Those that are new. */
  fresh: Received[];
  /** Of messages that were found, or that we have imported ourselves: to be stored as they came, and nothing else. */
  late: Received[];
}

/**
 * Tells apart what is new and what has come in by the other way. Takes locks of rows of these phones only, and
 * those of sessions before those of messages, as the relay does.
 */
export async function recognize<Received extends JudgedEvent>(
  client: Queryable,
  events: Received[],
): Promise<Recognition<Received>> {
  const fresh: Received[] = [];
  const late: Received[] = [];
  if (events.some(({ event }) => isFound(event) || recognizableWords(event)))
    await lockSessions(client, events);
  const maybeEchoes = await maybeOwnImports(client, events);
  for (const received of events) {
    const { event } = received;
    if (maybeEchoes.has(received) && (await isEcho(client, received))) late.push(received);
    else if (isFound(event)) {
      if (!(await cameByWebhook(client, received))) fresh.push(received);
    } else if (recognizableWords(event) && !wishesOptOut(received)) {
      ((await claimFound(client, received)) ? late : fresh).push(received);
    } else fresh.push(received);
  }
  return { fresh, late };
}

/** Customers' messages that Podium tells of, where some of the customer's have gone from the widget into Podium. */
async function maybeOwnImports<Received extends JudgedEvent>(
  client: Queryable,
  events: Received[],
): Promise<Set<Received>> {
  const told = events.filter(
    ({ event, verdict }) => verdict.kind === 'customer_message' && event.contract !== 'widget',
  );
  const customers = await customersWithImports(client, told.map(customerOf));
  return new Set(told.filter((received) => customers.has(customerKey(customerOf(received)))));
}

const customerOf = ({ verdict }: JudgedEvent) => verdict as Extract<Verdict, { kind: 'customer_message' }>;

async function isEcho(client: Queryable, received: JudgedEvent): Promise<boolean> {
  const { event, receivedAt } = received;
  const { phone, locationUid } = customerOf(received);
  const { messageUid: uid, text, at } = event;
  return isOwnImport(client, {
    ...{ uid, phone, locationUid, text, at: at ?? receivedAt, hasPodiumsTime: at !== null },
    wishesOptOut: wishesOptOut(received),
  });
}

async function lockSessions(client: Queryable, events: JudgedEvent[]): Promise<void> {
  const places = events.flatMap(({ verdict }) =>
    'phone' in verdict && verdict.phone !== null && verdict.locationUid !== null ? [verdict] : [],
  );
  await client.query(
    `select from sessions where (phone_e164, location_uid) in (select * from unnest($1::text[], $2::text[]))
      order by workflow_id for update`,
    [places.map(({ phone }) => phone), places.map(({ locationUid }) => storableKey(locationUid!))],
  );
}

/**
 * Messages that were ignored, since no session was open: the one that would have begun it was written before
 * them, and is among `fresh`. A conversation is read from its end, page by page, so they may be of any page.
 * @param read an event from its bytes
 */
export async function ignoredBehind(
  client: Queryable,
  fresh: JudgedEvent[],
  read: (raw: Buffer) => PodiumEvent,
): Promise<(JudgedEvent & { id: number })[]> {
  const begins = fresh.flatMap(({ event, verdict }) =>
    isFound(event) && event.webchat && verdict.kind === 'customer_message'
      ? [{ at: event.at, ...verdict }]
      : [],
  );
  if (begins.length === 0) return [];
  const { rows } = await client.query<IgnoredRow>(
    `select id, raw, received_at as "receivedAt", podium_at as "podiumAt", message_uid as "messageUid",
            phone_e164 as phone, location_uid as "locationUid"
       from inbox_events i
      where status = 'ignored' and event_type = any($1)
        and exists (select from unnest($2::text[], $3::text[], $4::timestamptz[]) as b(phone, location_uid, at)
                     where b.phone = i.phone_e164 and b.location_uid = i.location_uid
                       and b.at <= coalesce(i.podium_at, i.received_at))
      order by id`,
    [
      RECEIVED,
      begins.map(({ phone }) => phone),
      begins.map(({ locationUid }) => storableKey(locationUid)),
      begins.map(({ at }) => at),
    ],
  );
  return rows.map(({ id, raw, receivedAt, podiumAt, messageUid, ...place }) => ({
    ...{ id, receivedAt, event: { ...read(raw), at: podiumAt, messageUid } },
    verdict: { kind: 'customer_message', ...place, optOut: null, said: null }, // one that wishes an opt-out is never ignored
  }));
}

interface IgnoredRow {
  id: number;
  raw: Buffer;
  receivedAt: Date;
  podiumAt: Date | null;
  messageUid: string | null;
  phone: string;
  locationUid: string;
}

async function cameByWebhook(client: Queryable, received: JudgedEvent): Promise<boolean> {
  const { kind, messageUid, eventType } = received.event;
  if (kind !== 'customer_message' || messageUid === null) return false;
  const isUnclear = eventType === UNCLEAR_MESSAGE; // it may as well be the store's, or ours
  const { rowCount } = await client.query(
    `select from inbox_events where message_uid = $1 and event_type = any($2)
     union all select from sends where message_uid = $1 and $3`,
    [storableKey(messageUid), isUnclear ? [...RECEIVED, SENT] : RECEIVED, isUnclear],
  );
  return rowCount! > 0 || claimEvent(client, received, messageUid);
}

/** The found message is the one of an event without uid, the nearest in time; from now on that one has it. */
async function claimEvent(
  client: Queryable,
  { event, verdict, receivedAt }: JudgedEvent,
  messageUid: string,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `update inbox_events set message_uid = $1, body_hash = null
      where id = (select id from inbox_events
                   where location_uid = $2 and body_hash = $3 and phone_e164 is not distinct from $4
                     and message_uid is null and received_at > $5::timestamptz - $6::interval
                   order by abs(extract(epoch from received_at - $5)), id limit 1)`,
    [
      storableKey(messageUid),
      event.locationUid && storableKey(event.locationUid),
      bodyHash(event.text),
      phoneOf(verdict),
      event.at ?? receivedAt,
      CLOCK_SKEW,
    ],
  );
  return rowCount === 1;
}

/** The event is the one of a message that was found: the earliest with these words that has none yet. */
async function claimFound(client: Queryable, { event, verdict, receivedAt }: JudgedEvent): Promise<boolean> {
  const { rowCount } = await client.query(
    `update inbox_events set body_hash = null
      where id = (select id from inbox_events
                   where location_uid = $1 and body_hash = $2 and phone_e164 is not distinct from $3
                     and message_uid is not null
                     and podium_at between $4::timestamptz - $5::interval and $4::timestamptz + $6::interval
                   order by podium_at, id limit 1)`,
    [
      event.locationUid && storableKey(event.locationUid),
      bodyHash(event.text),
      phoneOf(verdict),
      receivedAt,
      LATEST_EVENT,
      CLOCK_SKEW,
    ],
  );
  return rowCount === 1;
}

/**
 * Such an event is never late: a STOP, also one in other words, may be a new one after an opt-in, and to write it twice
 * costs nothing.
 */
function wishesOptOut({ verdict }: JudgedEvent): boolean {
  const asks = 'said' in verdict && verdict.said?.wish === 'ask';
  return asks || ('optOut' in verdict && verdict.optOut !== null);
}

function phoneOf(verdict: JudgedEvent['verdict']): string | null {
  return 'phone' in verdict ? verdict.phone : null;
}
