/** What the server works with, connected: Postgres, Temporal, Podium, the files. */
import { onShutdown } from '../config/lifecycle';
import { loadConfiguration, withFiles } from '../config/load';
import { createLogger } from '../config/logger';
import { assertKeys } from '../config/run-main';
import { startTracing, TRACING_NEEDS } from '../config/tracing';
import { dataConverter } from '../core/data-converter';
import type { Environment } from '../core/environment';
import type { SessionTools } from '../ops/sessions';
import { createTemporalClient } from '../ops/temporal';
import { connectPodium, PODIUM_NEEDS } from '../podium/connect';
import { callLimits } from '../store/call-limits';
import { createPool } from '../store/database';
import { connectFileStore } from '../store/files/connect';
import { storedTokens } from '../store/podium-tokens';
import { receiveContext } from '../store/receive-context';
import { useKeys } from '../store/used-keys';
import { createMetrics } from './metrics';

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

/** The receiver's own connections: a batch on its way, and the look whether it could store one. */
const RECEIVER_POOL = { max: 2, statementTimeoutMs: 2_000 };

export type Parts = Awaited<ReturnType<typeof connectParts>>;

/** @throws ConfigurationError when a setting, or a key for the database, is wrong */
export async function connectParts() {
  const { environment, settings } = loadConfiguration(NEEDS);
  const logger = createLogger(process.title, environment.logLevel);
  await startTracing(environment, logger);
  const { receiverPool, pool, client } = await connectStores(environment);
  const podium = connectPodium(
    environment,
    settings,
    storedTokens(pool, environment.encryptionKeys),
    callLimits(pool, settings.podium.requests_per_minute),
    logger,
  );
  const context = receiveContext(environment, settings);
  const files = await connectFileStore(settings.attachments.store);
  const metrics = createMetrics();
  const tools: SessionTools = { pool, client, auditHash: (phone) => context.auditHash(phone) };
  const connected = { receiverPool, pool, client, podium, files };
  return { environment, settings, context, tools, metrics, logger, ...connected };
}

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
