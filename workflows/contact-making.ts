/**
 * Makes up for a contact that a session could not have, since Podium did not let it. Nobody waits for it: it is
 * tried for a day. Its arguments are ids.
 */
import { ActivityFailure, log } from '@temporalio/workflow';
import { podiumFor } from './calls';

const GIVEN_UP_AFTER_MS = 24 * 60 * 60 * 1000;

export async function contactMaking({
  contactId,
  locationUid,
}: {
  contactId: string;
  locationUid: string;
}): Promise<void> {
  try {
    await podiumFor(locationUid, 'mirror', GIVEN_UP_AFTER_MS).makeContact({ contactId, locationUid });
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    log.error('A contact could not be made', { code: 'ERR_WEBCHAT_004', problem: error.cause?.message });
  }
}
