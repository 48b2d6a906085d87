/**
 * The inbox: every signed event that was answered 200, exactly once, and what followed from it, in
 * the one transaction that made it safe to answer.
 */
import type { Failure, PodiumEvent, Source } from '../core/events';
import { clockBehind } from './clock';
import { phonesOfContacts } from './contact-changes';
import { lockPhones, lockPhonesWithin, transaction, type Pool, type Queryable } from './database';
import { ERASED, RECORDED, type Effect } from './effect-rules';
import { takeEffect } from './effects';
import { erasedUntil } from './erasures';
import { noteFinds } from './finds';
import { noteReceipt } from './receipt-span';
import type { JudgedEvent, ReceiveContext } from './receive-context';
import { ignoredBehind, recognizableWords, recognize } from './recognition';
import { storable, storableKey } from './text';
import { applyErasedOptOuts, applyOptOuts } from './wishes';

/** An event as it came, and what was decided without the database. */
export interface ReceivedEvent extends JudgedEvent {
  /** The body, byte for byte. */
  raw: Buffer;
  /** When the request began that brought it, where one did. */
  begunAt?: Date;
}

export interface Outcome {
  status: 'accepted' | 'duplicate' | 'ignored' | 'quarantined';
  /** Why it is quarantined. */
  failure?: Failure;
  /** What somebody has to be told of at once. */
  alarm?: Failure;
  /** Of the message with which a person of the store ended a customer's wait: how long that was. */
  waitedSeconds?: number;
}

/** A quarantined event, to be read and judged again. */
export interface QuarantinedEvent {
  id: number;
  contract: Source;
  raw: Buffer;
  receivedAt: Date;
}

/** An event was written by someone else after it was looked for, and this transaction has acted on it already. */
export class RacingDuplicate extends Error {}

/** Writes more of an act than its events, once their outcomes are known. */
type Note = (client: Queryable, outcomes: Outcome[]) => Promise<void>;

interface ReceiveOptions {
  /** An event from its bytes, where found messages may change what became of earlier ones. */
  read?: ((raw: Buffer) => PodiumEvent) | undefined;
  /** What else is to be written in this transaction. */
  note?: Note;
  /** For how long a phone that is locked is waited for, in ms; as long as a statement may take, without. */
  lockWithinMs?: number | undefined;
}

/** The second try finds the row of the first; only a conflict that no look shows needs more. */
const MOST_TRIES = 5;

/**
 * Writes events, and all that follows from them, in one transaction; one outcome each, in their order.
 * Throws when nothing was written, as with the database away.
 */
export async function receive(
  pool: Pool,
  batch: ReceivedEvent[],
  context: ReceiveContext,
  { read, note, lockWithinMs }: ReceiveOptions = {},
): Promise<Outcome[]> {
  for (let tries = 1; ; tries += 1) {
    try {
      const outcomes = await transaction(pool, async (client) => {
        const taken = await receiveIn(client, batch, context, { read, lockWithinMs });
        await note?.(client, taken);
        return taken;
      });
      batch.forEach((received, i) => noteReceipt(received, outcomes[i]!.status));
      return outcomes;
    } catch (error) {
      if (!(error instanceof RacingDuplicate) || tries === MOST_TRIES) throw error; // else the next try finds its row
    }
  }
}

async function receiveIn(
  client: Queryable,
  received: ReceivedEvent[],
  context: ReceiveContext,
  { read, lockWithinMs }: Omit<ReceiveOptions, 'note'>,
): Promise<Outcome[]> {
  const [ofContacts, lagMs] = await Promise.all([
    phonesOfContacts(client, received.flatMap(contactChange)),
    clockBehind(client),
  ]);
  const batch = received.map((one) => byPostgresClock(one, lagMs));
  const keys = [...batch.flatMap(lockKeys), ...ofContacts];
  // The lock comes first: before what is read, and before the rows' ids are drawn, since ids become
  // visible in another order than drawn.
  const [, unknown] = await Promise.all([
    lockWithinMs === undefined ? lockPhones(client, keys) : lockPhonesWithin(client, keys, lockWithinMs),
    withoutDuplicates(client, batch),
  ]);
  const { erased, kept } = await withoutErased(client, unknown);
  const { fresh, late } = await recognize(client, kept);
  const behind = read ? await ignoredBehind(client, fresh, read) : [];
  const wishes = await applyOptOuts(client, fresh, context);
  await applyErasedOptOuts(client, erased, context);
  const taken = await takeEffect(client, [...fresh, ...behind], context, wishes);
  const ofFresh = taken.slice(0, fresh.length);
  const written = [...ofFresh, ...late.map(() => RECORDED), ...erased.map(() => ERASED)];
  await insertRows(client, [...fresh, ...late, ...erased], written, new Set(fresh));
  if (behind.length > 0) await updateRows(client, behind, taken.slice(fresh.length));
  await noteFinds(client, fresh, ofFresh, context);
  const effects = new Map(fresh.map((received, i) => [received, ofFresh[i]!]));
  for (const received of erased) effects.set(received, ERASED);
  return batch.map((received) => {
    const effect = effects.get(received);
    return effect ? outcomeOf(effect) : { status: 'duplicate' };
  });
}

