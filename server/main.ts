/** The server's process: puts the parts together, and takes them apart again. */
import { beforeShutdown, onShutdown } from '../config/lifecycle';
import { runMain } from '../config/run-main';
import { auditKeys, type AuditKey } from '../core/audit-keys';
import { createApp } from './app';
import { appDependencies } from './app-dependencies';
import { AuditSealer } from './audit-sealer';
import { CodecUses } from './codec-uses';
import { Draining } from './draining';
import { EndedWorkflows } from './ended-workflows';
import { addReadinessMetrics } from './health';
import { close, listen } from './http-server';
import { createInbox, type Inbox } from './inbox';
import { connectParts, type Parts } from './parts';
import { Presence } from './presence';
import { addReadMetrics, readinessChecks, sharedReadings } from './readings';
import { ReplyFeed } from './reply-feed';

void runMain('server', async () => {
  const parts = await connectParts();
  const { environment, pool, metrics, logger } = parts;
  const readings = sharedReadings(pool);
  addReadMetrics(readings, parts);
  const inbox = createInbox(parts);
  const presence = await startBackground(parts, inbox);
  const draining = new Draining(environment.drainSeconds);
  const checks = readinessChecks(readings, { ...parts, directory: inbox.directory, draining });
  addReadinessMetrics(metrics.registry, checks);
  const feed = new ReplyFeed(pool, logger);
  const codecUses = new CodecUses(logger);
  onShutdown(() => codecUses.stop());

  const app = createApp(appDependencies(parts, inbox, { presence, checks, feed, codecUses }));
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

/** What goes on beside the requests, until the process ends. */
async function startBackground(
  { environment, pool, files, tools, logger }: Parts,
  { directory, relay }: Inbox,
): Promise<Presence> {
  const presence = new Presence({ pool, secrets: environment.webhookSecrets, logger });
  const [key] = auditKeys(environment.auditKeys, environment.idKeys) as [AuditKey];
  const sealer = new AuditSealer({ pool, files, key, logger });
  for (const one of [directory, relay, presence, sealer, new EndedWorkflows(tools, logger)]) {
    await one.start();
    onShutdown(() => one.stop());
  }
  return presence;
}
