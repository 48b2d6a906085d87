/** Notes for the agent, and the closes of Podium's conversations that follow them. */
import { ApplicationFailure } from '@temporalio/activity';
import type { PodiumApi } from '../podium/api';
import type { Pool } from '../store/database';
import { markPosted, markRefused, noteToPost, type Note } from '../store/notes';
import { customerIsBack } from '../store/session-close';
import { conversationOf } from './conversation';
import { callPodium, isKnown } from './podium-failure';

export interface NoteDependencies {
  pool: Pool;
  podium: PodiumApi;
  /** Under which name our notes stand in Podium's inbox. */
  senderName: string;
}

export function createNoteActivities({ pool, podium, senderName }: NoteDependencies) {
  /**
   * Does something in the conversation where a note belongs. The contact is asked for it where we know
   * none, or one that Podium does not know. Somebody who writes on a website for the first time has none before
   * our first text: it is waited for. What Podium refuses for good stands in the note's row then.
   */
  async function inConversation(note: Note, act: (conversationUid: string) => Promise<void>): Promise<void> {
    try {
      await callPodium(async () => {
        if (note.conversationUid !== null && (await isKnown(() => act(note.conversationUid!)))) return;
        const found = await conversationOf(podium, note, note.conversationUid);
        if (found === null) throw noConversation(note);
        await act(found);
      });
    } catch (error) {
      if (error instanceof ApplicationFailure && error.nonRetryable)
        await markRefused(pool, note.id, error.type ?? 'unknown');
      throw error;
    }
  }

  return {
    /** Posts a note for the agent. After an answer that was lost it may stand there twice; nobody is texted. */
    async postNote(noteId: string): Promise<void> {
      const note = await noteToPost(pool, noteId);
      if (!note?.body || note.postedAt) return;
      const { body } = note;
      await inConversation(note, (conversationUid) => podium.addNote(conversationUid, body, senderName));
      await markPosted(pool, noteId);
    },

    /** Closes the conversation that a note ends, unless the customer has written again since. */
    async closeConversation(noteId: string): Promise<void> {
      const note = await noteToPost(pool, noteId);
      if (!note?.close) return;
      if (await customerIsBack(pool, note)) return;
      await inConversation(note, (conversationUid) => podium.closeConversation(conversationUid));
    },
  };
}

/** A conversation is looked for at ever longer intervals, and no longer than a day. */
const SOONEST_LOOK_MS = 5_000;
const LAST_LOOK_MS = 24 * 60 * 60 * 1000;

function noConversation({ conversationUid, createdAt }: Note): ApplicationFailure {
  const age = Date.now() - createdAt.getTime();
  const mayStillBegin = conversationUid === null && age < LAST_LOOK_MS;
  return ApplicationFailure.create({
    message: 'No conversation of this customer is known.',
    type: 'no_conversation',
    nonRetryable: !mayStillBegin,
    ...(mayStillBegin && { nextRetryDelay: Math.max(age, SOONEST_LOOK_MS) }),
  });
}