/** Two machines with clocks of their own would else put a STOP and a START of the same minute in the wrong order. */
function byPostgresClock(received: ReceivedEvent, lagMs: number): ReceivedEvent {
  if (lagMs === 0) return received;
  return { ...received, receivedAt: new Date(received.receivedAt.getTime() + lagMs) };
}

/** A page of what is held up by locations that were unknown or archived, oldest first. */
export async function quarantinedForLocations(
  pool: Pool,
  locationUids: string[],
  page: { afterId: number; limit: number } = { afterId: 0, limit: 200 },
): Promise<QuarantinedEvent[]> {
  const { rows } = await pool.query<QuarantinedEvent>(
    `select id, contract, raw, received_at as "receivedAt" from inbox_events
      where status = 'quarantined' and error_code = 'ERR_WEBCHAT_003' and location_uid = any($1) and id > $2
      order by id limit $3`,
    [locationUids, page.afterId, page.limit],
  );
  return rows;
}

/**
 * Lets new verdicts on quarantined events take effect, as if they came now. Released by two servers at
 * once, an event takes effect once; then its outcome is `duplicate` for the other.
 * @param note what else is to be written in this transaction
 */
export async function releaseQuarantined(
  pool: Pool,
  batch: (JudgedEvent & { id: number })[],
  context: ReceiveContext,
  { note }: { note?: Note } = {},
): Promise<Outcome[]> {
  return transaction(pool, async (client) => {
    await lockPhones(client, batch.flatMap(lockKeys));
    const { rows } = await client.query<{ id: number; phoneWasClear: boolean }>(
      `select id, phone_e164 is not null as "phoneWasClear" from inbox_events
        where id = any($1) and status = 'quarantined' order by id for update`,
      [batch.map(({ id }) => id)],
    );
    const phoneWasClear = new Map(rows.map((row) => [row.id, row.phoneWasClear]));
    const held = batch.filter(({ id }) => phoneWasClear.has(id));
    // With a clear phone, an opt-out was written when the event came.
    const unheard = held.filter(({ id }) => !phoneWasClear.get(id));
    const wishes = await applyOptOuts(client, unheard, context);
    const effects = await takeEffect(client, held, context, wishes);
    await updateRows(client, held, effects);
    const outcomes = new Map(held.map((event, i) => [event, outcomeOf(effects[i]!)]));
    const all = batch.map((event) => outcomes.get(event) ?? ({ status: 'duplicate' } as const));
    await note?.(client, all);
    return all;
  });
}

/** What an event is locked by: its phones, or itself where it has none. */
function lockKeys(received: JudgedEvent): string[] {
  const phones = phonesOf(received);
  return phones.length > 0 ? phones : [`event ${received.event.eventId}`];
}

/** Whether an event needs the very lock that another one has waited for in vain. Of a contact, which has many, nobody knows which. */
export function waitsBehind(received: JudgedEvent, held: JudgedEvent): boolean {
  if (held.verdict.kind === 'contact_changed') return false;
  const keys = lockKeys(received);
  return lockKeys(held).some((key) => keys.includes(key));
}

function phonesOf({ verdict }: JudgedEvent): string[] {
  if (verdict.kind === 'contact_changed') {
    const { change, optOuts, cleared } = verdict;
    return [...change.phones, ...[...optOuts, ...cleared].map(({ phone }) => phone)];
  }
  return 'phone' in verdict && verdict.phone !== null ? [verdict.phone] : [];
}

/**
 * Tells apart what somebody has written, or was sent, who was erased since: it may come out of Podium's queue days
 * later, or be found by reconciliation. A wish in it to get no more messages counts all the same.
 */
async function withoutErased(
  client: Queryable,
  events: ReceivedEvent[],
): Promise<{ erased: ReceivedEvent[]; kept: ReceivedEvent[] }> {
  const until = await erasedUntil(client, events.flatMap(phonesOf));
  const isErased = (received: ReceivedEvent) =>
    phonesOf(received).some((phone) => {
      const time = until.get(phone);
      return time !== undefined && (received.event.at ?? received.receivedAt) <= time;
    });
  return { erased: events.filter(isErased), kept: events.filter((received) => !isErased(received)) };
}

const contactChange = ({ verdict }: JudgedEvent) =>
  verdict.kind === 'contact_changed' ? [verdict.change] : [];

/** Those not in the inbox yet: neither by the event's id nor, delivered by another webhook, by the message's. */
async function withoutDuplicates(client: Queryable, batch: ReceivedEvent[]): Promise<ReceivedEvent[]> {
  const keys = batch.map(({ event }) => rowKeys(event));
  const { rows } = await client.query<RowKeys>(
    `select contract, event_id as "eventId", event_type as "eventType", message_uid as "messageUid"
       from inbox_events where (contract, event_id) in (select * from unnest($1::text[], $2::text[]))
     union all
     select contract, event_id, event_type, message_uid
       from inbox_events where (event_type, message_uid) in (select * from unnest($3::text[], $4::text[]))`,
    columns(keys, ['contract', 'eventId', 'eventType', 'messageUid']),
  );
  const seen = new Set(rows.flatMap(identities));
  return batch.filter((_, i) => {
    const mine = identities(keys[i]!);
    const isNew = !mine.some((identity) => seen.has(identity));
    mine.forEach((identity) => seen.add(identity));
    return isNew;
  });
}

