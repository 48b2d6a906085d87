/** Sends of unknown outcome, settled by what their conversations hold. */
import type { Pool, Queryable } from './database';
import { settle, writeDoubled, writeSendAudit, writeSent, type SendRow } from './sends';

/** A message in a conversation that has the words of a send and is no older than it. */
export interface Candidate {
  uid: string | null;
  /** Podium's time of it; null where it gives none. */
  at: Date | null;
  conversationUid: string;
}

/** What was read in search of a send, for the audit. */
export interface Reading {
  conversationUids: string[];
  /** How many messages were looked at. */
  messages: number;
}

/**
 * Takes the first of the candidates that is no other send's for this one, and says in the audit what was found.
 * @returns the message that it turned out to be, or null when there is none for it
 */
export async function settleAsFound(
  pool: Pool,
  sendId: string,
  candidates: Candidate[],
  { conversationUids, messages }: Reading,
): Promise<Candidate | null> {
  return settle(pool, sendId, async (client, send) => {
    const free = await freeCandidates(client, sendId, send, candidates);
    const known = candidates.find(({ uid }) => uid !== null && uid === send.messageUid);
    const found = known ?? free[0] ?? null;
    const conversation = found?.conversationUid ?? conversationUids.join(' ');
    const details = { conversation, messages, message: found?.uid ?? null };
    await writeSendAudit(client, sendId, send, found ? 'send_found' : 'send_not_found', details);
    if (!found) return null;
    await writeSent(client, sendId, { ...found, messageUid: found.uid });
    // Two attempts came through, and both are there.
    if (send.uncertain) await noteDoubles(client, sendId, send, found.uid, free);
    return found;
  });
}

/**
 * Those of the candidates that may be this send's, the oldest first. Not those of other sends; and of the ones
 * that are older than it by our clock, which Podium's need not follow, one less for each earlier send of the
 * same words that waits for its message too.
 */
async function freeCandidates(
  client: Queryable,
  sendId: string,
  { intendedAt }: SendRow,
  candidates: Candidate[],
): Promise<Candidate[]> {
  const { rows } = await client.query<{ taken: string[]; rivals: number }>(
    `select array(select message_uid from sends where message_uid = any($2)) as taken,
            (select count(*)::int from sends one join sends other using (phone_e164, location_uid, body_hash)
              where one.id = $1 and other.id <> $1 and other.message_uid is null and other.attempts > 0
                and (other.uncertain or other.status not in ('refused', 'not_sent')) and other.intended_at < one.intended_at) as rivals`,
    [sendId, candidates.flatMap(({ uid }) => uid ?? [])],
  );
  const { taken, rivals } = rows[0]!;
  const free = candidates
    .filter(({ uid }) => uid === null || !taken.includes(uid))
    .sort((one, other) => (one.at?.getTime() ?? 0) - (other.at?.getTime() ?? 0));
  const early = free.filter(({ at }) => at !== null && at < intendedAt);
  return free.filter((each) => !early.slice(0, rivals).includes(each));
}

async function noteDoubles(
  client: Queryable,
  sendId: string,
  send: SendRow,
  messageUid: string | null,
  found: Candidate[],
): Promise<void> {
  for (const { uid } of found)
    if (uid !== null && uid !== messageUid) await writeDoubled(client, sendId, send, uid, messageUid);
}
