/** Of which part of Podium's limit the calls of an activity are taken. */
import { Context } from '@temporalio/activity';
import { PODIUM_QUEUE } from '../core/session';
import type { CallShare } from '../podium/limits';

/** An activity holds up its worker no longer than this: its next attempt waits as well. */
const PATIENCE_MS = 5_000;

/**
 * The engine counts an attempt of an activity on Podium's queue as one call, so the first is free. Another one, as
 * when an unknown outcome is looked up, is taken from the part that is for calls outside of the queue; so is
 * what a worker calls anywhere else.
 */
export function withinActivities(outside: CallShare): CallShare {
  const counted = new WeakSet<Context>();
  return {
    patienceMs: PATIENCE_MS,
    async take() {
      const activity = activityOfQueue();
      if (activity === null || counted.has(activity)) return outside.take();
      counted.add(activity);
      return 0;
    },
  };
}

function activityOfQueue(): Context | null {
  try {
    const activity = Context.current();
    return activity.info.taskQueue === PODIUM_QUEUE ? activity : null;
  } catch {
    return null; // not within an activity
  }
}
