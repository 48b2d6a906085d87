/** The Koa application: which route is answered by whom. Its parts are given, so it is tested without a process. */
import { METHODS } from 'node:http';
import Router from '@koa/router';
import type { PayloadCodec } from '@temporalio/common';
import Koa from 'koa';
import type { Logger } from 'pino';
import type { OpsToken } from '../core/environment';
import type { OpsTools } from '../ops/operation';
import { codecRoutes } from './codec';
import type { CodecUses } from './codec-uses';
import { demoRoutes, type DemoDependencies } from './demo';
import { answerErrors } from './errors';
import { fileSendRoutes, type FileSendDependencies } from './ops-attachments';
import { fileRoutes, type FileDependencies } from './files';
import { healthRoutes, type Checks } from './health';
import type { Metrics } from './metrics';
import { openApi } from './openapi';
import { opsRoutes } from './ops-api';
import { webhookReceiver, type WebhookDependencies } from './webhook';
import { widgetRoutes, type WidgetDependencies } from './widget';

export interface AppDependencies {
  webhook: WebhookDependencies;
  /** Null for one that only takes webhooks. */
  widget: WidgetDependencies | null;
  checks: Checks;
  metrics: Metrics;
  ops: OpsTools;
  files: FileDependencies;
  fileSends: FileSendDependencies;
  codec: PayloadCodec;
  codecUses: CodecUses;
  tokens: readonly OpsToken[];
  /** Null where there is no simulator to try things with. */
  demo: DemoDependencies | null;
  logger: Logger;
}

export function createApp(deps: AppDependencies): Koa {
  const app = new Koa();
  // All that is left for Koa itself to report: connections that broke while an answer was under way.
  app.on('error', (err: Error) => deps.logger.debug({ err }, 'a connection broke'));
  app.use(answerErrors(deps.logger));
  app.use(new Router({ methods: METHODS }).allowedMethods()); // of all routers: what they match they note down
  const routers: Pick<Router, 'routes'>[] = [
    receiverRoutes(deps.webhook),
    healthRoutes(deps.checks),
    metricsRoutes(deps.metrics),
    descriptionRoutes(deps.fileSends.rules.allowedTypes),
    opsRoutes({ tools: deps.ops, tokens: deps.tokens, logger: deps.logger }),
    fileSendRoutes(deps.fileSends, deps.tokens),
    fileRoutes(deps.files),
    codecRoutes(deps.codec, deps.tokens, deps.codecUses),
  ];
  if (deps.widget) routers.push(...widgetRoutes(deps.widget));
  if (deps.demo) routers.push(demoRoutes(deps.demo));
  for (const router of routers) app.use(router.routes());
  return app;
}

function receiverRoutes(deps: WebhookDependencies): Router {
  return new Router().post(['/webhooks/podium', '/podium/webchat'], webhookReceiver(deps));
}

function metricsRoutes({ registry }: Metrics): Router {
  return new Router().get('/metrics', async (ctx) => {
    ctx.type = registry.contentType;
    ctx.body = await registry.metrics();
  });
}

function descriptionRoutes(fileTypes: readonly string[]): Router {
  const description = openApi(fileTypes);
  return new Router().get('/openapi.json', (ctx) => {
    ctx.body = description;
  });
}
