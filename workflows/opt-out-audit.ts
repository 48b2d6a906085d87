/**
 * Looks at every phone's opt-out, in our ledger and at Podium, and mends what may be mended. Started by a
 * schedule. Which phones are still to be looked at stands in the store: a run that is killed, or grows long, is
 * gone on with by the next one.
 */
import { ActivityFailure, continueAsNew, log, sleep } from '@temporalio/workflow';
import { podiumFor, store } from './calls';
import { inLanes, isLong } from './long-run';

/** After so many phones in a row of which Podium could not be asked, it is away, and is left alone for a while. */
const PATIENCE = 20;
const PAUSE = '10 minutes';

export async function optOutAudit(): Promise<void> {
  let failedInARow = 0;
  const look = async (id: number) => {
    if (failedInARow >= PATIENCE) return; // it has its turn after the pause
    try {
      await podiumFor('', 'audit').auditOptOut(id);
      failedInARow = 0;
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      failedInARow += 1;
      log.warn('Podium could not be asked about an opt-out', { problem: error.cause?.message });
      await store.skipPhone(id);
    }
  };

  await store.beginOptOutAudit();
  for (let ids = await store.phonesToAudit(); ids.length > 0; ids = await store.phonesToAudit()) {
    await inLanes(ids, look);
    if (failedInARow >= PATIENCE) {
      await sleep(PAUSE);
      failedInARow = 0;
    }
    if (isLong()) await continueAsNew<typeof optOutAudit>();
  }
  await store.endOptOutAudit();
}
