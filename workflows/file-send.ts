/**
 * Sends a file from the store. A workflow of its own: a file takes its time, and no session waits for it. Its
 * arguments are ids; file and words stay in the store.
 */
import { ActivityFailure, log } from '@temporalio/workflow';
import { podiumFor } from './calls';

export async function fileSend({
  sendId,
  locationUid,
}: {
  sendId: string;
  locationUid: string;
}): Promise<void> {
  try {
    await podiumFor(locationUid, 'file', GIVEN_UP_AFTER_MS).sendFile(sendId);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    log.error('A file could not be sent', { problem: error.cause?.message });
  }
}

/** Who gets a file later than that wonders why. */
const GIVEN_UP_AFTER_MS = 24 * 60 * 60 * 1000;
