/** The sessions' rows, and the answers of an unfinished intake. Temporal is the authority on a live session. */
import type { Source } from '../core/events';
import { isPartialState } from '../core/partial-state';
import type { Answers, CloseReason, PartialState, SessionMessage, SessionStatus } from '../core/session';
import { writeAudit } from './audit';
import { writeCloseWish } from './close-wishes';
import { wantMissingContact } from './contacts';
import { transaction, type Pool, type Queryable } from './database';
import { writeNotes } from './notes';
import { isOptedOut } from './opt-out-states';
import { storable } from './text';
import { traceIdOf } from './trace-id';
import { CLOCKS_DIFFER, WAITS } from './waiting-chats';

/** Phones get new owners: older answers are given to nobody. For `partial_answers`. @param days a parameter, as $1 */
export const answersWait = (days: string) =>
  `claimed_by is null and saved_at > now() - ${days} * interval '1 day'`;

export const SESSION_COLUMNS = `workflow_id as "workflowId", phone_e164 as phone, location_uid as "locationUid",
  session_uid as "sessionUid", status, close_reason as "closeReason", conversation_uid as "conversationUid",
  handled_number as "handledNumber", last_message_at as "lastMessageAt", closed_at as "closedAt",
  case when ${WAITS} then waiting_since end as "waitingSince"`;

/** What an opening hands over at most: Temporal refuses results of more than 2 MB. */
const MOST_UNDEALT_BYTES = 1024 * 1024;

/** Whose session it is, and where its workflow is found. */
export interface SessionKey {
  workflowId: string;
  phone: string;
  locationUid: string;
}

export interface Session extends SessionKey {
  sessionUid: string;
  status: Exclude<SessionStatus, 'closing'>;
  closeReason: CloseReason | null;
  conversationUid: string | null;
  handledNumber: number;
  lastMessageAt: Date | null;
  closedAt: Date | null;
  /** Since when a person of the store is waited for, also once the session is closed; null for nobody. */
  waitingSince: Date | null;
}

export interface SessionOpening {
  sessionUid: string;
  /** Highest number of a message that was dealt with, by this execution or an earlier one. */
  handledNumber: number;
  /** Answers of an earlier session. The same execution gets them again, no other does. */
  restored: PartialState | null;
  /** What was delivered to an earlier execution, which failed or was terminated before it had dealt with it. */
  undealt: SessionMessage[];
  optedOut: boolean;
  /** Whether Podium's contact is known to belong to this location. */
  contactKnown: boolean;
}

/** A note of the session for the agent. */
export interface SessionNote {
  key: string;
  body: string;
}

export interface SessionProgress extends SessionKey {
  handledNumber: number;
  status: 'active' | 'warned';
  /** Whether a person of the store is waited for; null leaves it as it was. */
  waitsForPerson: boolean | null;
  lastMessageAt: Date | null;
  /** Answers so far; null forgets them. */
  partial: PartialState | null;
  notes: SessionNote[];
  conversationUid: string | null;
}

export interface SessionClose extends SessionKey {
  phoneHash: string;
  handledNumber: number;
  /** What was delivered to a run that is gone: up to this number it keeps nothing open, and is left to the next session. */
  deliveredNumber?: number;
  reason: CloseReason;
  /** For a run that is gone: only this session is closed, and only while it is open. Of another one nothing is changed. */
  openSessionUid?: string;
  /** Answers that the next session gets; null forgets them, left out it gets those that are stored. */
  partial?: PartialState | null | undefined;
  note: SessionNote | null;
  /** Whether Podium's conversation is closed too, after the note. */
  closeConversation: boolean;
  conversationUid: string | null;
  /** Who wanted it closed, as declared; null when nobody did. */
  actor?: string | null;
  /** Why, as they have written it; empty, null or left out where nobody said. */
  wish?: string | null | undefined;
}

/**
 * What an execution has to know at its beginning.
 * @param firstRunId of the execution: it claims the answers, so that they are given back once
 * @param answersWaitDays how long answers wait for their customer
 */
export async function openSession(
  pool: Pool,
  { workflowId, phone, locationUid, firstRunId }: SessionKey & { firstRunId: string },
  answersWaitDays: number,
): Promise<SessionOpening> {
  return transaction(pool, async (client) => {
    const session = await lockSession(client, { workflowId, phone, locationUid });
    const { rows } = await client.query<{ contactKnown: boolean }>(
      `select exists (select from contact_locations
                       where phone_e164 = $1 and location_uid = $2 and gone_at is null) as "contactKnown"`,
      [phone, locationUid],
    );
    // A signal that Temporal delivers once more after the close must use up nothing.
    const isClosed = session.status === 'closed';
    return {
      sessionUid: session.sessionUid,
      handledNumber: session.handledNumber,
      restored: isClosed
        ? null
        : await claimAnswers(client, { phone, locationUid, firstRunId, answersWaitDays }),
      undealt: isClosed ? [] : await undealtMessages(client, workflowId, session.handledNumber),
      optedOut: await isOptedOut(client, phone),
      contactKnown: rows[0]!.contactKnown,
    };
  });
}

