/** The least that any handler on Temporal does for a message: a signal, and an activity that follows from it. */
import { condition, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';
import { BARE_CALLS, BARE_SIGNAL, type BareActivities } from './bare';

const message = defineSignal<[unknown]>(BARE_SIGNAL);

const { arrive } = proxyActivities<BareActivities>({
  taskQueue: BARE_CALLS,
  startToCloseTimeout: '30 seconds',
  priority: { priorityKey: 1, fairnessKey: 'bench' },
});

/** @returns when the activity was reached, ms since 1970 */
export async function bareRoundTrip(): Promise<number> {
  let received: unknown;
  setHandler(message, (input) => {
    received = input;
  });
  await condition(() => received !== undefined);
  return arrive(received);
}