interface RowKeys {
  contract: Source;
  eventId: string;
  eventType: string;
  messageUid: string | null;
}

function rowKeys({ contract, eventId, eventType, messageUid }: RowKeys): RowKeys {
  return {
    contract,
    eventId: storableKey(eventId),
    eventType: storableKey(eventType),
    messageUid: messageUid === null ? null : storableKey(messageUid),
  };
}

function identities({ contract, eventId, eventType, messageUid }: RowKeys): string[] {
  const byEvent = JSON.stringify(['event', contract, eventId]);
  return messageUid === null ? [byEvent] : [byEvent, JSON.stringify(['message', eventType, messageUid])];
}

async function insertRows(
  client: Queryable,
  events: ReceivedEvent[],
  effects: Effect[],
  isFresh: Set<ReceivedEvent>,
): Promise<void> {
  if (events.length === 0) return;
  const rows = events.map((received, i) => ({
    ...rowKeys(received.event),
    ...decidedColumns(received, effects[i]!),
    receivedAt: received.receivedAt,
    podiumAt: received.event.at,
    raw: effects[i] === ERASED ? Buffer.alloc(0) : received.raw,
    browser:
      effects[i] === ERASED || !received.event.browser ? null : Buffer.from(received.event.browser, 'hex'),
    bodyHash: isFresh.has(received) ? recognizableWords(received.event) : null, // a late one stands for its message already
  }));
  const { rowCount } = await client.query(
    `insert into inbox_events (contract, event_id, event_type, message_uid, received_at, podium_at, raw, body_hash, browser,
                               status, error_code, error_message, phone_e164, location_uid, workflow_id, message)
     select contract, event_id, event_type, message_uid, received_at, podium_at, raw, body_hash, browser,
            status, error_code, error_message, phone, location_uid, workflow_id, message::jsonb
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::bytea[], $8::bytea[],
                   $9::bytea[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[])
       with ordinality as row(contract, event_id, event_type, message_uid, received_at, podium_at, raw, body_hash, browser,
                   status, error_code, error_message, phone, location_uid, workflow_id, message, place)
      order by place
     on conflict do nothing`,
    columns(rows, [
      'contract',
      'eventId',
      'eventType',
      'messageUid',
      'receivedAt',
      'podiumAt',
      'raw',
      'bodyHash',
      'browser',
      ...DECIDED_COLUMNS,
    ]),
  );
  if (rowCount !== rows.length) throw new RacingDuplicate();
}

async function updateRows(
  client: Queryable,
  events: (JudgedEvent & { id: number })[],
  effects: Effect[],
): Promise<void> {
  const rows = events.map((event, i) => ({ id: event.id, ...decidedColumns(event, effects[i]!) }));
  await client.query(
    `update inbox_events e set status = row.status, error_code = row.error_code, error_message = row.error_message,
       phone_e164 = row.phone, location_uid = row.location_uid, workflow_id = row.workflow_id, message = row.message::jsonb
       from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
         as row(id, status, error_code, error_message, phone, location_uid, workflow_id, message)
      where e.id = row.id`,
    columns(rows, ['id', ...DECIDED_COLUMNS]),
  );
}

const DECIDED_COLUMNS = [
  'status',
  'errorCode',
  'errorMessage',
  'phone',
  'locationUid',
  'workflowId',
  'message',
] as const;

function decidedColumns({ event, verdict }: JudgedEvent, effect: Effect) {
  const locationUid = 'locationUid' in verdict ? verdict.locationUid : event.locationUid;
  return {
    status: effect.status,
    errorCode: effect.failure?.code ?? null,
    errorMessage: effect.failure && storable(effect.failure.message),
    phone: 'phone' in verdict && effect !== ERASED ? verdict.phone : null,
    locationUid: locationUid === null ? null : storableKey(locationUid),
    workflowId: effect.workflowId,
    message: effect.message && JSON.stringify(effect.message),
  };
}

/** Rows turned into one array a column, as `unnest` takes them. */
function columns<Row, Key extends keyof Row>(rows: Row[], keys: readonly Key[]): Row[Key][][] {
  return keys.map((key) => rows.map((row) => row[key]));
}

function outcomeOf({ status, failure, alarm, waitedSeconds }: Effect): Outcome {
  if (status === 'quarantined') return { status, ...(failure && { failure }) };
  const isAccepted = status !== 'ignored' && status !== 'erased';
  return {
    status: isAccepted ? 'accepted' : 'ignored',
    ...(alarm && { alarm }),
    ...(waitedSeconds !== undefined && { waitedSeconds }),
  };
}