/** A number that the relay has not given is a person's invention, and must not swallow what comes later. */
const handledUpTo = (number: string): string => `least(greatest(handled_number, ${number}), last_number)`;

/** Of a row of `sessions`: a person of the store has written since it was opened, and not only been heard of late. */
const A_PERSON_WROTE = `exists (select from inbox_events e
  where e.phone_e164 = sessions.phone_e164 and e.location_uid = sessions.location_uid
    and e.status in ('pending', 'delivered') and e.message ->> 'from' = 'agent'
    and to_timestamp((e.message ->> 'at')::float8 / 1000) >= opened_at - ${CLOCKS_DIFFER})`;

export interface SavedProgress {
  /** Up to which number messages are dealt with. */
  handledNumber: number;
  /** Podium's contact is gone from this location since it was seen to, and is to be seen to again. */
  contactGone: boolean;
}

/**
 * Persists what a batch of messages has led to, in one transaction. Repeating it changes nothing.
 *
 * It may come late, of a run that another one has overtaken: what the store knows better stays, and a session that
 * is closed, or erased, stays so.
 */
export async function saveProgress(pool: Pool, progress: SessionProgress): Promise<SavedProgress> {
  return transaction(pool, async (client) => {
    const session = await lockRow(client, progress.phone, progress.locationUid);
    if (!session) return { handledNumber: progress.handledNumber, contactGone: false };
    const isNews = progress.handledNumber > session.handledNumber;
    const isLate = !isNews && (session.status === 'closed' || progress.handledNumber < session.handledNumber);
    const { rows } = await client.query<SavedProgress>(
      `update sessions set
         status = case when $7 then status else $3 end,
         handled_number = ${handledUpTo('$4')},
         last_message_at = greatest(last_message_at, $5),
         conversation_uid = coalesce($6, conversation_uid),
         waiting_since = case when $7 or $8::boolean is null then waiting_since
                              when $8 then coalesce(waiting_since, now()) end,
         dealt_at = case when $9 then now() else dealt_at end
       where phone_e164 = $1 and location_uid = $2
       returning handled_number as "handledNumber",
         exists (select from contact_locations
                  where phone_e164 = $1 and location_uid = $2 and gone_at is not null) as "contactGone"`,
      [
        progress.phone,
        progress.locationUid,
        progress.status,
        progress.handledNumber,
        progress.lastMessageAt,
        progress.conversationUid,
        isLate,
        progress.waitsForPerson,
        isNews,
      ],
    );
    if (!isLate) await keepAnswers(client, progress, progress.partial);
    await writeNotes(
      client,
      progress.notes.map((note) => ({ ...note, ...placeOf(progress), close: false })),
    );
    return rows[0]!;
  });
}

/**
 * Persists the end of a session: its answers, the note, the wish to close Podium's conversation. The
 * row stays open when a message waits that the workflow has not seen.
 *
 * A run may know less than the store: what its lost workflow task had persisted stays, though the task that
 * replaces it may take another way. Messages dealt with then are not unseen, and their answers are kept.
 *
 * Where Podium's conversation stays open, it waits for a person, unless one has written since the session began.
 * @returns whether the row is closed; of a close for a run that is gone, whether it was closed by this
 */
export async function closeSession(pool: Pool, close: SessionClose): Promise<{ closed: boolean }> {
  return transaction(pool, async (client) => {
    // Locked in a statement of its own: what a receiver has committed until then is seen by the next one.
    const session = await lockRow(client, close.phone, close.locationUid);
    if (!session) return { closed: true }; // erased meanwhile
    const { openSessionUid } = close;
    const isMeant =
      openSessionUid === undefined || (session.status !== 'closed' && session.sessionUid === openSessionUid);
    if (!isMeant) return { closed: false };
    const dealtWith = Math.max(close.handledNumber, session.handledNumber);
    const closed = !(await hasUnseen(
      client,
      close.workflowId,
      Math.max(dealtWith, close.deliveredNumber ?? 0),
    ));
    if (openSessionUid !== undefined && !closed) return { closed: false };
    await (closed ? markClosed : markOpen)(client, close, dealtWith);
    await keepAnswers(client, close, close.handledNumber < dealtWith ? undefined : close.partial);
    // Of a session that goes on, too: the run that ends here may be the only one that knows what it says.
    if (close.note || close.closeConversation) {
      const note = close.note ?? { key: `close:${session.sessionUid}:${close.handledNumber}`, body: null };
      await writeNotes(client, [{ ...note, ...placeOf(close), close: close.closeConversation }]);
    }
    if (closed) {
      await wantMissingContact(client, close);
      await writeClosed(client, session.sessionUid, close);
    }
    return { closed };
  });
}

