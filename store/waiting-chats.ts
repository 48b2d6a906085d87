/** Chats that wait for a person of the store. `saveProgress` and `closeSession` note down that they do, too. */
import type { Pool, Queryable } from './database';

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

/**
 * A person of the store has written to these customers: they are waited for no more. Their rows are locked.
 * @returns of those that were, in seconds, how long; by phone and location
 */
export async function endWaits(
  client: Queryable,
  chats: { phone: string; locationUid: string }[],
): Promise<{ phone: string; locationUid: string; waitedSeconds: number }[]> {
  if (chats.length === 0) return [];
  const { rows } = await client.query<{ phone: string; locationUid: string; waitedSeconds: number }>(
    `update sessions set waiting_since = null
       from (select workflow_id, waiting_since as since from sessions
              where waiting_since is not null
                and (phone_e164, location_uid) in (select * from unnest($1::text[], $2::text[]))) as waiting
      where sessions.workflow_id = waiting.workflow_id
     returning phone_e164 as phone, location_uid as "locationUid",
               extract(epoch from now() - waiting.since)::float8 as "waitedSeconds"`,
    [chats.map(({ phone }) => phone), chats.map(({ locationUid }) => locationUid)],
  );
  return rows;
}
