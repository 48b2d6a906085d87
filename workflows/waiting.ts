/** Waiting for a time, and waiting for a call that may become pointless. */
import { CancellationScope, condition, sleep } from '@temporalio/workflow';
import type { Duration } from '@temporalio/common';

/**
 * Wakes the workflow at each of these times. A lazy alarm: a timer is never cancelled when its time
 * moves, but looks where it stands when it rings. So a message costs no timer, and there is at most one.
 * @param times in ms since 1970; those that are past don't count
 */
export async function keepAlarm(times: () => number[]): Promise<never> {
  const ahead = () => times().filter((time) => time > Date.now());
  for (;;) {
    await condition(() => ahead().length > 0);
    await sleep(Math.min(...ahead()) - Date.now(), { summary: 'until a prompt or a close may be due' });
  }
}

/**
 * Makes a call, unless it is pointless, and gives it up as soon as it becomes so: null then.
 * @param patience after which it is given up as well; without one it is not
 */
export async function unless<T>(
  pointless: () => boolean,
  call: () => Promise<T>,
  patience?: Duration,
): Promise<T | null> {
  if (pointless()) return null;
  return CancellationScope.cancellable(async () => {
    try {
      const givenUp =
        patience === undefined
          ? condition(pointless)
          : condition(pointless, patience, { summary: 'until a call is given up' });
      return await Promise.race([call(), givenUp.then(() => null)]);
    } finally {
      CancellationScope.current().cancel(); // whichever of the two is left over
    }
  });
}
