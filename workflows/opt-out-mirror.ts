/**
 * Tells Podium about an opt-out or opt-in of ours. Our own ledger decides about every send, so nothing waits
 * for this, and it may take as long as Podium needs. Podium has to allow the application to do it: where it does
 * not, that is a normal state, noted in the store and tried again by `optOutMirrorRetry`.
 */
import { ActivityFailure, log } from '@temporalio/workflow';
import { podiumFor, store } from './calls';

export async function optOutMirror({ historyId }: { historyId: number }): Promise<void> {
  const { locationUid, tell } = await store.describeMirror(historyId);
  if (!tell || locationUid === null) return;
  try {
    await podiumFor(locationUid, 'mirror').mirrorOptOut(historyId);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    log.warn('Podium was not told about an opt-out', { problem: error.cause?.message });
  }
}

/** The slow beat, by a schedule: looks whether Podium permits by now what it did not. */
export async function optOutMirrorRetry(): Promise<void> {
  await store.retryMirrors();
}
