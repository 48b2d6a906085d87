/** The sessions that a batch of events is about: locked, followed as the batch goes on, and written. */
import type { Verdict } from '../core/events';
import { customerKey } from './customer-key';
import type { Queryable } from './database';
import type { ReceiveContext } from './receive-context';
import { answersWait } from './partial-answers';

/** A verdict on a message of somebody at a location. */
export type Talk = Extract<
  Verdict,
  { locationUid: string; phone: string; kind: 'customer_message' | 'store_message' | 'message_failed' }
>;

/** A session's row as the batch goes on. */
export interface BatchSession {
  phone: string;
  locationUid: string;
  workflowId: string;
  open: boolean;
  answersWait: boolean;
  conversationUid: string | null;
  /** Of its row, as it was before; null where there is none. */
  sessionUid: string | null;
  /** A browser has begun it, and is shown the replies. */
  isShown: boolean;
  /** Something waits to be signalled to it. */
  due: boolean;
}

/**
 * The sessions of these talks, locked in the one order that everyone keeps: by workflow id.
 * @param lookForAnswers whether a message is among them that begins a session only where answers wait
 */
export async function lockSessions(
  client: Queryable,
  talks: Talk[],
  context: ReceiveContext,
  lookForAnswers: boolean,
): Promise<Map<string, BatchSession>> {
  const sessions = new Map<string, BatchSession>();
  for (const { phone, locationUid } of talks) {
    sessions.set(customerKey({ phone, locationUid }), {
      phone,
      locationUid,
      workflowId: context.workflowId(phone, locationUid),
      open: false,
      answersWait: false,
      conversationUid: null,
      sessionUid: null,
      isShown: false,
      due: false,
    });
  }
  if (sessions.size === 0) return sessions;
  const keys = [[...sessions.values()].map((s) => s.phone), [...sessions.values()].map((s) => s.locationUid)];
  const [open, waiting] = await Promise.all([
    client.query<Omit<BatchSession, 'answersWait' | 'conversationUid' | 'due'>>(
      `select phone_e164 as phone, location_uid as "locationUid", workflow_id as "workflowId", status <> 'closed' as open,
              session_uid as "sessionUid",
              exists (select from widget_conversations c where c.session_uid = sessions.session_uid and c.began) as "isShown"
         from sessions where (phone_e164, location_uid) in (select * from unnest($1::text[], $2::text[]))
        order by workflow_id for update`,
      keys,
    ),
    // Behind the lock, so that answers are seen whose session was closed while it was waited for.
    lookForAnswers
      ? client.query<{ phone: string; locationUid: string }>(
          `select phone_e164 as phone, location_uid as "locationUid" from partial_answers
            where (phone_e164, location_uid) in (select * from unnest($1::text[], $2::text[]))
              and ${answersWait('$3')}`,
          [...keys, context.answersWaitDays],
        )
      : { rows: [] },
  ]);
  // A session that runs keeps its id, even if the key of ids has changed meanwhile.
  for (const row of open.rows) {
    const session = sessions.get(customerKey(row))!;
    if (row.open) Object.assign(session, row);
    else session.sessionUid = row.sessionUid;
  }
  for (const row of waiting.rows) sessions.get(customerKey(row))!.answersWait = true;
  return sessions;
}

/** Writes the sessions that have something waiting: new ones, ones that begin again, ones that go on. */
export async function makeDue(client: Queryable, sessions: BatchSession[]): Promise<void> {
  if (sessions.length === 0) return;
  await client.query(
    `insert into sessions as s (workflow_id, phone_e164, location_uid, conversation_uid, status, relay_due_at)
     select workflow_id, phone, location_uid, conversation_uid, 'active', now()
       from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as d(workflow_id, phone, location_uid, conversation_uid)
      order by workflow_id
     on conflict (phone_e164, location_uid) do update set
       workflow_id = excluded.workflow_id,
       session_uid = case when s.status = 'closed' then excluded.session_uid else s.session_uid end,
       opened_at = case when s.status = 'closed' then now() else s.opened_at end,
       dealt_at = case when s.status = 'closed' then null else s.dealt_at end,
       status = case when s.status = 'closed' then 'active' else s.status end,
       close_reason = null,
       closed_at = null,
       conversation_uid = coalesce(excluded.conversation_uid, s.conversation_uid),
       relay_due_at = coalesce(s.relay_due_at, now()) -- a lease that runs makes it due when it is settled`,
    [
      sessions.map(({ workflowId }) => workflowId),
      sessions.map(({ phone }) => phone),
      sessions.map(({ locationUid }) => locationUid),
      sessions.map(({ conversationUid }) => conversationUid),
    ],
  );
}

/**
 * Who wrote to a customer after the close has the conversation from then on: no question waits there any
 * more, so that a session that begins on the customer's reply leaves it to the person.
 */
export async function leaveToAgents(client: Queryable, sessions: BatchSession[]): Promise<void> {
  if (sessions.length === 0) return;
  await client.query(
    `update partial_answers set state = jsonb_set(state, '{waitingFor}', 'null')
      where (phone_e164, location_uid) in (select * from unnest($1::text[], $2::text[]))`,
    [sessions.map(({ phone }) => phone), sessions.map(({ locationUid }) => locationUid)],
  );
}

/** Whose word a verdict is about. */
export const SPEAKERS = {
  customer_message: 'customer',
  store_message: 'agent',
  message_failed: 'delivery',
} as const;

export function isTalk(verdict: Verdict): verdict is Talk {
  return verdict.kind in SPEAKERS;
}
