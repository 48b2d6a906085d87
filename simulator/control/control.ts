import Koa, { type Middleware } from 'koa';
import { answerErrors, notFound } from '../api/errors';
import { bodyReader } from '../api/request';
import type { Parts } from '../parts';
import { deliveryRoutes } from './deliveries';
import { peopleRoutes } from './people';
import { stateRoutes } from './state';
import { tokenRoutes } from './tokens';
import { troubleRoutes } from './trouble';

/** `/sim/…`: what a test, a bench or the demo page may ask of the simulator. Open to every origin. */
export function createControl(parts: Parts): Koa {
  const app = new Koa();
  app.use(allowEveryOrigin);
  app.use(bodyReader);
  app.use(answerErrors);
  for (const routes of [peopleRoutes, stateRoutes, tokenRoutes, troubleRoutes, deliveryRoutes])
    app.use(routes(parts).routes());
  app.use(() => {
    throw notFound('Route');
  });
  return app;
}

const allowEveryOrigin: Middleware = (ctx, next) => {
  ctx.set({
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET, POST, PUT, DELETE, OPTIONS',
    'access-control-allow-headers': 'content-type',
  });
  if (ctx.method !== 'OPTIONS') return next();
  ctx.status = 204;
};
