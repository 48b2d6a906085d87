/** What Temporal starts by itself: how each schedule stands, and a run of one at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowFailedError, type Client, type ScheduleDescription } from '@temporalio/client';
import { SCHEDULES } from '../core/schedules';
import { within } from './temporal';

const LOOK_AGAIN_MS = 200;

export type ScheduleName = (typeof SCHEDULES)[number];

export interface ScheduleState {
  name: ScheduleName;
  paused: boolean;
  running: boolean;
  lastBeganAt: Date | null;
  nextAt: Date | null;
}

/** @throws what Temporal throws, as where a schedule was never made */
export function scheduleStates(client: Client): Promise<ScheduleState[]> {
  return Promise.all(
    SCHEDULES.map(async (name) => {
      const { state, info } = await describe(client, name);
      return {
        ...{ name, paused: state.paused, running: info.runningActions.length > 0 },
        lastBeganAt: info.recentActions.at(-1)?.takenAt ?? null,
        nextAt: state.paused ? null : (info.nextActionTimes[0] ?? null),
      };
    }),
  );
}

/**
 * Has a schedule run now, paused or not, and waits for its end; a run that is under way is waited for.
 * @returns whether it has ended by then
 * @throws what the run failed with
 */
export async function runNow(client: Client, name: ScheduleName, patienceMs: number): Promise<boolean> {
  const deadline = Date.now() + patienceMs;
  const before = await describe(client, name);
  const isUnderWay = before.info.runningActions.length > 0;
  if (!isUnderWay) await within(client, () => client.schedule.getHandle(name).trigger());
  const last = runOf(before);
  for (let run = last; ; run = runOf(await describe(client, name))) {
    if (run !== null && (isUnderWay || run !== last)) return hasEnded(client, run, deadline);
    if (Date.now() > deadline) return false;
    await sleep(LOOK_AGAIN_MS);
  }
}

/** The workflow that a schedule has started last. */
const runOf = ({ info }: ScheduleDescription): string | null =>
  info.recentActions.at(-1)?.action.workflow.workflowId ?? null;

async function hasEnded(client: Client, workflowId: string, deadline: number): Promise<boolean> {
  const ended = client.withDeadline(deadline, () => client.workflow.getHandle(workflowId).result());
  return ended.then(
    () => true,
    (error: unknown) => {
      if (Date.now() >= deadline) return false;
      throw error instanceof WorkflowFailedError ? (error.cause ?? error) : error;
    },
  );
}

const describe = (client: Client, name: ScheduleName) =>
  within(client, () => client.schedule.getHandle(name).describe());
