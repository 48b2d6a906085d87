/** What follows outside of the database when events were committed: someone is woken, someone is told. */
import type { Logger } from 'pino';
import { failure } from '../core/error-codes';
import type { Failure, PodiumEvent, Verdict } from '../core/events';
import { isOptOutOfNobody } from '../core/verdict';
import type { Outcome, ReceivedEvent } from '../store/inbox';
import { traceIdOf } from '../store/trace-id';
import type { Metrics } from './metrics';

export interface AfterReceiptDependencies {
  wakeRelay: () => void;
  seekLocation: () => void;
  /** Is told the code of what is quarantined. */
  onRejection: (code: string) => void;
  metrics: Metrics;
  logger: Logger;
}

/** @returns a function to be told of every event that was committed. */
export function afterReceipt(deps: AfterReceiptDependencies) {
  const { metrics, logger } = deps;

  return ({ event, verdict }: ReceivedEvent, outcome: Outcome): void => {
    if (outcome.status === 'duplicate') return;
    deps.wakeRelay();
    const { eventId } = event;
    const traceId = traceIdOf(event);
    const { eventType, locationUid } = event;
    logger.info({ traceId, eventId, eventType, locationUid, status: outcome.status }, 'An event came in');
    if (outcome.waitedSeconds !== undefined) metrics.personAnswers.observe(outcome.waitedSeconds);
    if (outcome.alarm) raiseAlarm(outcome.alarm, event, deps);
    if (isOptOutOfNobody(verdict)) {
      const words = 'an opt-out whose phone cannot be made out: a person has to look at it';
      noteOptOut('error', { traceId, eventId }, words);
    } else if ('optOut' in verdict && verdict.optOut)
      noteOptOut('info', { traceId, eventId, locationUid: verdict.locationUid });
    const why = failureOf(verdict);
    if (!why) return;

    const { code, message } = why;
    logger.warn({ code, traceId, eventId, locationUid }, `quarantined: ${message}`);
    if (code === 'ERR_WEBCHAT_003') deps.seekLocation();
    deps.onRejection(code);
  };

  function noteOptOut(level: 'info' | 'error', facts: object, words?: string): void {
    const { code, message } = failure('ERR_WEBCHAT_008');
    metrics.codes.inc({ code });
    logger[level]({ code, ...facts }, words ?? message);
  }
}

/** Says in the log, and counts, what an event has shown that a person has to look at. */
export function raiseAlarm(
  { code, message, hint }: Failure,
  event: PodiumEvent,
  { metrics, logger }: Pick<AfterReceiptDependencies, 'metrics' | 'logger'>,
): void {
  const { eventId, locationUid } = event;
  metrics.codes.inc({ code });
  logger.error({ code, traceId: traceIdOf(event), eventId, locationUid, hint }, message);
}

function failureOf(verdict: Verdict): Failure | undefined {
  if (verdict.kind === 'contact_changed') return verdict.unclear;
  return verdict.kind === 'quarantined' ? verdict.failure : undefined;
}
