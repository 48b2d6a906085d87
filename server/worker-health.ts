/** Whether the workers are there that open chats need, as `/metrics` tells it. */
import { Gauge, type Registry } from 'prom-client';
import { shared } from './shared';

/** Temporal is asked, by several calls. */
const KEEP_MS = 60_000;

/** @param read the versions of the workers that chats wait for in vain */
export function addWorkerMetrics(registry: Registry, read: () => Promise<string[]>): void {
  const readOnce = shared(read, KEEP_MS);
  new Gauge({
    name: 'podium_webchat_worker_versions_left_alone',
    help: 'Versions of the workers on which chats are open and of which no worker runs.',
    registers: [registry],
    async collect() {
      const { length } = await readOnce().catch(() => ({ length: NaN }));
      this.set(length);
    },
  });
}
