/**
 * Puts a note for the agent into Podium, and closes the conversation when the note ends it. A workflow of
 * its own, so that the session need not wait: it takes as long as Podium needs. Its argument is a row's id;
 * the text stays in the store until the activity reads it.
 */
import { ActivityFailure, log } from '@temporalio/workflow';
import { podiumFor, store } from './calls';

export async function agentNote({ noteId }: { noteId: string }): Promise<void> {
  const { locationUid, post, close } = await store.describeNote(noteId);
  if (post) await orGiveUp(podiumFor(locationUid, 'note').postNote(noteId));
  if (close) await orGiveUp(podiumFor(locationUid, 'close').closeConversation(noteId));
}

/** What Podium refuses for good is told in the log; a note that cannot be posted holds up no close. */
async function orGiveUp(call: Promise<void>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    log.error('Podium refused a note or a close for good', { problem: error.cause?.message });
  }
}
