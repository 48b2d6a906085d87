/** Our own messages among those that Podium tells of. */
import type { Queryable } from './database';
import { bodyHash, storableKey } from './text';

/** By how much Podium's clock may be behind ours. */
const CLOCK_SKEW = '5 minutes';
/** How long a send may have been on its way, its event included where that is all we have of its time. */
const LATEST_ECHO = '11 days';

/** A message of the store's side, from whomever. */
export interface StoreMessage {
  uid: string | null;
  phone: string;
  locationUid: string;
  text: string;
  senderUid: string | null;
  /** Podium's time of it. */
  at: Date;
}

/** A message of our own doing. */
export interface OwnMessage {
  /** The send; null for what else our sender has written. */
  sendId: string | null;
  /** Whether this is how we learn the uid of the send's message. */
  learned: boolean;
}

/**
 * Those messages that are of our own doing, by their place in the list: the echo of a send, by the message's
 * uid where it is known already, else each claims one send of the same body and of its time whose message is not
 * known yet; and what else the sender has written under whom Podium files our sends. Only a known uid tells who
 * that is: the same words may be a person's.
 *
 * A text that left once more, since the attempt before it was not in its conversation yet, turns up twice.
 * Nothing can be done about it then, so it is an anomaly in the audit, and no person's word.
 */
export async function findOwnMessages(
  client: Queryable,
  messages: StoreMessage[],
): Promise<Map<number, OwnMessage>> {
  if (messages.length === 0) return new Map();
  const { rows } = await client.query<OwnMessage & { place: number }>(
    `with message as (
       select * from unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::timestamptz[])
         with ordinality as m(uid, phone_e164, location_uid, body_hash, sender_uid, at, place)
     ), known as (
       select place, sender_uid, sends.id from message
         join sends on sends.message_uid = message.uid and sends.phone_e164 = message.phone_e164
     ), learned as (
       insert into our_senders (sender_uid)
       select distinct sender_uid from known where sender_uid is not null order by 1
       on conflict do nothing
     ), ours as (
       select place from message
        where sender_uid in (select sender_uid from known union all select sender_uid from our_senders)
     ), echo as (
       select * from message where place not in (select place from known)
     ), candidate as (
       select place, echo.uid, at, id, dense_rank() over (words order by place) as echo_turn,
              dense_rank() over (words order by intended_at, id) as send_turn
         from echo join sends using (phone_e164, location_uid, body_hash)
        where message_uid is null and attempts > 0 and (uncertain or status not in ('refused', 'not_sent'))
          and at between intended_at - interval '${CLOCK_SKEW}' and intended_at + interval '${LATEST_ECHO}'
       window words as (partition by phone_e164, location_uid, body_hash)
     ), claimed as (
       update sends set message_uid = candidate.uid, sent_at = coalesce(sent_at, candidate.at),
              settled_at = coalesce(settled_at, now()),
              status = case when status = 'failed' then status else 'sent' end
         from candidate where sends.id = candidate.id and echo_turn = send_turn
       returning candidate.place, sends.*
     ), told as (
       insert into audit_entries (entry_key, kind, phone_hash, location_uid, workflow_id, details)
       select 'send_sent:' || id || ':' || attempts, 'send_sent', phone_hash, location_uid, workflow_id,
              jsonb_build_object('send', id, 'attempt', attempts, 'message', message_uid, 'by', 'echo')
         from claimed order by id
       on conflict (entry_key) do nothing
     ), doubled as (
       select distinct on (echo.place) echo.place, echo.uid, sends.*
         from echo join sends using (phone_e164, location_uid, body_hash)
        where echo.place not in (select place from claimed) and uncertain and message_uid is not null
          and at between intended_at - interval '1 minute' and settled_at + interval '10 minutes'
        order by echo.place, intended_at desc
     ), noticed as (
       insert into audit_entries (entry_key, kind, phone_hash, location_uid, workflow_id, details)
       select 'send_doubled:' || id || ':' || coalesce(uid, ''), 'send_doubled', phone_hash, location_uid, workflow_id,
              jsonb_build_object('send', id, 'attempt', attempts, 'message', uid, 'besides', message_uid)
         from doubled order by id
       on conflict (entry_key) do nothing
     )
     select place, id as "sendId", false as learned from known
     union all select place, id, true from claimed
     union all select place, id, false from doubled
     union all select place, null, false from ours`,
    [
      messages.map(({ uid }) => uid && storableKey(uid)),
      messages.map(({ phone }) => phone),
      messages.map(({ locationUid }) => locationUid),
      messages.map(({ text }) => bodyHash(text)),
      messages.map(({ senderUid }) => senderUid && storableKey(senderUid)),
      messages.map(({ at }) => at),
    ],
  );
  const own = new Map<number, OwnMessage>();
  for (const { place, ...row } of rows) if (!own.get(place - 1)?.sendId) own.set(place - 1, row);
  return own;
}
