import { randomUUID } from 'node:crypto';
import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import { z } from 'zod';
import type { Parts } from '../parts';
import type { World } from '../world';
import { ApiError, invalid } from './errors';
import { check, checkBody } from './request';

const LIFETIME_SECONDS = { published: 36_000, skill: 3600 };
const CODE_LIVES_MS = 600_000;

const client = { client_id: z.string(), client_secret: z.string() };
const tokenRequest = z.discriminatedUnion('grant_type', [
  z.object({ ...client, grant_type: z.literal('refresh_token'), refresh_token: z.string() }),
  z.object({
    ...client,
    grant_type: z.literal('authorization_code'),
    code: z.string(),
    redirect_uri: z.string(),
  }),
]);
type TokenRequest = z.infer<typeof tokenRequest>;

const authorizeRequest = z.object({
  response_type: z.literal('code'),
  client_id: z.string(),
  redirect_uri: z.url(),
  scope: z.string().min(1),
  state: z.string().optional(),
});

/** An authorization that was given and not used yet. */
interface Code {
  redirectUri: string;
  expiresAt: number;
}

/**
 * `GET /oauth/authorize`, where the user agrees at once, and `POST /oauth/token`. Without another setting, every
 * use of the refresh token makes a new one with the skill contract, and ends the old.
 */
export function oauthRoutes(parts: Parts): Router {
  const { settings, world, credentials, saveNow } = parts;
  const codes = new Map<string, Code>();
  return new Router()
    .get('/oauth/authorize', (ctx) => authorize(ctx, parts, codes))
    .post('/oauth/token', async (ctx) => {
      const asked = checkBody(tokenRequest, ctx);
      try {
        admit(asked, parts, codes);
      } catch (error) {
        world.grants.refused += 1;
        throw error;
      }
      world.grants[asked.grant_type] += 1;
      const lifetime = settings.access_token_seconds ?? LIFETIME_SECONDS[settings.contract];
      const accessToken = randomUUID();
      world.accessTokens.set(accessToken, Date.now() + lifetime * 1000);
      // Before the answer: a new refresh token that did not outlive a crash would lock the client out.
      await saveNow();
      ctx.body = {
        access_token: accessToken,
        token_type: 'bearer',
        expires_in: lifetime,
        refresh_token: world.refreshToken ?? credentials.refreshToken,
        ...(settings.scopes_told ? { scope: settings.granted_scopes.join(' ') } : {}),
      };
    });
}

/** Takes what is good, once if it is good once only. */
function admit(asked: TokenRequest, parts: Parts, codes: Map<string, Code>): void {
  const { settings, world, credentials } = parts;
  if (asked.client_id !== credentials.clientId || asked.client_secret !== credentials.clientSecret) {
    throw new ApiError(401, 'invalid_client', 'Client authentication failed.');
  }
  if (asked.grant_type === 'authorization_code') {
    const code = codes.get(asked.code);
    codes.delete(asked.code);
    if (!code || code.expiresAt < Date.now() || code.redirectUri !== asked.redirect_uri)
      throw new ApiError(400, 'invalid_grant', 'The authorization code is invalid.');
    world.refreshToken = randomUUID();
    world.revoked = false;
    return;
  }
  if (world.revoked || asked.refresh_token !== (world.refreshToken ?? credentials.refreshToken)) {
    throw new ApiError(400, 'invalid_grant', 'The refresh token is invalid.');
  }
  if (settings.rotate_refresh_tokens ?? settings.contract === 'skill') world.refreshToken = randomUUID();
}

/** Podium wants HTTPS for where it sends the user back to; this one takes the machine itself, too. */
function authorize(ctx: Context, { settings, credentials }: Parts, codes: Map<string, Code>): void {
  const asked = check(authorizeRequest, ctx.query);
  const target = new URL(asked.redirect_uri);
  const isSafe = target.protocol === 'https:' || ['127.0.0.1', 'localhost'].includes(target.hostname);
  if (asked.client_id !== credentials.clientId || !isSafe)
    throw invalid('client_id or redirect_uri: is invalid');
  if (settings.authorization_denied) {
    target.searchParams.set('error', 'access_denied');
  } else {
    const code = randomUUID();
    codes.set(code, { redirectUri: asked.redirect_uri, expiresAt: Date.now() + CODE_LIVES_MS });
    target.searchParams.set('code', code);
  }
  if (asked.state !== undefined) target.searchParams.set('state', asked.state);
  ctx.redirect(target.href);
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
