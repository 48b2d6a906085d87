/** Shows Temporal's Web UI and CLI what payloads say, to those who hold a token. */
import Router, { type RouterMiddleware } from '@koa/router';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import type { Middleware, ParameterizedContext } from 'koa';
import { readJson } from './body';
import { HTTP_FAILURES, Refusal } from './errors';
import { bearerOf, requireToken, type OpsToken } from './tokens';

const { Payloads } = temporal.api.common.v1;

/** A page of a history in the Web UI; a payload has 2 MiB at most. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/**
 * `POST /codec/decode` and `/codec/encode` with a bearer token, and `/codec/<token>/…` for the
 * dev server's Web UI, which can only be given an address.
 */
export function codecRoutes(codec: PayloadCodec, tokens: readonly OpsToken[]): Router {
  const router = new Router({ prefix: '/codec' });
  const decode = transform((payloads) => codec.decode(payloads));
  const encode = transform((payloads) => codec.encode(payloads));
  router.use(allowBrowsers);
  const ways = ['/decode', '/encode', '/:token/decode', '/:token/encode'];
  router.options(ways, (ctx) => void (ctx.status = 204)); // a pattern would not be bound to the prefix
  router.post('/decode', requireToken(tokens), decode);
  router.post('/encode', requireToken(tokens), encode);
  router.post('/:token/decode', requireTokenInPath(tokens), decode);
  router.post('/:token/encode', requireTokenInPath(tokens), encode);
  return router;
}

/** Any origin may ask: no cookie counts here, so a foreign page without the token learns nothing. */
const allowBrowsers: Middleware = async (ctx, next) => {
  ctx.set({
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Allow-Methods': 'POST, OPTIONS',
    'Access-Control-Allow-Headers': 'authorization, content-type, x-namespace',
  });
  await next();
};

function requireTokenInPath(tokens: readonly OpsToken[]): RouterMiddleware {
  return async (ctx, next) => {
    if (bearerOf(ctx.params['token'] ?? '', tokens) === null)
      throw new Refusal(401, HTTP_FAILURES.unauthorized);
    await next();
  };
}

function transform(work: (payloads: Payload[]) => Promise<Payload[]>) {
  return async (ctx: ParameterizedContext): Promise<void> => {
    const { payloads } = readPayloads(await readJson(ctx.req, MAX_BODY_BYTES));
    const done = await work(payloads).catch((error: Error) => {
      throw new Refusal(400, { ...HTTP_FAILURES.undecodable, message: error.message });
    });
    ctx.body = Payloads.create({ payloads: done }).toJSON();
  };
}

/** In the JSON form of protobuf: bytes as base64. */
function readPayloads(body: unknown): { payloads: Payload[] } {
  try {
    return Payloads.fromObject(body as Record<string, unknown>);
  } catch {
    throw new Refusal(400, HTTP_FAILURES.invalid);
  }
}
