/** The sessions' rows. Temporal is the authority on a live session. */
import type { CloseReason, SessionStatus } from '../core/session';
import type { Pool, Queryable } from './database';
import { WAITS } from './waiting-chats';

export const SESSION_COLUMNS = `workflow_id as "workflowId", phone_e164 as phone, location_uid as "locationUid",
  session_uid as "sessionUid", status, close_reason as "closeReason", conversation_uid as "conversationUid",
  handled_number as "handledNumber", last_message_at as "lastMessageAt", closed_at as "closedAt",
  case when ${WAITS} then waiting_since end as "waitingSince"`;

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

/** A note of the session for the agent. */
export interface SessionNote {
  key: string;
  body: string;
}

/** The session of a customer at a store, open or closed; null when there never was one. */
export async function findSession(pool: Pool, phone: string, locationUid: string): Promise<Session | null> {
  const { rows } = await pool.query<Session>(
    `select ${SESSION_COLUMNS} from sessions where phone_e164 = $1 and location_uid = $2`,
    [phone, locationUid],
  );
  return rows[0] ?? null;
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

/** The highest number that was delivered to the session's workflow; 0 when none was. */
export async function lastDelivered(pool: Pool, workflowId: string): Promise<number> {
  const { rows } = await pool.query<{ number: number }>(
    `select coalesce(max(delivery_number), 0) as number from inbox_events
      where workflow_id = $1 and status = 'delivered'`,
    [workflowId],
  );
  return rows[0]!.number;
}

/** The row of a session, as far as its writers look at it before they write. */
export type LockedSession = Pick<Session, 'sessionUid' | 'status' | 'handledNumber'>;

export async function lockSession(
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

/** A number that the relay has not given is a person's invention, and must not swallow what comes later. */
export const handledUpTo = (number: string): string =>
  `least(greatest(handled_number, ${number}), last_number)`;

export function placeOf({
  workflowId,
  phone,
  locationUid,
  conversationUid,
}: SessionKey & { conversationUid: string | null }) {
  return { workflowId, phone, locationUid, conversationUid };
}
