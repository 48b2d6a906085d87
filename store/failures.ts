/**
 * Texts that Podium had taken and that did not arrive after all. The send says so from then on, the audit has
 * an entry, and the agent a note. The session is told through the inbox, as of everything else.
 */
import { undeliveredNote } from '../core/agent-note';
import { undeliveredCause } from '../core/undelivered';
import type { Queryable } from './database';
import { writeNotes } from './notes';
import { storable } from './text';

export interface SendFailure {
  sendId: string;
  /** In Podium's words; null when it gives none. */
  reason: string | null;
}

/** A send whose message has just become known. */
export interface LearnedMessage {
  sendId: string;
  messageUid: string;
}

/** @returns the ids of those sends of which it was not known */
export async function failSends(client: Queryable, failures: SendFailure[]): Promise<Set<string>> {
  if (failures.length === 0) return new Set();
  const { rows } = await client.query<{
    sendId: string;
    phone: string;
    locationUid: string;
    workflowId: string | null;
    conversationUid: string | null;
    reason: string | null;
  }>(
    `with failed as (
       update sends set status = 'failed', error_code = failure.cause, failure_reason = failure.reason,
              failed_at = now(), settled_at = coalesce(settled_at, now())
         from unnest($1::uuid[], $2::text[], $3::text[]) as failure(id, cause, reason)
        where sends.id = failure.id and status <> 'failed'
       returning sends.*
     ), told as (
       insert into audit_entries (entry_key, kind, phone_hash, location_uid, workflow_id, details)
       select 'send_failed:' || id, 'send_failed', phone_hash, location_uid, workflow_id,
              jsonb_build_object('send', id, 'attempt', attempts, 'message', message_uid, 'cause', error_code)
         from failed order by id
       on conflict (entry_key) do nothing
     )
     select id as "sendId", phone_e164 as phone, location_uid as "locationUid", workflow_id as "workflowId",
            conversation_uid as "conversationUid", failure_reason as reason
       from failed`,
    [
      failures.map(({ sendId }) => sendId),
      failures.map(({ reason }) => undeliveredCause(reason)),
      failures.map(({ reason }) => reason && storable(reason)),
    ],
  );
  await writeNotes(
    client,
    rows.map(({ sendId, reason, ...place }) => ({
      ...{ ...place, key: `undelivered:${sendId}`, body: undeliveredNote(reason), close: false },
    })),
  );
  return new Set(rows.map(({ sendId }) => sendId));
}

/**
 * A failure may have come before we knew whose it was. Now that these sends know their messages, it is theirs:
 * what was kept of it in the inbox goes to the session, if it still runs. The phones are locked.
 */
export async function failAsReported(client: Queryable, learned: LearnedMessage[]): Promise<void> {
  if (learned.length === 0) return;
  const { rows } = await client.query<SendFailure & { inboxId: number }>(
    `select i.id as "inboxId", send_id as "sendId", nullif(i.message->>'text', '') as reason
       from unnest($1::uuid[], $2::text[]) as learned(send_id, uid)
       join inbox_events i on i.event_type = 'message.failed' and i.message_uid = learned.uid
      where i.status = 'recorded' and i.message is not null`,
    [learned.map(({ sendId }) => sendId), learned.map(({ messageUid }) => messageUid)],
  );
  const failed = await failSends(client, rows);
  const news = rows.filter(({ sendId }) => failed.has(sendId)).map(({ inboxId }) => inboxId);
  if (news.length === 0) return;
  await client.query(
    `with open as (
       select i.id, s.workflow_id from inbox_events i
         join sessions s on s.phone_e164 = i.phone_e164 and s.location_uid = i.location_uid and s.status <> 'closed'
        where i.id = any($1) order by s.workflow_id for update of s
     ), due as (
       update sessions set relay_due_at = coalesce(relay_due_at, now())
        where workflow_id in (select workflow_id from open)
     )
     update inbox_events i set status = 'pending', workflow_id = open.workflow_id from open where i.id = open.id`,
    [news],
  );
}
