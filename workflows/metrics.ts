/** What sessions count. A replay counts nothing a second time, and none of it is in a history. */
import { metricMeter } from '@temporalio/workflow';
import { LATENESS, type CloseReason } from '../core/session';

/** @param dueAt when it should have happened, ms since 1970 */
export function noteLateness(timer: 'prompt' | 'close', dueAt: number): void {
  metricMeter
    .createHistogram(LATENESS, 'float', 's', 'How much later than due prompts and closes begin.')
    .record(Math.max(0, Date.now() - dueAt) / 1000, { timer });
}

export function countClose(reason: CloseReason): void {
  metricMeter
    .createCounter(
      'podium_webchat_sessions_closed_total',
      undefined,
      'Sessions that were closed, by the reason.',
    )
    .add(1, { reason });
}
