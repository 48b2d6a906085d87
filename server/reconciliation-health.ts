/** How the search for messages that no webhook has brought is getting on, as `/readyz` and `/metrics` tell it. */
import { Counter, type Registry } from 'prom-client';
import type { ReconciliationTotals } from '../store/reconciliation';
import { addFigureGauge } from './figure-gauge';
import { secondsOfLast } from './last-time';

/** So many looks may be missing before it shows. */
const PATIENCE = 3;
/** All looks together may take so long: one at 10,000 locations is 40 min, and may be given up for an hour once. */
const LONGEST_LOOK_SECONDS = 7_200;

/**
 * @param intervalSeconds between two looks
 * @throws with the reason, when no look has come to its end for too long
 */
export async function reconciliationIsWell(
  read: () => Promise<{ lastRunAt: Date | null }>,
  intervalSeconds: number,
): Promise<void> {
  const { lastRunAt } = await read();
  if (!lastRunAt) throw new Error('not looked yet');
  const age = (Date.now() - lastRunAt.getTime()) / 1000;
  if (age > Math.max(PATIENCE * intervalSeconds, LONGEST_LOOK_SECONDS))
    throw new Error(`no look has ended since ${lastRunAt.toISOString()}: see the workflow "reconciliation"`);
}

/** Adds what workers have found in Podium, as the database has it: the same on every server. */
export function addReconciliationMetrics(
  registry: Registry,
  read: () => Promise<ReconciliationTotals>,
): void {
  new Counter({
    name: 'podium_webchat_reconciliation_finds_total',
    help: "Customers' messages that no webhook has brought. One now and then is Podium's doing, more are a broken webhook's.",
    registers: [registry],
    async collect() {
      const { finds } = await read().catch(() => ({ finds: NaN }));
      this.reset();
      this.inc(finds);
    },
  });
  addFigureGauge(
    registry,
    {
      name: 'podium_webchat_reconciliation_last_run_timestamp_seconds',
      help: 'When all locations had last been looked through for such messages, in Unix seconds; 0 before the first time.',
    },
    read,
    ({ lastRunAt }) => secondsOfLast(lastRunAt),
  );
  addFigureGauge(
    registry,
    {
      name: 'podium_webchat_reconciliation_conversations_to_read',
      help: 'Conversations that have changed and were not read yet. What stays between two looks could not be read.',
    },
    read,
    ({ toRead }) => toRead,
  );
}
