/** The end of a session. */
import type { CloseReason, PartialState } from '../core/session';
import { writeAudit } from './audit';
import { writeCloseWish } from './close-wishes';
import { wantMissingContact } from './contacts';
import { transaction, type Pool, type Queryable } from './database';
import { writeNotes, type Note } from './notes';
import { keepAnswers } from './partial-answers';
import { RECEIVED } from './recognition';
import { handledUpTo, lockSession, placeOf, type SessionKey, type SessionNote } from './sessions';
import { storable } from './text';
import { CLOCKS_DIFFER } from './waiting-chats';

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
    const session = await lockSession(client, close.phone, close.locationUid);
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

/** Of a row of `sessions`: a person of the store has written since it was opened, and not only been heard of late. */
const A_PERSON_WROTE = `exists (select from inbox_events e
  where e.phone_e164 = sessions.phone_e164 and e.location_uid = sessions.location_uid
    and e.status in ('pending', 'delivered') and e.message ->> 'from' = 'agent'
    and to_timestamp((e.message ->> 'at')::float8 / 1000) >= opened_at - ${CLOCKS_DIFFER})`;

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
    const session = await lockSession(client, phone, locationUid);
    if (session) await wantMissingContact(client, { phone, locationUid }); // else erased meanwhile
  });
}

/**
 * Whether the customer has come back since a close was wanted, so that Podium's conversation must stay open: a session
 * goes on or was closed later, or a text came, though it may have begun no session. A close may wait for hours, as long
 * as Podium is away.
 * @param wanted the note with the close
 */
export async function customerIsBack(
  pool: Pool,
  { id, phone, locationUid }: Pick<Note, 'id' | 'phone' | 'locationUid'>,
): Promise<boolean> {
  const { rowCount } = await pool.query(
    `select from agent_notes n
      where id = $1
        and (exists (select from sessions where phone_e164 = $2 and location_uid = $3
                        and (status <> 'closed' or closed_at > n.created_at))
          or exists (select from inbox_events e where phone_e164 = $2 and location_uid = $3
                        and received_at > n.created_at
                        and (event_type = any($4) or contract = 'widget')
                        -- The echo of what the widget has brought into Podium is no news.
                        and not exists (select from widget_imports i where i.message_uid = e.message_uid)))`,
    [id, phone, locationUid, RECEIVED],
  );
  return rowCount! > 0;
}
