/** How much waits for workers, as Temporal counts it: over all versions of the workers, and their partitions. */
import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { FILES_QUEUE, PODIUM_QUEUE, SESSION_QUEUE } from '../core/session';

const { TaskQueueType } = temporal.api.enums.v1;

const CALL_DEADLINE_MS = 2_000;

const KINDS = {
  workflow: TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
  activity: TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
} as const;

/** Which of our queues have which tasks. */
export const TASK_QUEUES = [
  { queue: SESSION_QUEUE, kind: 'workflow' },
  { queue: SESSION_QUEUE, kind: 'activity' },
  { queue: PODIUM_QUEUE, kind: 'activity' },
  { queue: FILES_QUEUE, kind: 'activity' },
] as const;

export interface TaskBacklog {
  queue: string;
  kind: keyof typeof KINDS;
  /** About how many tasks wait. */
  tasks: number;
  /** About how long the first of them has waited. */
  oldestSeconds: number;
}

/** @throws when Temporal is away */
export function taskBacklogs(client: Client): Promise<TaskBacklog[]> {
  const { namespace } = client.options;
  return client.withDeadline(Date.now() + CALL_DEADLINE_MS, () =>
    Promise.all(
      TASK_QUEUES.map(async ({ queue, kind }) => {
        const { stats } = await client.workflowService.describeTaskQueue({
          ...{ namespace, taskQueue: { name: queue }, taskQueueType: KINDS[kind], reportStats: true },
        });
        const { seconds, nanos } = stats?.approximateBacklogAge ?? {};
        const oldestSeconds = Number(seconds ?? 0) + (nanos ?? 0) / 1e9;
        return { queue, kind, tasks: Number(stats?.approximateBacklogCount ?? 0), oldestSeconds };
      }),
    ),
  );
}
