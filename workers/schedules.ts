/** What Temporal starts by itself, and how often. */
import { setTimeout as delay } from 'node:timers/promises';
import {
  ScheduleAlreadyRunning,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleOptions,
} from '@temporalio/client';
import type { Logger } from 'pino';
import { SCHEDULES } from '../core/schedules';
import { SESSION_QUEUE } from '../core/session';
import type { Settings } from '../core/settings';

const CALL_DEADLINE_MS = 5_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/** In seconds. */
const [HOUR, DAY] = [3_600, 86_400];

/** A schedule with a workflow without arguments. */
export type PlannedSchedule = Pick<ScheduleOptions, 'scheduleId' | 'spec' | 'action' | 'policies'>;

/** Every schedule of the product, as the settings want it. */
export function plannedSchedules({ optout, reconciliation, webhook }: Settings): PlannedSchedule[] {
  const seconds: Record<(typeof SCHEDULES)[number], number> = {
    retention: DAY,
    optOutMirrorRetry: optout.mirror_retry_seconds,
    optOutAudit: optout.audit_interval_seconds,
    webhookCheck: webhook.check_interval_seconds,
    reconciliation: reconciliation.interval_seconds,
  };
  return SCHEDULES.map((name) => every(seconds[name], name));
}

/**
 * Starts a workflow again and again; its type is the schedule's name, too. While one still runs the next one
 * is left out, and what an outage has left out is not made up for: each looks at everything. A run that cannot
 * go on, because the code under it has changed, must end some time, or there would never be a next one. The
 * limit is of one run: one that goes on in the next, as a look at many locations does, may take longer in all.
 */
export function every(seconds: number, workflowType: string): PlannedSchedule {
  return {
    scheduleId: workflowType,
    spec: { intervals: [{ every: seconds * 1000 }], jitter: seconds * 100 },
    action: {
      ...{ type: 'startWorkflow', workflowType, workflowId: workflowType, taskQueue: SESSION_QUEUE },
      workflowRunTimeout: Math.max(seconds, HOUR) * 1000,
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 minute' },
  };
}

/**
 * Makes the schedules, or changes them to what is planned, and tries until that is done; one that Temporal
 * refuses keeps none of the others from being made. Several workers may do so at once. A schedule that somebody
 * has paused stays so.
 */
export async function ensureSchedules(
  client: Client,
  planned: PlannedSchedule[],
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  let left = planned;
  for (let pause = FIRST_PAUSE_MS; !signal.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    const failed: PlannedSchedule[] = [];
    for (const each of left) {
      try {
        await ensureSchedule(client, each);
      } catch (err) {
        logger.warn({ err, schedule: each.scheduleId }, 'A schedule could not be made; trying again');
        failed.push(each);
      }
    }
    if (failed.length === 0) return;
    left = failed;
    await delay(pause, null, { signal }).catch(() => null);
  }
}

/** Makes one schedule, or changes it to what is planned. */
export async function ensureSchedule(client: Client, planned: PlannedSchedule): Promise<void> {
  const { schedule } = client;
  const before = () => Date.now() + CALL_DEADLINE_MS;
  try {
    await client.withDeadline(before(), () => schedule.create(planned));
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    const { scheduleId, ...change } = planned;
    await client.withDeadline(before(), () =>
      schedule.getHandle(scheduleId).update(({ state }) => ({ ...change, state })),
    );
  }
}
