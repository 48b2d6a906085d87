/** Runs the bare workflow in the setup of the product's own worker: two queues, one of them limited, payloads encrypted. */
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { onShutdown } from '../config/lifecycle';
import { loadConfiguration } from '../config/load';
import { createLogger } from '../config/logger';
import { runMain } from '../config/run-main';
import { dataConverter } from '../core/data-converter';
import { temporalLogger } from '../workers/temporal-logger';
import { BARE_CALLS, BARE_QUEUE, type BareActivities } from './bare';
import { now } from './clock';

const activities: BareActivities = { arrive: () => Promise.resolve(now()) };

void runMain('bare-worker', async () => {
  const { environment, settings } = loadConfiguration(['encryptionKeys', 'logLevel']);
  const logger = createLogger(process.title, environment.logLevel);
  Runtime.install({ ...temporalLogger(logger), shutdownSignals: [] });
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
  const connection = await NativeConnection.connect(connectionOptions);
  onShutdown(() => connection.close());
  const common = { connection, namespace, dataConverter: dataConverter(environment.encryptionKeys) };
  const workers = [
    await Worker.create({
      ...common,
      taskQueue: BARE_QUEUE,
      workflowsPath: require.resolve('./bare-workflow'),
    }),
    await Worker.create({
      ...common,
      taskQueue: BARE_CALLS,
      activities,
      maxTaskQueueActivitiesPerSecond: settings.podium.requests_per_minute / 60,
    }),
  ];
  const running = Promise.all(workers.map((worker) => worker.run()));
  onShutdown(async () => {
    for (const worker of workers) worker.shutdown();
    await running;
  });
  logger.info({ event: 'ready' }, 'Ready');
});
