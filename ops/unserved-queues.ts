/** Whether workers take work: of one that is gone or hangs, Temporal knows when it last asked for some. */
import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { FILES_QUEUE, PODIUM_QUEUE, SESSION_QUEUE } from '../core/session';

const { TASK_QUEUE_TYPE_WORKFLOW: WORKFLOW, TASK_QUEUE_TYPE_ACTIVITY: ACTIVITY } =
  temporal.api.enums.v1.TaskQueueType;

const QUEUES = [
  { name: SESSION_QUEUE, type: WORKFLOW },
  { name: PODIUM_QUEUE, type: ACTIVITY },
  { name: FILES_QUEUE, type: ACTIVITY },
];

const CALL_MS = 5_000;
/** A worker's question for work is answered within a minute, and then it asks anew. */
const LONGEST_SILENCE_MS = 90_000;

/** The queues from which nobody takes work, each with since when, as far as that is known. */
export async function unservedQueues(client: Client): Promise<string[]> {
  const heard = await client.withDeadline(Date.now() + CALL_MS, () =>
    Promise.all(QUEUES.map(async ({ name, type }) => ({ name, at: await lastAsked(client, name, type) }))),
  );
  return heard
    .filter(({ at }) => Date.now() - at > LONGEST_SILENCE_MS)
    .map(({ name, at }) => (at === 0 ? name : `${name} since ${new Date(at).toISOString()}`));
}

/** When a worker last asked for work, in ms since 1970; 0 when Temporal remembers none. */
async function lastAsked(
  client: Client,
  name: string,
  taskQueueType: temporal.api.enums.v1.TaskQueueType,
): Promise<number> {
  const { namespace } = client.options;
  const { pollers } = await client.workflowService.describeTaskQueue({
    ...{ namespace, taskQueue: { name }, taskQueueType },
  });
  return Math.max(0, ...pollers.map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000));
}
