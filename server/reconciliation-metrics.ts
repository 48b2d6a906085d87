import { Counter, Gauge, type Registry } from 'prom-client';

/** Adds what workers have found in Podium, as the database has it: the same on every server. */
export function addReconciliationMetrics(
  registry: Registry,
  read: () => Promise<{ lastRunAt: Date | null; finds: number }>,
): void {
  const registers = [registry];
  new Counter({
    name: 'podium_webchat_reconciliation_finds_total',
    help: "Customers' messages that no webhook has brought. One now and then is Podium's doing, more are a broken webhook's.",
    registers,
    async collect() {
      const { finds } = await read().catch(() => ({ finds: NaN }));
      this.reset();
      this.inc(finds);
    },
  });
  new Gauge({
    name: 'podium_webchat_reconciliation_last_run_timestamp_seconds',
    help: 'When all locations had last been looked through for such messages, in Unix seconds; NaN before the first time.',
    registers,
    async collect() {
      const { lastRunAt } = await read().catch(() => ({ lastRunAt: null }));
      this.set(lastRunAt ? lastRunAt.getTime() / 1000 : NaN);
    },
  });
}
