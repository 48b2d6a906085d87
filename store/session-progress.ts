/** What a batch of messages has led to. */
import type { PartialState } from '../core/session';
import { transaction, type Pool } from './database';
import { writeNotes } from './notes';
import { keepAnswers } from './partial-answers';
import { handledUpTo, lockSession, placeOf, type SessionKey, type SessionNote } from './sessions';

export interface SessionProgress extends SessionKey {
  handledNumber: number;
  status: 'active' | 'warned';
  /** Whether a person of the store is waited for; null leaves it as it was. */
  waitsForPerson: boolean | null;
  lastMessageAt: Date | null;
  /** Answers so far; null forgets them. */
  partial: PartialState | null;
  notes: SessionNote[];
  conversationUid: string | null;
}

export interface SavedProgress {
  /** Up to which number messages are dealt with. */
  handledNumber: number;
  /** Podium's contact is gone from this location since it was seen to, and is to be seen to again. */
  contactGone: boolean;
}

/**
 * Persists what a batch of messages has led to, in one transaction. Repeating it changes nothing.
 *
 * It may come late, of a run that another one has overtaken: what the store knows better stays, and a session that
 * is closed, or erased, stays so.
 */
export async function saveProgress(pool: Pool, progress: SessionProgress): Promise<SavedProgress> {
  return transaction(pool, async (client) => {
    const session = await lockSession(client, progress.phone, progress.locationUid);
    if (!session) return { handledNumber: progress.handledNumber, contactGone: false };
    const isNews = progress.handledNumber > session.handledNumber;
    const isLate = !isNews && (session.status === 'closed' || progress.handledNumber < session.handledNumber);
    const { rows } = await client.query<SavedProgress>(
      `update sessions set
         status = case when $7 then status else $3 end,
         handled_number = ${handledUpTo('$4')},
         last_message_at = greatest(last_message_at, $5),
         conversation_uid = coalesce($6, conversation_uid),
         waiting_since = case when $7 or $8::boolean is null then waiting_since
                              when $8 then coalesce(waiting_since, now()) end,
         dealt_at = case when $9 then now() else dealt_at end
       where phone_e164 = $1 and location_uid = $2
       returning handled_number as "handledNumber",
         exists (select from contact_locations
                  where phone_e164 = $1 and location_uid = $2 and gone_at is not null) as "contactGone"`,
      [
        progress.phone,
        progress.locationUid,
        progress.status,
        progress.handledNumber,
        progress.lastMessageAt,
        progress.conversationUid,
        isLate,
        progress.waitsForPerson,
        isNews,
      ],
    );
    if (!isLate) await keepAnswers(client, progress, progress.partial);
    await writeNotes(
      client,
      progress.notes.map((note) => ({ ...note, ...placeOf(progress), close: false })),
    );
    return rows[0]!;
  });
}
