import { randomUUID } from 'node:crypto';
import Router from '@koa/router';
import type { Middleware } from 'koa';
import { z } from 'zod';
import type { Parts } from '../parts';
import type { World } from '../world';
import { ApiError } from './errors';
import { checkBody } from './request';

const LIFETIME_SECONDS = { published: 36_000, skill: 3600 };

const tokenRequest = z.object({
  grant_type: z.literal('refresh_token'),
  client_id: z.string(),
  client_secret: z.string(),
  refresh_token: z.string(),
});

/** `POST /oauth/token`. With the skill contract every use of the refresh token makes a new one, and ends the old. */
export function oauthRoutes({ settings, world, credentials, saveNow }: Parts): Router {
  return new Router().post('/oauth/token', async (ctx) => {
    const asked = checkBody(tokenRequest, ctx);
    if (asked.client_id !== credentials.clientId || asked.client_secret !== credentials.clientSecret) {
      throw new ApiError(401, 'invalid_client', 'Client authentication failed.');
    }
    if (asked.refresh_token !== (world.refreshToken ?? credentials.refreshToken)) {
      throw new ApiError(400, 'invalid_grant', 'The refresh token is invalid.');
    }
    const lifetime = LIFETIME_SECONDS[settings.contract];
    const accessToken = randomUUID();
    world.accessTokens.set(accessToken, Date.now() + lifetime * 1000);
    if (settings.contract === 'skill') world.refreshToken = randomUUID();
    // Before the answer: a new refresh token that did not outlive a crash would lock the client out.
    await saveNow();
    ctx.body = {
      access_token: accessToken,
      token_type: 'bearer',
      expires_in: lifetime,
      refresh_token: world.refreshToken ?? credentials.refreshToken,
    };
  });
}

/** Lets only calls with a living access token through. */
export function requireToken(world: World): Middleware {
  return (ctx, next) => {
    const token = /^Bearer (.+)$/i.exec(ctx.get('authorization'))?.[1];
    const expiresAt = world.accessTokens.get(token ?? '');
    if (expiresAt === undefined || expiresAt < Date.now()) {
      if (token !== undefined) world.accessTokens.delete(token);
      throw new ApiError(401, 'unauthenticated', 'The access token is missing, unknown or expired.');
    }
    return next();
  };
}
