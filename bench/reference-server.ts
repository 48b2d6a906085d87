/**
 * What the receiver is compared with: the product's own application, but nothing is stored. It answers at
 * once (`nothing`), or when Temporal has taken the message (`inline`).
 */
import { onShutdown } from '../config/lifecycle';
import { loadEnvironment, loadSettings } from '../config/load';
import { createLogger } from '../config/logger';
import { runMain } from '../config/run-main';
import { dataConverter } from '../core/data-converter';
import { sessionWorkflowId } from '../core/ids';
import { EncryptionCodec } from '../core/payload-codec';
import { judge } from '../core/verdict';
import { wordsByCountry } from '../core/wish-words';
import type { OpsTools } from '../ops/operation';
import { createTemporalClient } from '../ops/temporal';
import { createApp } from '../server/app';
import { CodecUses } from '../server/codec-uses';
import { close, listen } from '../server/http-server';
import { createMetrics } from '../server/metrics';
import { createPool } from '../store/database';
import type { Outcome, ReceivedEvent } from '../store/inbox';
import { noFiles } from '../test/support/no-files';
import { LOCATIONS } from './customers';
import { firstMessage, signalSession } from './session-signal';

const NEEDS = [
  'databaseUrl',
  'webhookSecrets',
  'idKeys',
  'encryptionKeys',
  'opsTokens',
  'port',
  'logLevel',
] as const;

void runMain('reference', async () => {
  const environment = loadEnvironment(NEEDS);
  const settings = loadSettings();
  const { optout, webhook } = settings;
  const wordsFor = wordsByCountry(optout);
  const logger = createLogger(process.title, environment.logLevel);
  const client = createTemporalClient(dataConverter(environment.encryptionKeys));
  const metrics = createMetrics();
  const [idKey] = environment.idKeys as [string];
  const locations = new Map(LOCATIONS.map((location) => [location.uid, location]));

  const storeNothing = (): Promise<Outcome> => Promise.resolve({ status: 'accepted' });
  const signalInline = async ({ event, verdict }: ReceivedEvent): Promise<Outcome> => {
    if (verdict.kind !== 'customer_message') throw new Error(`The load has made a ${verdict.kind} event.`);
    const workflowId = sessionWorkflowId(verdict.phone, verdict.locationUid, idKey);
    await signalSession(client, workflowId, verdict, firstMessage(event.text));
    return { status: 'accepted' };
  };

  const pool = createPool(environment.databaseUrl); // asked for nothing, it connects to nothing
  const { encryptionKeys } = environment;
  const app = createApp({
    webhook: {
      rules: {
        secrets: environment.webhookSecrets,
        replayWindowSeconds: webhook.replay_window_seconds,
        clockSkewSeconds: webhook.clock_skew_seconds,
      },
      judge: (event) => judge(event, (uid) => locations.get(uid), wordsFor),
      write: process.argv[2] === 'inline' ? signalInline : storeNothing,
      onVerified: () => undefined,
      metrics,
      logger,
    },
    widget: null,
    checks: { required: {}, wanted: {} },
    metrics,
    ops: { pool, temporal: client } as OpsTools,
    files: { pool, encryptionKeys, files: noFiles },
    fileSends: {
      pool,
      auditHash: String,
      files: noFiles,
      rules: { maxBytes: 0, allowedTypes: [] },
      settings,
    },
    codec: new EncryptionCodec(environment.encryptionKeys),
    codecUses: new CodecUses(logger),
    tokens: environment.opsTokens,
    demo: null,
    logger,
  });
  const handle = app.callback();
  const { server, url } = await listen(
    (request, response) => void handle(request, response),
    environment.port,
  );
  onShutdown(() => close(server));
  logger.info({ event: 'ready', url }, 'Ready');
});
