/** What the routes of the server's process are answered from. */
import { join } from 'node:path';
import { loadEnvironment } from '../config/load';
import { EncryptionCodec } from '../core/payload-codec';
import { receive, type Outcome } from '../store/inbox';
import type { AppDependencies } from './app';
import { clientAddress } from './client-address';
import type { DemoDependencies } from './demo';
import type { Inbox } from './inbox';
import { createInboxWriter } from './inbox-writer';
import type { LocationDirectory } from './location-directory';
import type { Parts } from './parts';
import type { Presence } from './presence';
import type { ReplyFeed } from './reply-feed';
import type { WebhookDependencies } from './webhook';
import type { WidgetDependencies } from './widget';

/** Where the build puts them. */
const WIDGET_SCRIPTS = join(__dirname, '../widget');
/** A customer who writes to a store that is not on the list waits so long for the list to be read anew. */
const LOCATION_PATIENCE_MS = 2_000;
/** A worker that stands still may hold the lock of one phone; the others' events are not to wait for it. */
const LOCKED_PHONE_MS = 500;

interface Services extends Pick<AppDependencies, 'checks' | 'codecUses'> {
  presence: Presence;
  feed: ReplyFeed;
}

export function appDependencies(
  parts: Parts,
  inbox: Inbox,
  { presence, feed, checks, codecUses }: Services,
): AppDependencies {
  const { environment, settings, pool, client, podium, files, tools, metrics, logger } = parts;
  const { max_bytes: maxBytes, allowed_types: allowedTypes } = settings.attachments;
  const rules = { maxBytes, allowedTypes };
  return {
    webhook: webhookDependencies(parts, inbox, presence),
    widget: widgetDependencies(parts, inbox, { rules, feed }),
    checks,
    metrics,
    ops: {
      ...{ pool, podium, settings, temporal: client },
      environment: (...needs) => loadEnvironment(needs),
      openFiles: () => Promise.resolve(files),
    },
    files: { pool, encryptionKeys: environment.encryptionKeys, files },
    fileSends: { ...tools, files, rules, settings },
    codec: new EncryptionCodec(environment.encryptionKeys),
    codecUses,
    tokens: environment.opsTokens,
    demo: demoPage(parts, inbox.directory),
    logger,
  };
}

function webhookDependencies(parts: Parts, inbox: Inbox, presence: Presence): WebhookDependencies {
  const { environment, settings, receiverPool, context, metrics, logger } = parts;
  return {
    rules: {
      secrets: environment.webhookSecrets,
      replayWindowSeconds: settings.webhook.replay_window_seconds,
      clockSkewSeconds: settings.webhook.clock_skew_seconds,
    },
    judge: inbox.judgeEvent,
    write: createInboxWriter(
      (batch) => receive(receiverPool, batch, context, { lockWithinMs: LOCKED_PHONE_MS }),
      inbox.onReceived,
    ),
    onVerified: (secret) => presence.onVerified(secret),
    metrics,
    logger,
  };
}

function widgetDependencies(
  { environment, settings, pool, context, files, metrics, logger }: Parts,
  { directory, judgeEvent, onReceived, onRejection }: Inbox,
  { rules, feed }: Pick<WidgetDependencies, 'rules' | 'feed'>,
): WidgetDependencies {
  const { publicUrl, trustedProxies } = environment;
  return {
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
  };
}

function demoPage(
  { environment, settings, tools }: Parts,
  directory: LocationDirectory,
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
