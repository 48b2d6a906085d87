/** The server's process: puts the parts together, and takes them apart again. */
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { beforeShutdown, onShutdown } from '../config/lifecycle';
import { loadConfiguration, loadEnvironment, withFiles } from '../config/load';
import { createLogger } from '../config/logger';
import { assertKeys, runMain } from '../config/run-main';
import { startTracing, TRACING_NEEDS } from '../config/tracing';
import { auditKeys, type AuditKey } from '../core/audit-keys';
import { dataConverter } from '../core/data-converter';
import type { Environment } from '../core/environment';
import type { PodiumEvent } from '../core/events';
import { EncryptionCodec } from '../core/payload-codec';
import { sessionPolicy, type Settings } from '../core/settings';
import { judge } from '../core/verdict';
import { wordsByCountry } from '../core/wish-words';
import type { OpsTools } from '../ops/operation';
import type { SessionTools } from '../ops/sessions';
import { taskBacklogs } from '../ops/task-queues';
import { createTemporalClient } from '../ops/temporal';
import { versionsLeftAlone } from '../ops/worker-versions';
import type { PodiumApi } from '../podium/api';
import { connectPodium, PODIUM_NEEDS } from '../podium/connect';
import { unsealedRows } from '../store/audit-seals';
import { activePauses, callLimits } from '../store/call-limits';
import { assertWritable, createPool, type Pool } from '../store/database';
import { connectFileStore } from '../store/files/connect';
import { readFigures } from '../store/figures';
import { countFiles } from '../store/files/rows';
import { receive, type Outcome } from '../store/inbox';
import { readAccess, storedTokens } from '../store/podium-tokens';
import { lastOptOutAudits } from '../store/opt-out-audits';
import { countMirrors } from '../store/opt-out-mirrors';
import { receiveContext, type ReceiveContext } from '../store/receive-context';
import { reconciliationTotals } from '../store/reconciliation';
import { countPending } from '../store/relay';
import { useKeys } from '../store/used-keys';
import { waitingChats } from '../store/waiting-chats';
import { lastWebhookCheck } from '../store/webhooks';
import { addAccessMetrics, complainAboutAccess } from './access';
import { afterReceipt } from './after-receipt';
import { createApp } from './app';
import { addAuditMetrics, auditIsSealed } from './audit-health';
import { AuditSealer } from './audit-sealer';
import { clientAddress } from './client-address';
import { CodecUses } from './codec-uses';
import { addDatabaseMetrics, type Backlog } from './database-metrics';
import type { DemoDependencies } from './demo';
import { Draining } from './draining';
import { EndedWorkflows } from './ended-workflows';
import { addReadinessMetrics, type Checks } from './health';
import { close, listen } from './http-server';
import { createInboxWriter } from './inbox-writer';
import { LocationDirectory } from './location-directory';
import { createMetrics, type Metrics } from './metrics';
import { addWebhookMetrics, webhookIsWell } from './webhook-health';
import { addOptOutAuditMetrics } from './opt-out-audit-metrics';
import { Presence } from './presence';
import { releaseHeldUp } from './quarantine';
import { addReconciliationMetrics, reconciliationIsWell } from './reconciliation-health';
import { rejectionAlarm } from './rejection-burst';
import { Relay } from './relay';
import { ReplyFeed } from './reply-feed';
import { shared } from './shared';
import { addTaskBacklogMetrics } from './task-backlog';
import { addWaitingChatMetrics } from './waiting-chats';
import { notStored } from './webhook';
import { addWorkerMetrics } from './worker-metrics';

const NEEDS = [
  'databaseUrl',
  ...PODIUM_NEEDS,
  'webhookSecrets',
  'idKeys',
  'suppressionKeys',
  'encryptionKeys',
  'auditKeys',
  'opsTokens',
  'port',
  'drainSeconds',
  'publicUrl',
  'trustedProxies',
  'logLevel',
  ...TRACING_NEEDS,
  'demoSimulatorUrl',
  'demoTemporalUiUrl',
] as const satisfies (keyof Environment)[];
type ServerEnvironment = Pick<Environment, (typeof NEEDS)[number]>;

