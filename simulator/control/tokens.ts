import Router from '@koa/router';
import type { Parts } from '../parts';

/** The application's access, as its user or Podium's operators may change it. */
export function tokenRoutes({ world, saveNow }: Parts): Router {
  return new Router({ prefix: '/sim' })
    .get('/tokens', (ctx) => {
      ctx.body = { grants: world.grants, revoked: world.revoked };
    })
    .delete('/tokens', (ctx) => {
      world.accessTokens.clear();
      ctx.status = 204;
    })
    .post('/tokens/revoke', async (ctx) => {
      world.accessTokens.clear();
      world.revoked = true;
      await saveNow();
      ctx.status = 204;
    });
}
