/**
 * Looking through Podium's conversations for messages that no webhook has brought. What is found goes into
 * the inbox at once, under the rules of the webhook; a workflow gets ids of rows, cursors and counts only.
 */
import { ApplicationFailure, log } from '@temporalio/activity';
import { failure } from '../core/error-codes';
import type { PodiumEvent, Verdict } from '../core/events';
import { withCountry } from '../core/locations';
import type { LookRules } from '../core/reconciliation';
import { isOptOutOfNobody, judge } from '../core/verdict';
import type { WordsFor } from '../core/wish-words';
import { PodiumError, type PodiumApi } from '../podium/api';
import { foundMessage, type FoundMessage } from '../podium/found-message';
import { hasChanged, olderFollow, unchangedFollow } from '../podium/newest-first';
import { readEvent } from '../podium/webhook-event';
import type { Pool } from '../store/database';
import { receive } from '../store/inbox';
import type { ReceiveContext } from '../store/receive-context';
import { listLocations } from '../store/locations';
import {
  conversationsToRead,
  conversationToRead,
  endRun,
  locationsToLookAt,
  lookSince,
  noteConversations,
  settleConversation,
  turnPage,
  type ConversationToRead,
  type LocationToLookAt,
} from '../store/reconciliation';
import { callPodium } from './podium-failure';

const MOST_LOCATIONS = 50;
const MOST_CONVERSATIONS = 100;

export interface ReconciliationDependencies {
  pool: Pool;
  podium: Pick<PodiumApi, 'pageOfConversations' | 'pageOfMessages'>;
  rules: LookRules;
  context: ReceiveContext;
  wordsFor: WordsFor;
  /** Countries by location uid, where Podium has none. */
  countryOverrides: Record<string, string>;
}

/** What came in of a page of messages, and whether another page follows. */
export interface PageOutcome {
  more: boolean;
  /** Messages that are dealt with now, of customers and of the store. */
  accepted: number;
  quarantined: number;
}

export type { LocationToLookAt } from '../store/reconciliation';
export type ReconciliationActivities = ReturnType<typeof createReconciliationActivities>;
export type ReconciliationSteps = ReturnType<typeof createReconciliationSteps>;

/** Asks Podium: on its queue, one HTTP call each. */
export function createReconciliationActivities(deps: ReconciliationDependencies) {
  const { pool, podium, rules, context } = deps;

  return {
    /**
     * Reads a page of a location's conversations, and notes down those that have changed.
     * @param look `until` in ms since 1970: a look covers what was said before
     * @returns the cursor of the page that follows; null when the rest is of no interest
     */
    async listConversations(look: {
      locationUid: string;
      until: number;
      cursor: string | null;
    }): Promise<string | null> {
      const { locationUid } = look;
      const since = await lookSince(pool, locationUid, rules);
      const page = await callPodium(() => podium.pageOfConversations(locationUid, look.cursor));
      const next = unchangedFollow(page.items, since) ? null : page.nextCursor;
      // A filter that Podium does not know is ignored, and everybody's conversations come.
      const here = page.items.filter((each) => (each.locationUid ?? locationUid) === locationUid);
      const changed = here.filter((each) => hasChanged(each, since));
      const listedUntil = next === null ? new Date(look.until) : null;
      await noteConversations(pool, locationUid, changed, { since, listedUntil });
      return next;
    },

    /** Reads the next page of a conversation's messages into the inbox. A conversation that is no more is done with. */
    async readConversation({ id, until }: { id: number; until: number }): Promise<PageOutcome> {
      const conversation = await conversationToRead(pool, id, rules);
      if (!conversation) return NOTHING;
      const page = await callPodium(() => pageOf(conversation));
      const outcome = await takeIn(conversation, page.items, new Date(until));
      const cursor = olderFollow(timesOf(page.items), conversation.since) ? null : page.nextCursor;
      if (cursor === null) await settleConversation(pool, id);
      else if (!(await turnPage(pool, id, cursor)))
        throw ApplicationFailure.nonRetryable("Podium's pages go round in a circle.", 'circle');
      return { ...outcome, more: cursor !== null };
    },
  };

  async function pageOf({ uid, cursor }: ConversationToRead) {
    try {
      return await podium.pageOfMessages(uid, cursor);
    } catch (error) {
      if (error instanceof PodiumError && error.kind === 'not_found') return { items: [], nextCursor: null };
      throw error;
    }
  }

  async function takeIn(
    conversation: ConversationToRead,
    messages: Parameters<typeof foundMessage>[0][],
    until: Date,
  ): Promise<Omit<PageOutcome, 'more'>> {
    const said = messages.filter(({ at }) => at === null || (at >= conversation.since && at < until));
    if (said.length === 0) return NOTHING;
    const judgeEvent = await judgeOfToday();
    const receivedAt = new Date();
    const found = said
      .map((message) => ({ ...foundMessage(message, conversation, judgeEvent), receivedAt }))
      .sort((a, b) => timeOf(a) - timeOf(b));
    const outcomes = await receive(pool, found, context, { read: (raw) => readEvent(raw).event });
    found.forEach(({ event, verdict }, i) => {
      const { status, alarm } = outcomes[i]!;
      const { eventId, locationUid } = event;
      if (alarm) log.error(alarm.message, { code: alarm.code, eventId, locationUid, hint: alarm.hint });
      if (status === 'duplicate' || !isOptOutOfNobody(verdict)) return;
      const { code } = failure('ERR_WEBCHAT_008');
      log.error('An opt-out whose phone cannot be made out: a person has to look at it', {
        ...{ code, eventId },
      });
    });
    const count = (wanted: string) => outcomes.filter(({ status }) => status === wanted).length;
    return { accepted: count('accepted'), quarantined: count('quarantined') };
  }

  /** By the list of locations as it stands now. */
  async function judgeOfToday(): Promise<(event: PodiumEvent) => Verdict> {
    const list = await listLocations(pool);
    const locations = new Map(list.map((each) => [each.uid, withCountry(each, deps.countryOverrides)]));
    return (event) => judge(event, (uid) => locations.get(uid), deps.wordsFor);
  }
}

/** What a look asks of the store: short steps, run as local activities. Repeating any changes nothing. */
export function createReconciliationSteps({ pool, rules }: { pool: Pool; rules: LookRules }) {
  return {
    /** Until when a look that begins now looks, in ms since 1970. */
    lookUntil: (now: number): Promise<number> => Promise.resolve(now - rules.graceMs),

    /** The next served locations behind `after`, by their uids; none at the end. */
    nextLocations: (look: { after: string; until: number }): Promise<LocationToLookAt[]> =>
      locationsToLookAt(pool, { after: look.after, until: new Date(look.until), limit: MOST_LOCATIONS }),

    /** Ids of the next conversations of a location that are to be read; none at the end. */
    nextConversations: (look: { locationUid: string; afterId: number }): Promise<number[]> =>
      conversationsToRead(pool, look.locationUid, { afterId: look.afterId, limit: MOST_CONVERSATIONS }),

    endReconciliation: (): Promise<void> => endRun(pool, rules),
  };
}

const NOTHING: PageOutcome = { more: false, accepted: 0, quarantined: 0 };

function timesOf(messages: { at: Date | null }[]): (Date | null)[] {
  return messages.map(({ at }) => at);
}

function timeOf({ event }: FoundMessage): number {
  return event.at?.getTime() ?? 0;
}
