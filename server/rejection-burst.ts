/** Notices when many events in a short time could not be routed: a new store, or a wrong setting. */
import type { Logger } from 'pino';
import { failure } from '../core/error-codes';
import type { Settings } from '../core/settings';
import type { Metrics } from './metrics';

export class RejectionBurst {
  private rejections: number[] = [];

  constructor(private readonly limit: { count: number; minutes: number }) {}

  /** Notes a rejection at `now` (ms). @returns whether it completes a burst; the count starts anew then. */
  note(now: number): boolean {
    const since = now - this.limit.minutes * 60_000;
    this.rejections = [...this.rejections.filter((at) => at > since), now];
    const complete = this.rejections.length >= this.limit.count;
    if (complete) this.rejections = [];
    return complete;
  }
}

/** @returns a function to be told the code of everything that is refused or put aside; `ERR_WEBCHAT_012` comes of a burst */
export function rejectionAlarm(
  limit: Settings['locations']['rejection_burst'],
  { metrics, logger }: { metrics: Metrics; logger: Logger },
): (code: string) => void {
  const burst = new RejectionBurst(limit);
  return (code) => {
    metrics.codes.inc({ code });
    const isRouting = code === 'ERR_WEBCHAT_002' || code === 'ERR_WEBCHAT_003';
    if (!isRouting || !burst.note(Date.now())) return;
    const alarm = failure('ERR_WEBCHAT_012');
    metrics.codes.inc({ code: alarm.code });
    logger.error({ code: alarm.code, hint: alarm.hint }, alarm.message);
  };
}
