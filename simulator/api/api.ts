import type Router from '@koa/router';
import Koa, { type Middleware } from 'koa';
import { recordCalls } from '../call-log';
import { PODIUM_VERSION } from '../events';
import { injectFaults } from '../faults';
import type { Parts } from '../parts';
import type { Contract } from '../settings';
import { contactRoutes } from './contacts';
import { conversationRoutes, conversationUpdateRoutes } from './conversations';
import { answerErrors, ApiError } from './errors';
import { fileRoutes } from './files';
import { locationRoutes } from './locations';
import { attachmentRoutes, importRoutes, messageRoutes } from './messages';
import { oauthRoutes, requireToken } from './oauth';
import { limitRate } from './rate-limit';
import { bodyReader } from './request';
import { requireScope } from './scopes';
import { skillRoutes } from './skill';
import { webhookRoutes } from './webhooks';

/**
 * Podium's side of the simulator. What a caller gets wrong is told in Podium's order: too many calls,
 * no token, no version, no scope, no such route, wrong values.
 */
export function createApi(parts: Parts): Koa {
  const { calls, faults, settings, world } = parts;
  const published = [messageRoutes(parts), contactRoutes(parts), conversationUpdateRoutes(parts)];
  const both = [
    locationRoutes(parts),
    conversationRoutes(parts),
    attachmentRoutes(parts),
    importRoutes(parts),
    webhookRoutes(parts),
  ];

  const app = new Koa();
  app.use(bodyReader);
  app.use(recordCalls(calls, world));
  app.use(injectFaults(faults, settings, world));
  app.use(answerErrors);
  app.use(fileRoutes(parts).routes());
  app.use(oauthRoutes(parts).routes());
  app.use(limitRate(settings));
  app.use(requireToken(world));
  app.use(requireVersion);
  app.use(requireScope(settings));
  for (const router of published) app.use(onlyWith('published', router));
  app.use(onlyWith('skill', skillRoutes(parts)));
  for (const router of both) app.use(router.routes());
  app.use(() => {
    throw new ApiError(404, 'route_not_found', 'There is no such route.');
  });
  return app;

  function onlyWith(contract: Contract, router: Router): Middleware {
    // A router's middleware adds what it needs to the context by itself; its type asks for it beforehand.
    const routes = router.routes() as unknown as Middleware;
    return async (ctx, next) => {
      await (settings.contract === contract ? routes(ctx, next) : next());
    };
  }
}

const requireVersion: Middleware = async (ctx, next) => {
  if (ctx.get('podium-version') !== PODIUM_VERSION) {
    throw new ApiError(400, 'invalid_header_version', `The header podium-version must be ${PODIUM_VERSION}.`);
  }
  await next();
};
