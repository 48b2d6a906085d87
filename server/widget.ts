/** `/widget/…`: the widget's scripts, and what they ask of the server. */
import type { IncomingMessage } from 'node:http';
import Router from '@koa/router';
import type { Middleware } from 'koa';
import type { Logger } from 'pino';
import type { PodiumEvent, Verdict } from '../core/events';
import type { Pool } from '../store/database';
import type { FileStore } from '../store/files/file-store';
import type { FileRules } from '../store/files/arrivals';
import type { Outcome, ReceivedEvent } from '../store/inbox';
import { Refusal } from './errors';
import type { Metrics } from './metrics';
import { assetRoutes } from './widget-assets';
import { takeFile } from './widget-attachments';
import { answerConfig, type ConfigDependencies } from './widget-config';
import { WidgetLimits } from './widget-limits';
import { takeMessage } from './widget-messages';
import { WidgetOrigins } from './widget-origins';
import { WidgetReceiver } from './widget-receiver';
import { WidgetReplies, type ReplyDependencies } from './widget-replies';

export interface WidgetDependencies extends ConfigDependencies, ReplyDependencies {
  pool: Pool;
  files: FileStore;
  fileRules: FileRules;
  /** Where the build has put the scripts. */
  scripts: string;
  /** Under which people reach this server; null where nobody said so. */
  publicUrl: string | null;
  judge: (event: PodiumEvent) => Verdict;
  /** Returns once the message is committed, with all that follows from it. */
  receive: (received: ReceivedEvent) => Promise<Outcome>;
  addressOf: (request: IncomingMessage) => string;
  metrics: Metrics;
  logger: Logger;
}

const ROUTES = ['/widget/config', '/widget/messages', '/widget/attachments', '/widget/replies'];

export function widgetRoutes(deps: WidgetDependencies): Pick<Router, 'routes'>[] {
  const limits = new WidgetLimits();
  const origins = new WidgetOrigins({ origins: deps.settings.origins, publicUrl: deps.publicUrl });
  const receiver = new WidgetReceiver(deps, limits);
  const replies = new WidgetReplies(deps, origins);
  const address = (ctx: { req: IncomingMessage }) => deps.addressOf(ctx.req);

  const router = new Router();
  router.use(origins.letRead, countRefusals(deps.metrics), async (ctx, next) => {
    ctx.set('Cache-Control', 'no-store');
    await limits.countRequest(address(ctx));
    await next();
  });
  router.options(ROUTES, origins.answerPreflight);
  router.get('/widget/config', (ctx) => answerConfig(ctx, deps, origins));
  router.post('/widget/messages', (ctx) => takeMessage(ctx, receiver, origins, address(ctx)));
  router.post('/widget/attachments', (ctx) => takeFile(ctx, deps, { receiver, origins, limits }));
  router.get('/widget/replies', (ctx) => replies.answer(ctx, address(ctx)));
  return [router, assetRoutes(deps.scripts)];
}

function countRefusals(metrics: Metrics): Middleware {
  return async (_ctx, next) => {
    try {
      await next();
    } catch (error) {
      if (error instanceof Refusal) metrics.widgetRefusals.inc({ code: error.failure.code });
      throw error;
    }
  };
}
