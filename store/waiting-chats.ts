/** Chats that wait for a person of the store. `saveProgress` and `closeSession` note down that they do, too. */
import { CLOCKS_DIFFER_SECONDS } from '../core/session';
import { writeAudit } from './audit';
import { writeCloseWish } from './close-wishes';
import { transaction, type Pool, type Queryable } from './database';
import { writeNotes } from './notes';
import { storable } from './text';

/**
 * Whether a row of `sessions` waits. What nobody has answered for so long is Podium's to show, and nobody may text
 * who has opted out.
 */
export const WAITS = `waiting_since > now() - interval '3 days'
  and not exists (select from opt_outs o where o.phone_e164 = sessions.phone_e164 and o.opted_out)`;

export interface WaitingChats {
  locationUid: string;
  count: number;
  /** How long the first of them has waited. */
  oldestSeconds: number;
}

/** The chats that wait, by store. */
export async function waitingChats(pool: Pool): Promise<WaitingChats[]> {
  const { rows } = await pool.query<WaitingChats>(
    `select location_uid as "locationUid", count(*) as count,
            extract(epoch from now() - min(waiting_since))::float8 as "oldestSeconds"
       from sessions where ${WAITS} group by location_uid`,
  );
  return rows;
}

/** What these customers wrote is left to a person, and no session learns of it. Their rows are locked, where they have one. */
export async function beginWaits(
  client: Queryable,
  chats: { phone: string; locationUid: string }[],
): Promise<void> {
  if (chats.length === 0) return;
  await client.query(
    `update sessions set waiting_since = coalesce(waiting_since, now())
      where (phone_e164, location_uid) in (select * from unnest($1::text[], $2::text[]))`,
    [chats.map(({ phone }) => phone), chats.map(({ locationUid }) => locationUid)],
  );
}

export const CLOCKS_DIFFER = `interval '${CLOCKS_DIFFER_SECONDS} seconds'`;

/** That a person has written. */
export interface PersonsAnswer {
  phone: string;
  locationUid: string;
  /** By Podium's clock. What comes in late, of before the wait, answers nothing. */
  at: Date;
}

/**
 * A person of the store has written to these customers: they are waited for no more. Their rows are locked.
 * @returns of those that were, which of the answers it was, and how long they were waited for
 */
export async function endWaits(
  client: Queryable,
  answers: PersonsAnswer[],
): Promise<{ place: number; waitedSeconds: number }[]> {
  if (answers.length === 0) return [];
  const { rows } = await client.query<{ place: number; waitedSeconds: number }>(
    `update sessions set waiting_since = null
       from (select distinct on (workflow_id) workflow_id, waiting_since as since, answer.at, place
               from sessions
               join unnest($1::text[], $2::text[], $3::timestamptz[]) with ordinality
                    as answer(phone, location_uid, at, place)
                 on phone_e164 = answer.phone and sessions.location_uid = answer.location_uid
              where answer.at >= waiting_since - ${CLOCKS_DIFFER}
              order by workflow_id, answer.at, place) as first
      where sessions.workflow_id = first.workflow_id
     returning (place - 1)::integer as place,
               extract(epoch from greatest(first.at - first.since, interval '0'))::float8 as "waitedSeconds"`,
    [
      answers.map(({ phone }) => phone),
      answers.map(({ locationUid }) => locationUid),
      answers.map(({ at }) => at),
    ],
  );
  return rows;
}

/** A chat that an operator has seen waiting. */
interface WaitingChat {
  workflowId: string;
  phone: string;
  locationUid: string;
  sessionUid: string;
  conversationUid: string | null;
}

/** That an operator ends a wait. */
interface EndedWait {
  actor: string;
  /** Why, in their words. */
  wish: string;
  phoneHash: string;
  /** The last word before Podium's conversation is closed, too. */
  note: string;
}

/**
 * An operator ends the wait of a chat whose session is closed. Nothing is changed where the chat goes on meanwhile.
 * @returns whether it did wait
 */
export async function endWait(
  pool: Pool,
  { sessionUid, ...chat }: WaitingChat,
  { actor, wish, phoneHash, note }: EndedWait,
): Promise<boolean> {
  const { workflowId, phone, locationUid, conversationUid } = chat;
  return transaction(pool, async (client) => {
    const { rows } = await client.query<{ since: Date }>(
      `update sessions set waiting_since = null
         from (select workflow_id, waiting_since as since from sessions where workflow_id = $1 for update) as before
        where sessions.workflow_id = before.workflow_id and session_uid = $2 and status = 'closed'
          and waiting_since is not null
       returning before.since`,
      [workflowId, sessionUid],
    );
    const since = rows[0]?.since.toISOString();
    if (since === undefined) return false;
    const key = `wait_ended:${sessionUid}:${since}`;
    await writeNotes(client, [
      { key, workflowId, phone, locationUid, conversationUid, body: note, close: true },
    ]);
    if (wish) await writeCloseWish(client, { entryKey: key, phone, locationUid, reason: wish });
    await writeAudit(client, {
      ...{ key, kind: 'wait_ended', phoneHash, locationUid, workflowId },
      details: { session: sessionUid, since, actor: storable(actor) },
    });
    return true;
  });
}
