/**
 * The worker's process: sessions on one queue, calls to Podium on another, which the engine limits to
 * Podium's rate for the whole fleet.
 */
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import type { Logger } from 'pino';
import { withinActivities } from '../activities/call-share';
import { createFileActivities } from '../activities/file-activities';
import { createOptOutAuditActivities, createOptOutAuditSteps } from '../activities/opt-out-audit';
import { createPodiumActivities } from '../activities/podium-activities';
import {
  createReconciliationActivities,
  createReconciliationSteps,
} from '../activities/reconciliation-activities';
import { createRetentionActivities } from '../activities/retention-activities';
import { createSessionActivities } from '../activities/session-activities';
import { createWebhookCheckActivities } from '../activities/webhook-check';
import { onShutdown, shutDown } from '../config/lifecycle';
import { loadConfiguration, withFiles } from '../config/load';
import { createLogger } from '../config/logger';
import { assertKeys, runMain } from '../config/run-main';
import { startTracing, TRACING_NEEDS } from '../config/tracing';
import { queueCallsPerSecond } from '../core/call-rates';
import { dataConverter } from '../core/data-converter';
import type { Environment } from '../core/environment';
import { phoneHash } from '../core/ids';
import { lookRules } from '../core/reconciliation';
import { heldBySettings } from '../core/robot';
import { FILES_QUEUE, PODIUM_QUEUE, SESSION_QUEUE } from '../core/session';
import type { Settings } from '../core/settings';
import { wordsByCountry } from '../core/wish-words';
import { connectPodium, PODIUM_NEEDS } from '../podium/connect';
import { callLimits } from '../store/call-limits';
import { createPool, type Pool } from '../store/database';
import { connectFileStore } from '../store/files/connect';
import { storedTokens } from '../store/podium-tokens';
import { receiveContext } from '../store/receive-context';
import { retentionRules } from '../store/retention';
import { useKeys } from '../store/used-keys';
import { connect } from './connect';
import { asVersion, tellWhetherCurrent } from './deployment-version';
import { sayAlive } from './liveness';
import { ensureSchedules, plannedSchedules } from './schedules';
import { telemetry } from './telemetry';
import { traceActivities, traceSinks } from './traces';

const NEEDS = [
  'databaseUrl',
  ...PODIUM_NEEDS,
  'idKeys',
  'suppressionKeys',
  'encryptionKeys',
  'publicUrl',
  'workerMetricsAddress',
  'workerHealthPort',
  'buildId',
  'logLevel',
  ...TRACING_NEEDS,
] as const satisfies (keyof Environment)[];
type WorkerEnvironment = Pick<Environment, (typeof NEEDS)[number]>;

/** A large file takes its time, and must not keep a session from its own. */
const FILES_AT_ONCE = 8;
/** What runs may end by itself for so long; a send that is cut off has to be read up later. */
const SHUTDOWN_GRACE = '6 seconds';

void runMain('worker', async () => {
  const { environment, settings } = loadConfiguration(NEEDS);
  const logger = createLogger(process.title, environment.logLevel);
  await startTracing(environment, logger);
  if (environment.workerHealthPort !== null) {
    const { server, url } = await sayAlive(environment.workerHealthPort);
    onShutdown(() => server.close());
    logger.info({ event: 'alive', url }, 'Alive');
  }
  const runtime = telemetry(logger, environment.workerMetricsAddress);
  Runtime.install({ ...runtime, shutdownSignals: [] }); // `onShutdown` listens to them
  const pool = await connectDatabase(environment);
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig({
    overrideEnvVars: withFiles(),
  });
  const connection = await connect(connectionOptions, logger);
  onShutdown(() => connection.close());

  const converter = dataConverter(environment.encryptionKeys);
  const activities = await createActivities({ environment, settings, pool, logger });
  const workers = await createWorkers(activities, settings, {
    ...{ connection, namespace, dataConverter: converter },
    shutdownGraceTime: SHUTDOWN_GRACE,
    interceptors: { activity: [traceActivities] },
    sinks: traceSinks,
    ...asVersion(environment.buildId),
  });
  runUntilShutdown(workers, logger);
  const ending = new AbortController();
  onShutdown(() => ending.abort());
  const client = new Client({ connection, namespace, dataConverter: converter });
  void ensureSchedules(client, plannedSchedules(settings), logger, ending.signal);
  if (environment.buildId !== null) void tellWhetherCurrent(client, environment.buildId, logger);
  logger.info({ event: 'ready' }, 'Ready');
});

