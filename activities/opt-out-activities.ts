/** The ledger and Podium's own record of opt-outs: the one is told, the other asked. */
import { ApplicationFailure, log } from '@temporalio/activity';
import { PodiumError, type PodiumApi } from '../podium/api';
import type { Pool } from '../store/database';
import { isOptInHeldBack } from '../store/doubtful-opt-outs';
import {
  beginMirror,
  historyEntry,
  settleMirror,
  type HistoryEntry,
  type MirrorOutcome,
} from '../store/opt-out-mirrors';
import { secondLook, settleSecondLook } from '../store/second-looks';
import { callPodium, isKnown, mayPass, toActivityFailure } from './podium-failure';

export interface OptOutDependencies {
  pool: Pool;
  podium: PodiumApi;
  /** The audit's name for a phone. */
  phoneHash: (phone: string) => string;
}

export function createOptOutActivities({ pool, podium, phoneHash }: OptOutDependencies) {
  /**
   * One call as a rule. The skill contract names the contact by its uid: it is looked up where the mirror does
   * not have it, or has one that Podium does not know any more.
   */
  async function tellOptOut(entry: HistoryEntry & { locationUid: string }): Promise<void> {
    const { phone, locationUid, optedOut } = entry;
    const tell = (contactUid: string | null) => podium.setOptOut(phone, locationUid, optedOut, contactUid);
    if (entry.contactUid !== null && (await isKnown(() => tell(entry.contactUid)))) return;
    const contact = await podium.findContact(phone, locationUid);
    await tell(contact?.uid ?? null);
  }

  return {
    /**
     * Tells Podium about an opt-out or opt-in, and writes down what became of it: that Podium does not permit
     * it, or refuses it, is no failure. What may pass is tried again, for as long as it takes.
     */
    async mirrorOptOut(historyId: number): Promise<void> {
      const entry = await historyEntry(pool, historyId);
      if (!entry || entry.locationUid === null) return;
      const settle = (outcome: MirrorOutcome) => settleMirror(pool, historyId, outcome);
      if (entry.superseded) return settle({ kind: 'overtaken' });
      if (!entry.optedOut && (await isOptInHeldBack(pool, entry.phone))) return;
      await beginMirror(pool, entry);
      try {
        await tellOptOut({ ...entry, locationUid: entry.locationUid });
        await settle({ kind: 'told' });
      } catch (error) {
        if (!(error instanceof PodiumError)) throw error;
        const code = error.details.code ?? error.kind;
        const kind = error.kind === 'not_permitted' ? error.kind : mayPass(error) ? 'failed' : 'refused';
        await settle({ kind, code });
        if (kind === 'failed') throw toActivityFailure(error);
        log.warn('Podium does not take an opt-out of ours', { code, kind });
      }
    },

    /** Asks about an opt-out that Podium has told of and that may be an echo, and decides by its answer. */
    async lookAgain({ historyId, last }: { historyId: number; last: boolean }): Promise<'settled' | 'again'> {
      const look = await secondLook(pool, historyId);
      if (!look) return 'settled';
      const { phone, locationUid } = look;
      if (locationUid === null)
        throw ApplicationFailure.nonRetryable('No list of locations was read yet.', 'no_location');
      const contact = await callPodium(() => podium.findContact(phone, locationUid));
      const answer = { optedOutAt: contact?.optedOutAt ?? null, contactUid: contact?.uid ?? null };
      return settleSecondLook(pool, historyId, answer, { phoneHash, last });
    },
  };
}
