/**
 * Asks Podium once more about an opt-out that it has told of shortly after an opt-in, and that may be an echo. Texts
 * to the phone wait meanwhile. Its argument is the id of the entry in the ledger's history.
 */
import { ActivityFailure, log, sleep } from '@temporalio/workflow';
import { podiumFor, store } from './calls';

/** By then Podium's contact shows what it was told. */
const WAIT = '75 seconds';

/** While Podium is still being told of the opt-in, its answer says nothing. After so many looks it counts all the same. */
const MOST_LOOKS = 8;

export async function optOutSecondLook({ historyId }: { historyId: number }): Promise<void> {
  for (let looks = 1; looks <= MOST_LOOKS; looks += 1) {
    await sleep(WAIT);
    try {
      const last = looks === MOST_LOOKS;
      if ((await podiumFor('', 'mirror').lookAgain({ historyId, last })) === 'settled') return;
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      log.warn('Podium could not be asked, so its opt-out counts', { problem: error.cause?.message });
      return store.believeOptOut(historyId);
    }
  }
}
