/** What is read when a scrape or a health check asks for it: the metrics that stand in the database or in Temporal, and the checks. */
import { taskBacklogs } from '../ops/task-queues';
import { versionsLeftAlone } from '../ops/worker-versions';
import { unsealedRows } from '../store/audit-seals';
import { activePauses } from '../store/call-limits';
import { assertWritable, type Pool } from '../store/database';
import { readFigures } from '../store/figures';
import { countFiles } from '../store/files/rows';
import { lastOptOutAudits } from '../store/opt-out-audits';
import { countMirrors } from '../store/opt-out-mirrors';
import { readAccess } from '../store/podium-tokens';
import { reconciliationTotals } from '../store/reconciliation';
import { countPending } from '../store/relay';
import { waitingChats } from '../store/waiting-chats';
import { lastWebhookCheck } from '../store/webhooks';
import { addAccessMetrics, complainAboutAccess } from './access';
import { addAuditMetrics, auditIsSealed } from './audit-health';
import { addDatabaseMetrics, type Backlog } from './database-metrics';
import type { Draining } from './draining';
import type { Checks } from './health';
import type { LocationDirectory } from './location-directory';
import { addOptOutAuditMetrics } from './opt-out-audit-metrics';
import type { Parts } from './parts';
import { addReconciliationMetrics, reconciliationIsWell } from './reconciliation-health';
import { shared } from './shared';
import { addTaskBacklogMetrics } from './task-backlog';
import { addWaitingChatMetrics } from './waiting-chats';
import { addWebhookMetrics, webhookIsWell } from './webhook-health';
import { addWorkerMetrics } from './worker-metrics';

const TEMPORAL_CHECK_MS = 900;

/** What a scrape asks for twice, by its metrics and by the checks of the readiness: the database is asked once. */
export function sharedReadings(pool: Pool) {
  return {
    access: shared(() => readAccess(pool)),
    webhookCheck: shared(() => lastWebhookCheck(pool)),
    reconciliation: shared(() => reconciliationTotals(pool)),
    unsealed: shared(() => unsealedRows(pool)),
  };
}
type SharedReadings = ReturnType<typeof sharedReadings>;

/** What is read when somebody asks for it, from the database or from Temporal. */
export function addReadMetrics(
  readings: SharedReadings,
  { pool, client, settings, metrics: { registry } }: Pick<Parts, 'pool' | 'client' | 'settings' | 'metrics'>,
): void {
  addDatabaseMetrics(registry, {
    backlog: () => readBacklog(pool),
    pauses: () => activePauses(pool),
    files: () => countFiles(pool),
    mirrors: () => countMirrors(pool),
    figures: () => readFigures(pool, settings.session.idle_close_seconds),
  });
  addAccessMetrics(registry, readings.access);
  addWebhookMetrics(registry, readings.webhookCheck);
  addReconciliationMetrics(registry, readings.reconciliation);
  addAuditMetrics(registry, readings.unsealed);
  addTaskBacklogMetrics(registry, () => taskBacklogs(client));
  addWaitingChatMetrics(registry, () => waitingChats(pool), settings.quiet_hours);
  addOptOutAuditMetrics(registry, async () => (await lastOptOutAudits(pool)).last);
  addWorkerMetrics(registry, () => versionsLeftAlone(client));
}

interface ReadinessParts extends Pick<Parts, 'client' | 'settings'> {
  receiverPool: Pool;
  directory: LocationDirectory;
  draining: Draining;
}

export function readinessChecks(
  readings: SharedReadings,
  { receiverPool, client, directory, settings, draining }: ReadinessParts,
): Checks {
  return {
    required: {
      database: () => assertWritable(receiverPool),
      staying: () => draining.notBegun(),
      locations: () =>
        directory.isLoaded ? Promise.resolve() : Promise.reject(new Error('the list is not loaded')),
    },
    wanted: {
      temporal: () =>
        client.withDeadline(Date.now() + TEMPORAL_CHECK_MS, () => client.workflowService.getSystemInfo({})),
      podium: async () => complainAboutAccess(await readings.access()),
      webhook: () => webhookIsWell(readings.webhookCheck, settings.webhook.check_interval_seconds),
      reconciliation: () =>
        reconciliationIsWell(readings.reconciliation, settings.reconciliation.interval_seconds),
      audit: () => auditIsSealed(readings.unsealed),
    },
  };
}

async function readBacklog(pool: Pool): Promise<Backlog> {
  const { pending, oldestReceivedAt } = await countPending(pool);
  return { pending, oldestSeconds: oldestReceivedAt ? (Date.now() - oldestReceivedAt.getTime()) / 1000 : 0 };
}
