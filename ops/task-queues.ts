/** Our task queues as Temporal sees them: how much waits for workers, and when those last asked for work. */
import type { Client } from '@temporalio/client';
import { optionalTsToMs } from '@temporalio/common/lib/time';
import { temporal } from '@temporalio/proto';
import { FILES_QUEUE, PODIUM_QUEUE, SESSION_QUEUE } from '../core/session';
import { within } from './temporal';

const { TaskQueueType } = temporal.api.enums.v1;
type Poller = temporal.api.taskqueue.v1.IPollerInfo;

const CALL_DEADLINE_MS = 2_000;

const KINDS = {
  workflow: TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
  activity: TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
} as const;

export interface TaskQueue {
  queue: string;
  kind: keyof typeof KINDS;
}

/** Which of our queues have which tasks. */
export const TASK_QUEUES = [
  { queue: SESSION_QUEUE, kind: 'workflow' },
  { queue: SESSION_QUEUE, kind: 'activity' },
  { queue: PODIUM_QUEUE, kind: 'activity' },
  { queue: FILES_QUEUE, kind: 'activity' },
] as const satisfies TaskQueue[];

export interface TaskBacklog extends TaskQueue {
  /** About how many tasks wait. */
  tasks: number;
  /** About how long the first of them has waited. */
  oldestSeconds: number;
}

/** Over all versions of the workers, and their partitions. @throws when Temporal is away */
export function taskBacklogs(client: Client): Promise<TaskBacklog[]> {
  const backlogOf = async ({ queue, kind }: TaskQueue): Promise<TaskBacklog> => {
    const { stats } = await describeQueue(client, { queue, kind }, { reportStats: true });
    const oldestSeconds = (optionalTsToMs(stats?.approximateBacklogAge) ?? 0) / 1000;
    return { queue, kind, tasks: Number(stats?.approximateBacklogCount ?? 0), oldestSeconds };
  };
  return within(client, () => Promise.all(TASK_QUEUES.map(backlogOf)), CALL_DEADLINE_MS);
}

/** The caller's deadline holds. @param reportStats how much waits is told only when asked for */
export function describeQueue(
  client: Client,
  { queue, kind }: TaskQueue,
  { reportStats = false }: { reportStats?: boolean } = {},
) {
  const { namespace } = client.options;
  return client.workflowService.describeTaskQueue({
    ...{ namespace, taskQueue: { name: queue }, taskQueueType: KINDS[kind], reportStats },
  });
}

/** When a worker last asked for work, in ms since 1970; 0 when Temporal does not say. */
export function askedAt({ lastAccessTime }: Poller): number {
  return optionalTsToMs(lastAccessTime) ?? 0;
}