/** Whether a message waits that the workflow has not seen. */
async function hasUnseen(client: Queryable, workflowId: string, seenUpTo: number): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from inbox_events where workflow_id = $1 and status in ('pending', 'delivered')
        and (delivery_number is null or delivery_number > $2) limit 1`,
    [workflowId, seenUpTo],
  );
  return rowCount! > 0;
}

async function markClosed(client: Queryable, close: SessionClose, dealtWith: number): Promise<void> {
  const { phone, locationUid, conversationUid, reason, closeConversation } = close;
  await client.query(
    `update sessions set
       status = 'closed',
       close_reason = $5,
       closed_at = coalesce(closed_at, now()),
       handled_number = ${handledUpTo('$3')},
       conversation_uid = coalesce($4, conversation_uid),
       waiting_since = case when $5 = 'completed' then waiting_since
                            when $6 or ${A_PERSON_WROTE} then null
                            when status = 'closed' then waiting_since
                            else coalesce(waiting_since, now()) end
     where phone_e164 = $1 and location_uid = $2`,
    [phone, locationUid, dealtWith, conversationUid, reason, closeConversation],
  );
}

/** The session goes on, with the same id. */
async function markOpen(client: Queryable, close: SessionClose, dealtWith: number): Promise<void> {
  await client.query(
    `update sessions set status = 'active', close_reason = null, closed_at = null,
       handled_number = ${handledUpTo('$3')}, conversation_uid = coalesce($4, conversation_uid)
     where phone_e164 = $1 and location_uid = $2`,
    [close.phone, close.locationUid, dealtWith, close.conversationUid],
  );
}

/** Once for each session, however often its close is repeated. */
async function writeClosed(client: Queryable, sessionUid: string, close: SessionClose): Promise<void> {
  const { phoneHash, locationUid, workflowId, reason, actor, wish } = close;
  const key = `session_closed:${sessionUid}`;
  if (wish) await writeCloseWish(client, { ...close, entryKey: key, reason: wish });
  await writeAudit(client, {
    ...{ key, kind: 'session_closed', phoneHash, locationUid, workflowId },
    details: { session: sessionUid, reason, actor: actor ? storable(actor) : null },
  });
}

/** Wants the contact made that a session could not have. */
export async function wantContact(pool: Pool, { phone, locationUid }: SessionKey): Promise<void> {
  await transaction(pool, async (client) => {
    const session = await lockRow(client, phone, locationUid);
    if (session) await wantMissingContact(client, { phone, locationUid }); // else erased meanwhile
  });
}

/** The answers of an unfinished intake that wait for the next session; whatever else stands there is none. */
export async function keptAnswers(pool: Pool, phone: string, locationUid: string): Promise<Answers> {
  const { rows } = await pool.query<{ state: unknown }>(
    'select state from partial_answers where phone_e164 = $1 and location_uid = $2',
    [phone, locationUid],
  );
  const state = rows[0]?.state;
  return isPartialState(state) ? state.answers : [];
}

/** The highest number that was delivered to the session's workflow; 0 when none was. */
export async function lastDelivered(pool: Pool, workflowId: string): Promise<number> {
  const { rows } = await pool.query<{ number: number }>(
    `select coalesce(max(delivery_number), 0) as number from inbox_events
      where workflow_id = $1 and status = 'delivered'`,
    [workflowId],
  );
  return rows[0]!.number;
}

/** The session of a customer at a store, open or closed; null when there never was one. */
export async function findSession(pool: Pool, phone: string, locationUid: string): Promise<Session | null> {
  const { rows } = await pool.query<Session>(
    `select ${SESSION_COLUMNS} from sessions where phone_e164 = $1 and location_uid = $2`,
    [phone, locationUid],
  );
  return rows[0] ?? null;
}

/** Whether a phone was ever in a chat with a store, or is one of its contacts. */
export async function hasBeenInTouch(
  client: Queryable,
  phone: string,
  locationUid: string,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from sessions where phone_e164 = $1 and location_uid = $2
     union all select from contact_locations where phone_e164 = $1 and location_uid = $2`,
    [phone, locationUid],
  );
  return rowCount! > 0;
}

