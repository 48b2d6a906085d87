import Router from '@koa/router';
import Koa, { type Middleware } from 'koa';
import { recordCalls } from '../call-log';
import { PODIUM_VERSION } from '../events';
import { injectFaults } from '../faults';
import type { Parts } from '../parts';
import { contactRoutes } from './contacts';
import { conversationRoutes, conversationUpdateRoutes } from './conversations';
import { answerErrors, ApiError } from './errors';
import { locationRoutes } from './locations';
import { attachmentRoutes, messageRoutes } from './messages';
import { oauthRoutes, requireToken } from './oauth';
import { limitRate } from './rate-limit';
import { bodyReader } from './request';
import { skillRoutes } from './skill';
import { webhookRoutes } from './webhooks';

/**
 * Podium's side of the simulator. What a caller gets wrong is told in Podium's order: too many calls,
 * no token, no version, no such route, wrong values.
 */
export function createApi(parts: Parts): Koa {
  const { calls, faults, settings, world } = parts;
  const published = [messageRoutes(parts), contactRoutes(parts), conversationUpdateRoutes(parts)].map(
    middleware,
  );
  const skill = [skillRoutes(parts)].map(middleware);
  const both = [
    locationRoutes(parts),
    conversationRoutes(parts),
    attachmentRoutes(parts),
    webhookRoutes(parts),
  ].map(middleware);

  const app = new Koa();
  app.use(bodyReader);
  app.use(recordCalls(calls, world));
  app.use(injectFaults(faults, settings));
  app.use(answerErrors);
  app.use(middleware(oauthRoutes(parts)));
  app.use(limitRate(settings));
  app.use(requireToken(world));
  app.use(requireVersion);
  for (const route of published) app.use(onlyWith('published', route));
  for (const route of skill) app.use(onlyWith('skill', route));
  for (const route of both) app.use(route);
  app.use(() => {
    throw new ApiError(404, 'route_not_found', 'There is no such route.');
  });
  return app;

  function onlyWith(contract: typeof settings.contract, route: Middleware): Middleware {
    return (ctx, next) => (settings.contract === contract ? route(ctx, next) : next());
  }
}

/** A router as the plain middleware that Koa takes. */
function middleware(router: Router): Middleware {
  return router.routes() as unknown as Middleware;
}

const requireVersion: Middleware = (ctx, next) => {
  if (ctx.get('podium-version') !== PODIUM_VERSION) {
    throw new ApiError(400, 'invalid_header_version', `The header podium-version must be ${PODIUM_VERSION}.`);
  }
  return next();
};
