/** How far Podium's conversations have been looked through for messages that never reached us. */
import type { LookRules } from '../core/reconciliation';
import { transaction, type Pool, type Queryable } from './database';
import { storable } from './text';

/** A conversation that has changed, as Podium's list shows it. */
export interface ChangedConversation {
  uid: string;
  /** As the conversation itself says; nothing is for a store only because that store was asked about. */
  locationUid: string | null;
  channel: string | null;
  /** The customer's phone, in the form in which Podium shows it. */
  identifier: string | null;
}

export interface ConversationToRead extends ChangedConversation {
  /** Messages before it are known. */
  since: Date;
  /** Of the page that comes next; null for the first one. */
  cursor: string | null;
}

export interface LocationToLookAt {
  locationUid: string;
  /** Its list has been read for this look already. */
  listed: boolean;
}

/** The next served locations in the order of their uids. */
export async function locationsToLookAt(
  pool: Pool,
  { after, until, limit }: { after: string; until: Date; limit: number },
): Promise<LocationToLookAt[]> {
  const { rows } = await pool.query<LocationToLookAt>(
    `select uid as "locationUid", coalesce(listed_until >= $2, false) as listed
       from locations left join reconciliation_looks on location_uid = uid
      where not archived and uid > $1 order by uid limit $3`,
    [after, until, limit],
  );
  return rows;
}

/** From when on a location's conversations are of interest. */
export async function lookSince(pool: Pool, locationUid: string, rules: LookRules): Promise<Date> {
  const { rows } = await pool.query<{ since: Date }>(
    `select greatest(
              coalesce((select listed_until - $2 * interval '1 ms' from reconciliation_looks where location_uid = $1),
                       (select first_read_at - $3 * interval '1 ms' from locations where uid = $1)),
              now() - $4 * interval '1 ms') as since`,
    [locationUid, rules.overlapMs, rules.firstLookMs, rules.longestMs],
  );
  return rows[0]!.since;
}

/**
 * Notes down what a page of a location's list shows as changed. With the last page the look is over for
 * this location: whatever is still to be read stands here, for as long as that takes.
 * @param listedUntil null as long as more pages follow
 */
export async function noteConversations(
  pool: Pool,
  locationUid: string,
  conversations: ChangedConversation[],
  { since, listedUntil }: { since: Date; listedUntil: Date | null },
): Promise<void> {
  await transaction(pool, async (client) => {
    await insertConversations(client, locationUid, conversations, since);
    if (listedUntil === null) return;
    await client.query(
      `insert into reconciliation_looks as look (location_uid, listed_until) values ($1, $2)
       on conflict (location_uid) do update set listed_until = greatest(look.listed_until, excluded.listed_until)`,
      [locationUid, listedUntil],
    );
  });
}

async function insertConversations(
  client: Queryable,
  locationUid: string,
  conversations: ChangedConversation[],
  since: Date,
): Promise<void> {
  const unique = [...new Map(conversations.map((each) => [each.uid, each])).values()];
  if (unique.length === 0) return;
  await client.query(
    `insert into conversations_to_read as known (conversation_uid, looked_at_uid, location_uid, channel, identifier, since)
     select uid, $1, location_uid, channel, identifier, $2
       from unnest($3::text[], $4::text[], $5::text[], $6::text[]) as c(uid, location_uid, channel, identifier)
      order by uid
     on conflict (conversation_uid) do update set
       location_uid = excluded.location_uid, channel = excluded.channel, identifier = excluded.identifier,
       since = least(known.since, excluded.since), cursors = '{}'`,
    [
      locationUid,
      since,
      unique.map(({ uid }) => storable(uid)),
      unique.map((each) => each.locationUid && storable(each.locationUid)),
      unique.map(({ channel }) => channel && storable(channel)),
      unique.map(({ identifier }) => identifier && storable(identifier)),
    ],
  );
}

/** Ids of a location's conversations that are to be read, in order. */
export async function conversationsToRead(
  pool: Pool,
  locationUid: string,
  { afterId, limit }: { afterId: number; limit: number },
): Promise<number[]> {
  const { rows } = await pool.query<{ id: number }>(
    'select id from conversations_to_read where looked_at_uid = $1 and id > $2 order by id limit $3',
    [locationUid, afterId, limit],
  );
  return rows.map(({ id }) => id);
}

/**
 * A conversation that is to be read; null when it has been read. It may have been noted down long ago, and is
 * read no farther back than any.
 */
export async function conversationToRead(
  pool: Pool,
  id: number,
  { longestMs }: Pick<LookRules, 'longestMs'>,
): Promise<ConversationToRead | null> {
  const { rows } = await pool.query<ConversationToRead>(
    `select conversation_uid as uid, location_uid as "locationUid", channel, identifier,
            greatest(since, now() - $2 * interval '1 ms') as since, cursors[cardinality(cursors)] as cursor
       from conversations_to_read where id = $1`,
    [id, longestMs],
  );
  return rows[0] ?? null;
}

/** A page has been read, and another one follows. @returns false when that one was read already: the list goes in a circle. */
export async function turnPage(pool: Pool, id: number, cursor: string): Promise<boolean> {
  const { rowCount } = await pool.query(
    'update conversations_to_read set cursors = cursors || $2::text where id = $1 and $2 <> all(cursors)',
    [id, cursor],
  );
  return rowCount === 1;
}

/** The conversation has been read as far as it matters, or is no more. */
export async function settleConversation(pool: Pool, id: number): Promise<void> {
  await pool.query('delete from conversations_to_read where id = $1', [id]);
}

/**
 * All locations have been looked at. What could not be read for as long as a look may go back is given up, and
 * its phone goes: Podium refuses it for good, or its location is not served any more.
 */
export async function endRun(pool: Pool, { longestMs }: Pick<LookRules, 'longestMs'>): Promise<void> {
  // Twice, since it may have been noted down with as long a stretch of time behind it.
  await pool.query(`delete from conversations_to_read where since < now() - 2 * $1 * interval '1 ms'`, [
    longestMs,
  ]);
  await pool.query('update reconciliation_totals set last_run_at = now()');
}

/** Counts customers' messages that came in by no webhook, in the transaction in which they do. */
export async function countFinds(client: Queryable, count: number): Promise<void> {
  await client.query('update reconciliation_totals set finds = finds + $1', [count]);
}

/** What became of all looks so far. */
export interface ReconciliationTotals {
  lastRunAt: Date | null;
  finds: number;
  /** Conversations that have changed and were not read yet. */
  toRead: number;
}

export async function reconciliationTotals(pool: Pool): Promise<ReconciliationTotals> {
  const { rows } = await pool.query<ReconciliationTotals>(
    `select last_run_at as "lastRunAt", finds, (select count(*) from conversations_to_read) as "toRead"
       from reconciliation_totals`,
  );
  return rows[0]!;
}
