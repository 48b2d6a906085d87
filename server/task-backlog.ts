/** How much waits for workers, as `/metrics` tells it. */
import type { Registry } from 'prom-client';
import { TASK_QUEUES, type TaskBacklog } from '../ops/task-queues';
import { addCountsGauge } from './counts-gauge';
import { shared } from './shared';

/** Temporal asks every partition of a queue, and what it counts is seconds old anyway. */
const KEEP_MS = 10_000;

/** @param read rejects while Temporal is away */
export function addTaskBacklogMetrics(registry: Registry, read: () => Promise<TaskBacklog[]>): void {
  const readOnce = shared(read, KEEP_MS);
  const gauge = (name: string, help: string, figure: (backlog: TaskBacklog) => number) =>
    addCountsGauge(
      registry,
      {
        name: `podium_webchat_task_backlog${name}`,
        help,
        labelNames: ['task_queue', 'kind'],
        known: TASK_QUEUES.map(labelsOf),
      },
      async () =>
        (await readOnce()).map((backlog) => ({ labels: labelsOf(backlog), value: figure(backlog) })),
    );
  gauge('', 'Tasks that wait for a worker, about, by queue and kind.', ({ tasks }) => tasks);
  gauge(
    '_oldest_seconds',
    'How long the first task has waited for a worker, about, by queue and kind.',
    ({ oldestSeconds }) => oldestSeconds,
  );
}

const labelsOf = ({ queue, kind }: Pick<TaskBacklog, 'queue' | 'kind'>) => ({ task_queue: queue, kind });