/** Where the build puts them. */
const WIDGET_SCRIPTS = join(__dirname, '../widget');
/** A customer who writes to a store that is not on the list waits so long for the list to be read anew. */
const LOCATION_PATIENCE_MS = 2_000;
/** The receiver's own connections: a batch on its way, and the look whether it could store one. */
const RECEIVER_POOL = { max: 2, statementTimeoutMs: 2_000 };
/** A worker that stands still may hold the lock of one phone; the others' events are not to wait for it. */
const LOCKED_PHONE_MS = 500;
const TEMPORAL_CHECK_MS = 900;

void runMain('server', async () => {
  const { environment, settings } = loadConfiguration(NEEDS);
  const logger = createLogger(process.title, environment.logLevel);
  await startTracing(environment, logger);
  const { receiverPool, pool, client } = await connectStores(environment);
  const metrics = createMetrics();
  const readings = sharedReadings(pool);
  addReadMetrics(metrics.registry, readings, { pool, client, settings });
  const context = receiveContext(environment, settings);
  const podium = connectPodium(
    environment,
    settings,
    storedTokens(pool, environment.encryptionKeys),
    callLimits(pool, settings.podium.requests_per_minute),
    logger,
  );
  const parts = { pool, client, podium, context, settings, metrics, logger };
  const { directory, relay, judgeEvent } = createInbox(parts);
  const files = await connectFileStore(settings.attachments.store);
  const tools = { pool, client, auditHash: (phone: string) => context.auditHash(phone) };
  const presence = new Presence({ pool, secrets: environment.webhookSecrets, logger });
  const [key] = auditKeys(environment.auditKeys, environment.idKeys) as [AuditKey];
  for (const one of [
    ...[directory, relay, presence],
    ...[new AuditSealer({ pool, files, key, logger }), new EndedWorkflows(tools, logger)],
  ]) {
    await one.start();
    onShutdown(() => one.stop());
  }

  const onRejection = rejectionAlarm(settings.locations.rejection_burst, { metrics, logger });
  const onReceived = afterReceipt({
    wakeRelay: () => relay.wake(),
    seekLocation: () => directory.seek(),
    onRejection,
    metrics,
    logger,
  });
  const { encryptionKeys, publicUrl, trustedProxies } = environment;
  const { max_bytes: maxBytes, allowed_types: allowedTypes } = settings.attachments;
  const rules = { maxBytes, allowedTypes };
  const ops: OpsTools = {
    ...{ pool, podium, settings, temporal: client },
    environment: (...needs) => loadEnvironment(needs),
    openFiles: () => Promise.resolve(files),
  };
  const draining = new Draining(environment.drainSeconds);
  const checks = readinessChecks(readings, { receiverPool, client, directory, settings, draining });
  addReadinessMetrics(metrics.registry, checks);
  const feed = new ReplyFeed(pool, logger);
  const codecUses = new CodecUses(logger);
  onShutdown(() => codecUses.stop());
  const app = createApp({
    webhook: {
      rules: {
        secrets: environment.webhookSecrets,
        replayWindowSeconds: settings.webhook.replay_window_seconds,
        clockSkewSeconds: settings.webhook.clock_skew_seconds,
      },
      judge: judgeEvent,
      write: createInboxWriter(
        (batch) => receive(receiverPool, batch, context, { lockWithinMs: LOCKED_PHONE_MS }),
        onReceived,
      ),
      onVerified: (secret) => presence.onVerified(secret),
      metrics,
      logger,
    },
    widget: {
      ...{ pool, files, judge: judgeEvent, metrics, logger },
      ...{ rules, settings: settings.widget, publicUrl, scripts: WIDGET_SCRIPTS, onRejection },
      fileRules: { ...context.files, auditHash: (phone) => context.auditHash(phone) },
      findLocation: (uid) => directory.findWithin(uid, LOCATION_PATIENCE_MS),
      receive: async (received) => {
        const [outcome] = (await receive(pool, [received], context)) as [Outcome];
        onReceived(received, outcome);
        return outcome;
      },
      feed,
      robotName: settings.messages.en.sender_name,
      addressOf: (request) => clientAddress(request, trustedProxies),
    },
    checks,
    metrics,
    ops,
    files: { pool, encryptionKeys, files },
    fileSends: { ...tools, files, rules, settings },
    codec: new EncryptionCodec(environment.encryptionKeys),
    codecUses,
    tokens: environment.opsTokens,
    demo: demoPage(environment, settings, directory, tools),
    logger,
  });
  const handle = app.callback();
  const { server, url } = await listen(
    draining.around((request, response) => void handle(request, response)),
    environment.port,
  );
  beforeShutdown(() => draining.begin());
  onShutdown(() => close(server));
  onShutdown(() => feed.stop()); // before that: the server waits for what is under way
  logger.info({ event: 'ready', url }, 'Ready');
});

