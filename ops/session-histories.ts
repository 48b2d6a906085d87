/** Takes everything that Temporal holds of a session, whether it runs or has ended long ago. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { within } from './temporal';
import { describeWorkflow, runIds, unlessNotFound } from './workflow-runs';

const { PendingActivityState, PendingWorkflowTaskState } = temporal.api.enums.v1;

const LOOK_EVERY_MS = 250;
/** Longer than an attempt of any call of a session: by then no worker has anything in hand that it would write down. */
const LONGEST_CALL_MS = 35_000;
/** Temporal deletes behind its answer: a run that has just closed goes after half a minute on the development server. */
const DELETED_WITHIN_MS = 120_000;

/**
 * Deletes all runs of these workflows with their histories. One that runs is ended by that, once no worker is at it.
 * @returns how many runs were deleted
 * @throws when Temporal is away, or still has one after two minutes: it may be tried again
 */
export async function deleteHistories(client: Client, workflowIds: string[]): Promise<number> {
  const deleted = new Set<string>();
  const until = Date.now() + DELETED_WITHIN_MS;
  let left = workflowIds;
  for (;;) {
    const before = left;
    left = [];
    for (const id of before) if ((await deleteRuns(client, id, deleted)) > 0) left.push(id);
    if (left.length === 0) return deleted.size;
    if (Date.now() > until) throw new Error(`Temporal still has runs of ${left.length} session(s).`);
    await delay(LOOK_EVERY_MS);
  }
}

/** @param deleted runs that need not be deleted again; those of this call are added @returns how many there are still */
async function deleteRuns(client: Client, workflowId: string, deleted: Set<string>): Promise<number> {
  const runs = await runsOf(client, workflowId);
  const more = runs.filter((runId) => !deleted.has(runId));
  if (more.length > 0) await untilIdle(client, workflowId);
  for (const runId of more) {
    await deleteRun(client, workflowId, runId);
    deleted.add(runId);
  }
  return runs.length;
}

async function untilIdle(client: Client, workflowId: string): Promise<void> {
  const until = Date.now() + LONGEST_CALL_MS;
  while ((await isAtWork(client, workflowId)) && Date.now() < until) await delay(LOOK_EVERY_MS);
}

/** Whether a worker has a task of it in hand. */
async function isAtWork(client: Client, workflowId: string): Promise<boolean> {
  const described = await describeWorkflow(client, workflowId);
  const { pendingActivities, pendingWorkflowTask } = described?.raw ?? {};
  return (
    pendingWorkflowTask?.state === PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_STARTED ||
    (pendingActivities ?? []).some(
      ({ state }) => state === PendingActivityState.PENDING_ACTIVITY_STATE_STARTED,
    )
  );
}

/** What is listed may be behind: the present run is asked for by itself. */
async function runsOf(client: Client, workflowId: string): Promise<string[]> {
  const present = await describeWorkflow(client, workflowId);
  const listed = await within(client, async () => {
    const runs: string[] = [];
    for await (const runId of runIds(client, workflowId)) runs.push(runId);
    return runs;
  });
  return [...new Set([...(present ? [present.runId] : []), ...listed])];
}

async function deleteRun(client: Client, workflowId: string, runId: string): Promise<void> {
  const { namespace } = client.options;
  await within(client, () =>
    client.workflowService.deleteWorkflowExecution({ namespace, workflowExecution: { workflowId, runId } }),
  ).catch(unlessNotFound);
}
