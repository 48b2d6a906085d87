/** The replies that are shown to the browser whose message has begun their session. */
import type { Queryable } from './database';

export interface Reply {
  /** 1, 2, 3… in the browser's conversation. */
  number: number;
  from: 'robot' | 'person';
  at: Date;
  /** Null where it is not for this browser: then it says only that there is one. */
  body: string | null;
  hasFile: boolean;
}

/** What shows the store a customer's own file is no reply. */
const NO_REPLY = 'forwarded_file';

/** Where the session's row is still open, and the browser that has begun it. */
const SHOWN_TO = `widget_conversations c join sessions s on s.session_uid = c.session_uid and c.began
  and s.phone_e164 = c.phone_e164 and s.location_uid = c.location_uid and s.status <> 'closed'`;

/** Keeps a text that leaves the door, for the browser that may see it. It is shown once Podium has taken it. */
export async function noteReply(
  client: Queryable,
  send: { sendId: string; phone: string; locationUid: string; purpose: string; body: string },
): Promise<void> {
  if (send.purpose === NO_REPLY) return;
  await client.query(
    `insert into widget_replies (conversation_id, phone_e164, send_id, came_from, body, has_file)
     select c.id, c.phone_e164, $3, 'robot', case when not c.private then $4 end, $5
       from ${SHOWN_TO} where s.phone_e164 = $1 and s.location_uid = $2
     on conflict (send_id) do nothing`,
    [send.phone, send.locationUid, send.sendId, send.body, send.purpose === 'file'],
  );
}

/** Shows texts that Podium has taken, each once. Their numbers commit in their order. */
export async function showReplies(client: Queryable, sendIds: string[]): Promise<void> {
  for (const sendId of sendIds)
    await client.query(
      `with next as (
         update widget_conversations set last_number = last_number + 1
          where id = (select conversation_id from widget_replies where send_id = $1 and number is null)
         returning id, last_number
       )
       update widget_replies r set number = next.last_number, said_at = coalesce(sends.sent_at, now())
         from next, sends where r.conversation_id = next.id and r.send_id = $1 and sends.id = $1`,
      [sendId],
    );
}

/** What a person of the store has written. */
export interface PersonsMessage {
  phone: string;
  locationUid: string;
  text: string;
  at: Date;
  hasFile: boolean;
}

/** Shows what persons of the store have written in sessions that browsers have begun. */
export async function showPersonsMessages(client: Queryable, messages: PersonsMessage[]): Promise<void> {
  for (const { phone, locationUid, text, at, hasFile } of messages)
    await client.query(
      `with next as (
         update widget_conversations set last_number = last_number + 1
          where id = (select c.id from ${SHOWN_TO} where s.phone_e164 = $1 and s.location_uid = $2)
         returning id, last_number, private or persons_private as hidden
       )
       insert into widget_replies (conversation_id, phone_e164, number, came_from, said_at, body, has_file)
       select id, $1, last_number, 'person', $4, case when not hidden then $3 end, $5 from next`,
      [phone, locationUid, text, at, hasFile],
    );
}

/** The replies behind a number, in their order. */
export async function repliesAfter(
  client: Queryable,
  conversationId: number,
  number: number,
): Promise<Reply[]> {
  const { rows } = await client.query<Reply>(
    `select number, came_from as "from", said_at as at, body, has_file as "hasFile"
       from widget_replies where conversation_id = $1 and number > $2 order by number`,
    [conversationId, number],
  );
  return rows;
}
