/** Sends a text that belongs to no session, as the answer to HELP. Its arguments are ids; the words stay in the store. */
import { ActivityFailure, log } from '@temporalio/workflow';
import { podiumFor } from './calls';

export async function ownText({
  textId,
  locationUid,
}: {
  textId: string;
  locationUid: string;
}): Promise<void> {
  try {
    await podiumFor(locationUid, 'answer', GIVEN_UP_AFTER_MS).sendOwnText(textId);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    log.error('A text could not be sent', { problem: error.cause?.message });
  }
}

/** Who gets the answer later than that has forgotten the question. */
const GIVEN_UP_AFTER_MS = 30 * 60 * 1000;