/** @throws ConfigurationError when the keys are not those of the database */
async function connectDatabase(environment: WorkerEnvironment): Promise<Pool> {
  const pool = createPool(environment.databaseUrl);
  onShutdown(() => pool.end());
  await assertKeys((later) => useKeys(pool, environment, later));
  return pool;
}

interface Parts {
  environment: WorkerEnvironment;
  settings: Settings;
  pool: Pool;
  logger: Logger;
}

/** The activities, by the queue on which they run. */
async function createActivities({ environment, settings, pool, logger }: Parts) {
  const [idKey] = environment.idKeys as [string];
  const limits = callLimits(pool, settings.podium.requests_per_minute);
  const files = await connectFileStore(settings.attachments.store);
  const deps = {
    pool,
    podium: connectPodium(
      environment,
      settings,
      storedTokens(pool, environment.encryptionKeys),
      { ...limits, share: withinActivities(limits.share) },
      logger,
    ),
    phoneHash: (phone: string) => phoneHash(phone, idKey),
    senderName: settings.messages.en.sender_name,
    heldBySettings: (send: { purpose: string; locationUid: string }, now: Date) =>
      heldBySettings(settings, send, now),
    answersWaitDays: settings.retention.partial_answers_days,
    files,
    conflictRefetchMaxAttempts: settings.contacts.conflict_refetch_max_attempts,
    webhookRules: {
      publicUrl: environment.publicUrl,
      secretMaxAgeDays: settings.webhook.secret_max_age_days,
    },
  };
  const fileDeps = {
    ...{ pool, phoneHash: deps.phoneHash, encryptionKeys: environment.encryptionKeys },
    files,
    rules: { maxBytes: settings.attachments.max_bytes, allowedTypes: settings.attachments.allowed_types },
    podiumOrigin: new URL(environment.podiumApiUrl).origin,
    keepDays: settings.retention.files_days,
  };
  const reconciliation = {
    ...{ pool, podium: deps.podium, rules: lookRules(settings) },
    context: receiveContext(environment, settings),
    wordsFor: wordsByCountry(settings.optout),
    countryOverrides: settings.locations.country_overrides,
  };
  return {
    ofSessions: {
      ...createSessionActivities(deps),
      ...createReconciliationSteps(reconciliation),
      ...createOptOutAuditSteps(deps),
    },
    ofPodium: {
      ...createPodiumActivities(deps),
      ...createReconciliationActivities(reconciliation),
      ...createWebhookCheckActivities(deps),
      ...createOptOutAuditActivities(deps),
    },
    ofFiles: {
      ...createFileActivities(fileDeps),
      ...createRetentionActivities({ pool, rules: retentionRules(settings) }),
    },
  };
}

/** One for each queue. */
async function createWorkers(
  { ofSessions, ofPodium, ofFiles }: Awaited<ReturnType<typeof createActivities>>,
  settings: Settings,
  common: Omit<WorkerOptions, 'taskQueue'>,
): Promise<Worker[]> {
  return [
    await Worker.create({
      ...common,
      taskQueue: SESSION_QUEUE,
      workflowBundle: { codePath: join(__dirname, '../workflows/bundle.js') },
      activities: ofSessions,
    }),
    await Worker.create({
      ...common,
      taskQueue: PODIUM_QUEUE,
      activities: ofPodium,
      maxTaskQueueActivitiesPerSecond: queueCallsPerSecond(settings.podium.requests_per_minute),
    }),
    await Worker.create({
      ...common,
      taskQueue: FILES_QUEUE,
      activities: ofFiles,
      maxConcurrentActivityTaskExecutions: FILES_AT_ONCE,
    }),
  ];
}

/** One that fails takes the process with it. */
function runUntilShutdown(workers: Worker[], logger: Logger): void {
  const running = Promise.all(workers.map((worker) => worker.run()));
  onShutdown(async () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    await running;
  });
  running.catch((err: unknown) => {
    logger.fatal({ err }, 'A worker has failed');
    void shutDown('a worker has failed');
  });
}