/** Connections that are ended with the process. @throws ConfigurationError when the keys are not those of the database */
async function connectStores(environment: ServerEnvironment) {
  const receiverPool = createPool(environment.databaseUrl, RECEIVER_POOL);
  const pool = createPool(environment.databaseUrl);
  onShutdown(() => Promise.all([receiverPool.end(), pool.end()]));
  await assertKeys((later) => useKeys(pool, environment, later));
  const client = createTemporalClient(dataConverter(environment.encryptionKeys), withFiles());
  onShutdown(() => client.connection.close());
  return { receiverPool, pool, client };
}

interface Parts {
  pool: Pool;
  client: Client;
  podium: PodiumApi;
  context: ReceiveContext;
  settings: Settings;
  metrics: Metrics;
  logger: Logger;
}

/** What a scrape asks for twice, by its metrics and by the checks of the readiness: the database is asked once. */
function sharedReadings(pool: Pool) {
  return {
    access: shared(() => readAccess(pool)),
    webhookCheck: shared(() => lastWebhookCheck(pool)),
    reconciliation: shared(() => reconciliationTotals(pool)),
    unsealed: shared(() => unsealedRows(pool)),
  };
}
type SharedReadings = ReturnType<typeof sharedReadings>;

/** What is read when somebody asks for it, from the database or from Temporal. */
function addReadMetrics(
  registry: Registry,
  readings: SharedReadings,
  { pool, client, settings }: Pick<Parts, 'pool' | 'client' | 'settings'>,
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

/** How events are judged, and brought to their sessions. The list of locations may let go what it has held up. */
function createInbox({ pool, client, podium, context, settings, metrics, logger }: Parts) {
  const wordsFor = wordsByCountry(settings.optout);
  const findLocation = (uid: string) => directory.find(uid);
  const judgeEvent = (event: PodiumEvent) => {
    if (!directory.isLoaded) throw notStored();
    return judge(event, findLocation, wordsFor);
  };
  const directory = new LocationDirectory({
    ...{ pool, podium },
    settings: settings.locations,
    onRead: async () => {
      const served = directory.list().filter(({ archived }) => !archived);
      const servedLocations = served.map(({ uid }) => uid);
      const tools = { pool, context, judge: judgeEvent, metrics, logger };
      const released = await releaseHeldUp({ ...tools, servedLocations });
      if (released > 0) relay.wake();
    },
    metrics,
    logger,
  });
  const relay = new Relay({
    pool,
    client,
    findLocation,
    policyOf: (location) => sessionPolicy(settings, location),
    metrics,
    logger,
  });
  return { directory, relay, judgeEvent };
}

interface ReadinessParts extends Pick<Parts, 'client' | 'settings'> {
  receiverPool: Pool;
  directory: LocationDirectory;
  draining: Draining;
}

function readinessChecks(
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

function demoPage(
  environment: ServerEnvironment,
  settings: Settings,
  directory: LocationDirectory,
  tools: SessionTools,
): DemoDependencies | null {
  const { demoSimulatorUrl: simulatorUrl, demoTemporalUiUrl: uiUrl } = environment;
  if (!simulatorUrl) return null;
  return {
    tools,
    locations: () => directory.list(),
    page: {
      simulatorUrl,
      temporalUiUrl: uiUrl && `${uiUrl}/namespaces/${tools.client.options.namespace}`,
      idleWarnSeconds: settings.session.idle_warn_seconds,
      idleCloseSeconds: settings.session.idle_close_seconds,
    },
  };
}

async function readBacklog(pool: Pool): Promise<Backlog> {
  const { pending, oldestReceivedAt } = await countPending(pool);
  return { pending, oldestSeconds: oldestReceivedAt ? (Date.now() - oldestReceivedAt.getTime()) / 1000 : 0 };
}
