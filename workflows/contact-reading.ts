/**
 * Reads a contact that Podium has accepted and did not give at once, until it is there, so that no reply waits
 * for it. Its argument is a row's id. It ends early when an event of the contact has told all that was wanted.
 */
import { ActivityFailure, log, sleep } from '@temporalio/workflow';
import { podiumFor, store } from './calls';

/** Most are there within a second. After a day nobody believes in it any more. */
const WAITS = [
  '2 seconds',
  '10 seconds',
  '1 minute',
  '5 minutes',
  '30 minutes',
  '2 hours',
  '6 hours',
  '16 hours',
] as const;

export async function contactReading({ contactId }: { contactId: string }): Promise<void> {
  for (const wait of WAITS) {
    await sleep(wait);
    const locationUid = await store.describeContactReading(contactId);
    if (locationUid === null) return;
    try {
      if (await podiumFor(locationUid, 'mirror').readContact(contactId)) return;
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      log.warn('A contact could not be read', { problem: error.cause?.message });
    }
  }
  log.warn('Podium has accepted a contact, and does not give it', { code: 'ERR_WEBCHAT_004' });
}
