/**
 * What a session asks of the store: thin adapters, run as local activities, so that each is one short
 * transaction on the worker of the session and one event in its history. Repeating any changes nothing.
 */
import { log } from '@temporalio/activity';
import { failure } from '../core/error-codes';
import { isPartialState } from '../core/partial-state';
import type { CloseReason, PartialState } from '../core/session';
import type { OpenedSession } from '../core/session-state';
import { contactToRead } from '../store/contacts';
import { lockPhones, transaction, type Pool } from '../store/database';
import { noteToPost } from '../store/notes';
import { historyEntry, NO_STORE, retryUntold, settleMirror } from '../store/opt-out-mirrors';
import { isOptedOut } from '../store/opt-out-states';
import { applyOptOut } from '../store/opt-outs';
import { retrySecondLooks, settleSecondLook } from '../store/second-looks';
import { closeSession, wantContact } from '../store/session-close';
import { openSession } from '../store/session-opening';
import { saveProgress, type SavedProgress } from '../store/session-progress';
import type { SessionKey, SessionNote } from '../store/sessions';

export interface SessionDependencies {
  pool: Pool;
  /** The audit's name for a phone. */
  phoneHash: (phone: string) => string;
  /** How long answers wait for their customer. */
  answersWaitDays: number;
}

/** What a batch of messages has led to. Times in ms since 1970. */
export interface Progress extends SessionKey {
  handledNumber: number;
  status: 'active' | 'warned';
  /** Null leaves it as it was. */
  waitsForPerson: boolean | null;
  lastMessageAt: number | null;
  partial: PartialState | null;
  notes: SessionNote[];
  conversationUid: string | null;
}

export interface Close extends SessionKey {
  handledNumber: number;
  reason: CloseReason;
  partial: PartialState | null;
  note: SessionNote | null;
  closeConversation: boolean;
  conversationUid: string | null;
  /** Who wanted it closed, as declared; null when nobody did. */
  actor: string | null;
  /** Why, in their words; null where nobody said. Runs of earlier versions leave it out. */
  wish?: string | null;
}

/** An opt-out that somebody declares. `at` in ms since 1970. */
export interface DeclaredOptOut {
  phone: string;
  locationUid: string;
  actor: string;
  /** Null where nobody said: the ledger's own time then. */
  at: number | null;
  /** Why, in their words; empty where nobody said. Runs of earlier versions leave it out. */
  reason?: string;
}

export type SessionActivities = ReturnType<typeof createSessionActivities>;

export function createSessionActivities({ pool, phoneHash, answersWaitDays }: SessionDependencies) {
  return {
    /** Answers that cannot be read are left behind: the session begins afresh rather than not at all. */
    openSession: async (session: SessionKey & { firstRunId: string }): Promise<OpenedSession> => {
      const opening = await openSession(pool, session, answersWaitDays);
      if (opening.restored === null || isPartialState(opening.restored)) return opening;
      const { code, message } = failure('ERR_WEBCHAT_013');
      log.error(message, { code });
      return { ...opening, restored: null };
    },

    /** In histories of earlier versions the answer is a bare number: up to which messages are dealt with. */
    saveProgress: ({ lastMessageAt, ...progress }: Progress): Promise<SavedProgress | number> =>
      saveProgress(pool, {
        ...progress,
        lastMessageAt: lastMessageAt === null ? null : new Date(lastMessageAt),
      }),

    closeSession: async (close: Close): Promise<void> => {
      await closeSession(pool, { ...close, phoneHash: phoneHash(close.phone) });
    },

    /** Podium did not let the session have its contact in time. */
    wantContact: (session: SessionKey): Promise<void> => wantContact(pool, session),

    /**
     * Writes an opt-out into the ledger. The customer's own is signalled by the relay, and the receiving transaction
     * has written it already.
     * @returns whether the phone is opted out now; a later opt-in wins over an earlier opt-out
     */
    recordOptOut: ({ phone, locationUid, actor, at, reason }: DeclaredOptOut): Promise<boolean> =>
      transaction(pool, async (client) => {
        await lockPhones(client, [phone]);
        if (actor === 'customer' && (await isOptedOut(client, phone))) return true;
        await applyOptOut(client, {
          phone,
          phoneHash: phoneHash(phone),
          wish: 'opt_out',
          source: 'operator',
          actor,
          rule: null,
          locationUid,
          messageUid: null,
          proof: actor === 'customer' ? null : (reason ?? null),
          at: at === null ? null : new Date(at),
        });
        return isOptedOut(client, phone);
      }),

    /** What is to be done about a note, without a word of it. */
    describeNote: async (noteId: string): Promise<{ locationUid: string; post: boolean; close: boolean }> => {
      const note = await noteToPost(pool, noteId);
      if (!note) return { locationUid: '', post: false, close: false };
      return {
        locationUid: note.locationUid,
        post: note.body !== null && note.postedAt === null,
        close: note.close,
      };
    },

    /** What is to be told to Podium about an opt-out, without its phone. */
    describeMirror: async (historyId: number): Promise<{ locationUid: string | null; tell: boolean }> => {
      const entry = await historyEntry(pool, historyId);
      if (!entry || entry.superseded) return { locationUid: null, tell: false };
      // Podium is told by a store. One that is known later comes with a contact, or from an operator, and has it told again.
      if (entry.locationUid === null)
        await settleMirror(pool, historyId, { kind: 'refused', code: NO_STORE });
      return { locationUid: entry.locationUid, tell: true };
    },

    /** Has Podium told again what it did not permit, and asked again. @returns of how many phones; the others follow them */
    retryMirrors: async (): Promise<number> => (await retryUntold(pool)) + (await retrySecondLooks(pool)),

    /** Podium cannot be asked about an opt-out that is in doubt: what it told before counts. */
    believeOptOut: async (historyId: number): Promise<void> => {
      await settleSecondLook(pool, historyId, null, { phoneHash, last: true });
    },

    /** At which store a contact is read whose uid is not known; null when there is nothing to be read. */
    describeContactReading: async (contactId: string): Promise<string | null> =>
      (await contactToRead(pool, contactId))?.locationUid ?? null,
  };
}
