/** The look at everyone's opt-out: whether our ledger and Podium say the same. Workflows get ids of rows only. */
import { ApplicationFailure } from '@temporalio/activity';
import type { PodiumApi } from '../podium/api';
import type { Pool } from '../store/database';
import {
  beginOptOutAudit,
  endOptOutAudit,
  phonesToAudit,
  phoneToAudit,
  settleLook,
  skipLook,
} from '../store/opt-out-audits';
import { callPodium } from './podium-failure';

const MOST_PHONES = 200;

export interface OptOutAuditDependencies {
  pool: Pool;
  podium: Pick<PodiumApi, 'findContact'>;
  /** The audit's name for a phone. */
  phoneHash: (phone: string) => string;
}

export type OptOutAuditActivities = ReturnType<typeof createOptOutAuditActivities>;
export type OptOutAuditSteps = ReturnType<typeof createOptOutAuditSteps>;

/** Asks Podium: on its queue, one HTTP call each. */
export function createOptOutAuditActivities({ pool, podium, phoneHash }: OptOutAuditDependencies) {
  return {
    /** Looks at a phone on both sides, and mends what may be mended. */
    async auditOptOut(id: number): Promise<void> {
      const asked = await phoneToAudit(pool, id);
      if (!asked) return;
      const { phone, locationUid } = asked;
      if (locationUid === null)
        throw ApplicationFailure.nonRetryable('No list of locations was read yet.', 'no_location');
      const contact = await callPodium(() => podium.findContact(phone, locationUid));
      await settleLook(pool, id, {
        ...{ phone, phoneHash: phoneHash(phone), contactUid: contact?.uid ?? null },
        podium: contact ? { kind: 'contact', optedOutAt: contact.optedOutAt } : { kind: 'none' },
      });
    },
  };
}

/** What a look asks of the store: short steps, run as local activities. Repeating any changes nothing. */
export function createOptOutAuditSteps({ pool }: { pool: Pool }) {
  return {
    beginOptOutAudit: (): Promise<void> => beginOptOutAudit(pool),

    /** Ids of the next phones to be looked at; none at the end. */
    phonesToAudit: (): Promise<number[]> => phonesToAudit(pool, MOST_PHONES),

    /** Podium could not be asked about a phone: the next look does. */
    skipPhone: (id: number): Promise<void> => skipLook(pool, id),

    endOptOutAudit: (): Promise<void> => endOptOutAudit(pool),
  };
}
