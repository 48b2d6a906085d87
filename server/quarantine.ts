/** What was held up by an unknown location is judged again with every list that was read. */
import type { Logger } from 'pino';
import type { PodiumEvent, Verdict } from '../core/events';
import { readStoredEvent } from '../podium/stored-event';
import type { Pool } from '../store/database';
import { quarantinedForLocations, releaseQuarantined, type QuarantinedEvent } from '../store/inbox';
import type { ReceiveContext } from '../store/receive-context';
import { raiseAlarm } from './after-receipt';
import type { Metrics } from './metrics';

const PAGE = 200;

export interface QuarantineDependencies {
  pool: Pool;
  context: ReceiveContext;
  judge: (event: PodiumEvent) => Verdict;
  /** Uids of the locations that are served. */
  servedLocations: string[];
  metrics: Metrics;
  logger: Logger;
}

/** Lets the events go whose location has turned up, in the order in which they came. @returns how many. */
export async function releaseHeldUp(deps: QuarantineDependencies): Promise<number> {
  let released = 0;
  let page: QuarantinedEvent[] = [];
  do {
    const after = page.at(-1)?.id ?? 0;
    page = await quarantinedForLocations(deps.pool, deps.servedLocations, { afterId: after, limit: PAGE });
    if (page.length === 0) break;
    const judged = page.map(({ id, contract, raw, receivedAt }) => {
      const { event } = readStoredEvent(raw, contract);
      return { id, event, receivedAt, verdict: deps.judge(event) };
    });
    const outcomes = await releaseQuarantined(deps.pool, judged, deps.context);
    outcomes.forEach(({ alarm }, i) => {
      if (alarm) raiseAlarm(alarm, judged[i]!.event, deps);
    });
    released += outcomes.filter(({ status }) => status === 'accepted').length;
  } while (page.length === PAGE);
  return released;
}