/** A session by its own id, or by that of its workflow; null when there is none. */
export async function findSessionById(pool: Pool, id: string): Promise<Session | null> {
  const { rows } = await pool.query<Session>(
    `select ${SESSION_COLUMNS} from sessions where workflow_id = $1 or session_uid::text = lower($1)`,
    [id],
  );
  return rows[0] ?? null;
}

/** The sessions of a customer at all stores, the latest first. */
export async function sessionsOf(pool: Pool, phone: string): Promise<Session[]> {
  const { rows } = await pool.query<Session>(
    `select ${SESSION_COLUMNS} from sessions where phone_e164 = $1
      order by last_message_at desc nulls last, location_uid`,
    [phone],
  );
  return rows;
}

/** Whether the session has gone on since it was closed, so that Podium's conversation must stay open. */
export async function sessionReopened(pool: Pool, workflowId: string): Promise<boolean> {
  const { rowCount } = await pool.query(`select from sessions where workflow_id = $1 and status = 'closed'`, [
    workflowId,
  ]);
  return rowCount === 0;
}

/** The row of a session that begins, locked. The receiver has written it, unless someone started the workflow by hand. */
async function lockSession(
  client: Queryable,
  { workflowId, phone, locationUid }: SessionKey,
): Promise<LockedSession> {
  const found = await lockRow(client, phone, locationUid);
  if (found) return found;
  await client.query(
    `insert into sessions (workflow_id, phone_e164, location_uid, status) values ($1, $2, $3, 'active')
     on conflict (phone_e164, location_uid) do nothing`,
    [workflowId, phone, locationUid],
  );
  return (await lockRow(client, phone, locationUid))!;
}

/** The row of a session, as far as its writers look at it before they write. */
type LockedSession = Pick<Session, 'sessionUid' | 'status' | 'handledNumber'>;

async function lockRow(
  client: Queryable,
  phone: string,
  locationUid: string,
): Promise<LockedSession | undefined> {
  const { rows } = await client.query<LockedSession>(
    `select session_uid as "sessionUid", status, handled_number as "handledNumber"
       from sessions where phone_e164 = $1 and location_uid = $2 for update`,
    [phone, locationUid],
  );
  return rows[0];
}

async function claimAnswers(
  client: Queryable,
  claim: { phone: string; locationUid: string; firstRunId: string; answersWaitDays: number },
): Promise<PartialState | null> {
  const { rows } = await client.query<{ state: PartialState }>(
    `update partial_answers set claimed_by = $3
      where phone_e164 = $1 and location_uid = $2 and (claimed_by = $3 or ${answersWait('$4')})
     returning state`,
    [claim.phone, claim.locationUid, claim.firstRunId, claim.answersWaitDays],
  );
  return rows[0]?.state ?? null;
}

interface StoredMessage {
  number: number;
  message: SessionMessage;
  contract: Source;
  eventId: string;
}

/** The youngest ones, should they be too many: a person has the others in Podium's inbox. */
async function undealtMessages(
  client: Queryable,
  workflowId: string,
  handledNumber: number,
): Promise<SessionMessage[]> {
  const { rows } = await client.query<StoredMessage>(
    `select number, message, contract, event_id as "eventId"
       from (select delivery_number as number, message, contract, event_id,
                    sum(octet_length(message::text)) over (order by delivery_number desc) as bytes
               from inbox_events
              where workflow_id = $1 and delivery_number > $2 and status = 'delivered') as undealt
      where bytes <= $3 order by number`,
    [workflowId, handledNumber, MOST_UNDEALT_BYTES],
  );
  return rows.map(({ number, message, ...event }) => ({ ...message, number, traceId: traceIdOf(event) }));
}

async function keepAnswers(
  client: Queryable,
  { phone, locationUid }: SessionKey,
  partial: PartialState | null | undefined,
): Promise<void> {
  if (partial === undefined) {
    await client.query(
      'update partial_answers set claimed_by = null where phone_e164 = $1 and location_uid = $2',
      [phone, locationUid],
    );
  } else if (partial) {
    await client.query(
      `insert into partial_answers (phone_e164, location_uid, state, saved_at) values ($1, $2, $3, now())
       on conflict (phone_e164, location_uid) do update
         set state = excluded.state, saved_at = excluded.saved_at, claimed_by = null`,
      [phone, locationUid, JSON.stringify(partial)],
    );
  } else {
    await client.query('delete from partial_answers where phone_e164 = $1 and location_uid = $2', [
      phone,
      locationUid,
    ]);
  }
}

function placeOf({
  workflowId,
  phone,
  locationUid,
  conversationUid,
}: SessionKey & { conversationUid: string | null }) {
  return { workflowId, phone, locationUid, conversationUid };
}
