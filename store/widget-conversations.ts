/**
 * Which browser may see what. A phone that somebody has typed is not proven theirs, so a browser sees the replies of
 * a session only where its own message has begun it, and not what they say once anybody else has a part in it; and not
 * what persons say where they may be answering what came by another way
 * (docs/decisions/widget-conversations.md). Decided by the receiving transaction, under the lock of the phone.
 */
import type { Queryable } from './database';

/** A customer's message, and what it means for its session. */
export interface WrittenMessage {
  phone: string;
  locationUid: string;
  /** Whose browser it came from, in hex; null for a text, or what else did not come from one. */
  browser: string | null;
  /** Into the session that is open, one that it begins, or none. */
  into: 'open' | 'begun' | 'none';
  /** Answers of an earlier session were waiting when it came. */
  answersWait: boolean;
  /** In its batch the store or the phone has written by another way; of what came earlier the inbox tells. */
  othersSpoke: boolean;
  /** The uid of the session before it; null where there was none. */
  lastSessionUid: string | null;
}

/** Notes down whose messages these are, once the sessions' rows are written. */
export async function followBrowsers(client: Queryable, messages: WrittenMessage[]): Promise<void> {
  for (const message of messages) if (message.browser !== null) await remember(client, message);
  await hideFromOthers(client, messages);
}

/** The store and this phone have written to each other by another way than this browser and our own texts. */
const HEARD_OF_OTHERS = `exists (
  select from inbox_events e where e.phone_e164 = $3 and e.location_uid = $2 and e.browser is distinct from decode($1, 'hex')
     and not exists (select from sends where sends.message_uid = e.message_uid)
     and not exists (select from widget_imports i where i.message_uid = e.message_uid)
     and not exists (select from widget_imports i
                      where i.phone_e164 = $3 and i.location_uid = $2 and e.message_uid = any(i.double_uids)))`;

/** What the session knew before is nobody's to see, unless this very browser had all part in it. */
async function remember(client: Queryable, message: WrittenMessage): Promise<void> {
  const { browser, locationUid, phone, into, answersWait, othersSpoke, lastSessionUid } = message;
  await client.query(
    `insert into widget_conversations as c (token_hash, location_uid, phone_e164, session_uid, began, private, persons_private)
     select decode($1, 'hex'), $2, $3, s.session_uid, $4 = 'begun', $4 = 'begun' and $5,
            $4 = 'begun' and ($7 or ${HEARD_OF_OTHERS})
       from (values (1)) as one
       left join sessions s on s.phone_e164 = $3 and s.location_uid = $2 and $4 <> 'none'
     on conflict (token_hash, location_uid) do update set
       phone_e164 = excluded.phone_e164,
       session_uid = excluded.session_uid,
       written_at = now(),
       began = excluded.began or (c.began and coalesce(c.session_uid = excluded.session_uid, false)),
       private = case
         when excluded.began then excluded.private and not (c.began and not c.private and c.session_uid is not distinct from $6::uuid)
         when c.session_uid = excluded.session_uid then c.private
         else false
       end,
       persons_private = case
         when not excluded.began and c.session_uid = excluded.session_uid then c.persons_private
         else excluded.persons_private
       end`,
    [browser, locationUid, phone, into, answersWait, lastSessionUid, othersSpoke],
  );
}

/** From the first message that did not come from the browser that began the session. */
async function hideFromOthers(client: Queryable, messages: WrittenMessage[]): Promise<void> {
  if (messages.length === 0) return;
  await client.query(
    `update widget_conversations c set private = true
       from sessions s,
            unnest($1::text[], $2::text[], $3::text[]) as m(phone, location_uid, browser)
      where s.phone_e164 = m.phone and s.location_uid = m.location_uid and s.status <> 'closed'
        and c.session_uid = s.session_uid and c.began and not c.private
        and c.token_hash is distinct from decode(m.browser, 'hex')`,
    [
      messages.map(({ phone }) => phone),
      messages.map(({ locationUid }) => locationUid),
      messages.map(({ browser }) => browser),
    ],
  );
}

/** Where a browser's conversation stands. */
export interface ConversationState {
  id: number;
  /** Of the last reply that may be shown; 0 for none. */
  lastNumber: number;
  /** Whether the session goes on that its last message came into, or a text of it is still on its way. */
  open: boolean;
  /** Whether that came into a session at all: what is not open has ended then, else there was none yet. */
  began: boolean;
  phone: string;
}

const STATE = `c.id, c.last_number as "lastNumber", c.phone_e164 as phone, c.session_uid is not null as began,
  exists (select from sessions s where s.session_uid = c.session_uid and s.phone_e164 = c.phone_e164
            and s.location_uid = c.location_uid and s.status <> 'closed')
  or exists (select from widget_replies r join sends on sends.id = r.send_id
              where r.conversation_id = c.id and r.number is null and sends.status = 'intent') as open`;

/** The conversation of a browser with a store; null where it never wrote. @param browser in hex */
export async function conversationOfBrowser(
  client: Queryable,
  browser: string,
  locationUid: string,
): Promise<ConversationState | null> {
  const { rows } = await client.query<ConversationState>(
    `select ${STATE} from widget_conversations c where token_hash = decode($1, 'hex') and location_uid = $2`,
    [browser, locationUid],
  );
  return rows[0] ?? null;
}

/** Where these conversations stand; one that is erased is left out. */
export async function conversationStates(client: Queryable, ids: number[]): Promise<ConversationState[]> {
  const { rows } = await client.query<ConversationState>(
    `select ${STATE} from widget_conversations c where id = any($1)`,
    [ids],
  );
  return rows;
}
