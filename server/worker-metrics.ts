/** Whether the workers are there that open chats need, as `/metrics` tells it. */
import type { Registry } from 'prom-client';
import { addFigureGauge } from './figure-gauge';
import { shared } from './shared';

/** Temporal is asked, by several calls. */
const KEEP_MS = 60_000;

/** @param read the versions of the workers that chats wait for in vain */
export function addWorkerMetrics(registry: Registry, read: () => Promise<string[]>): void {
  addFigureGauge(
    registry,
    {
      name: 'podium_webchat_worker_versions_left_alone',
      help: 'Versions of the workers on which chats are open and of which no worker runs.',
    },
    shared(read, KEEP_MS),
    ({ length }) => length,
  );
}
