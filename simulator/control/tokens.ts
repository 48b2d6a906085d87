import Router from '@koa/router';
import type { Parts } from '../parts';

/** The application's access, as its user or Podium's operators may change it. */
export function tokenRoutes({ world, saveNow }: Parts): Router {
  return new Router({ prefix: '/sim' })
    .get('/tokens', (ctx) => {
      const { grants, expiries, revoked } = world;
      ctx.body = { grants, expiries, living: world.accessTokens.size, revoked };
    })
    .delete('/tokens', (ctx) => {
      world.expireTokens();
      ctx.status = 204;
    })
    .post('/tokens/revoke', async (ctx) => {
      world.expireTokens();
      world.revoked = true;
      await saveNow();
      ctx.status = 204;
    });
}
