/** Shows Temporal's Web UI and CLI what payloads say, to those who hold a token. */
import Router, { type RouterMiddleware } from '@koa/router';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import type { Middleware, ParameterizedContext } from 'koa';
import { z } from 'zod';
import type { OpsToken } from '../core/environment';
import { readJson } from './body';
import type { CodecUses } from './codec-uses';
import { HTTP_FAILURES, Refusal } from './errors';
import { bearerOf, requireToken, type OperatorState } from './tokens';

const { Payloads } = temporal.api.common.v1;

/** `temporal.api.common.v1.Payloads` in the JSON form of protobuf: bytes as base64. */
export const codecBody = z.object({
  payloads: z
    .array(z.object({ metadata: z.record(z.string(), z.base64()).optional(), data: z.base64().optional() }))
    .optional(),
});

/** A page of a history in the Web UI; a payload has 2 MiB at most. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/**
 * `POST /codec/decode` and `/codec/encode` with a bearer token, and `/codec/<token>/…` for the
 * dev server's Web UI, which can only be given an address. Addresses are written down by browsers and proxies: only a
 * token that can do nothing else may stand in one.
 */
export function codecRoutes(
  codec: PayloadCodec,
  tokens: readonly OpsToken[],
  uses: CodecUses,
): Router<OperatorState> {
  const router = new Router<OperatorState>({ prefix: '/codec' });
  const decode = transform(async (payloads, operator) => {
    const decoded = await codec.decode(payloads);
    uses.decoded(operator, payloads.length);
    return decoded;
  });
  const encode = transform((payloads) => codec.encode(payloads));
  router.use(allowBrowsers);
  const ways = ['/decode', '/encode', '/:token/decode', '/:token/encode'];
  router.options(ways, (ctx) => void (ctx.status = 204)); // a pattern would not be bound to the prefix
  router.post('/decode', requireToken(tokens, ['all', 'codec']), decode);
  router.post('/encode', requireToken(tokens, ['all', 'codec']), encode);
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

function requireTokenInPath(tokens: readonly OpsToken[]): RouterMiddleware<OperatorState> {
  return async (ctx, next) => {
    ctx.state.operator = bearerOf(ctx.params['token'] ?? '', tokens, ['codec']);
    await next();
  };
}

function transform(work: (payloads: Payload[], operator: string) => Promise<Payload[]>) {
  return async (ctx: ParameterizedContext<OperatorState>): Promise<void> => {
    const { payloads } = readPayloads(await readJson(ctx.req, MAX_BODY_BYTES));
    const done = await work(payloads, ctx.state.operator).catch((error: Error) => {
      throw new Refusal(400, { ...HTTP_FAILURES.undecodable, message: error.message });
    });
    ctx.body = Payloads.create({ payloads: done }).toJSON();
  };
}

function readPayloads(body: unknown): { payloads: Payload[] } {
  const read = codecBody.safeParse(body);
  if (!read.success) throw new Refusal(400, HTTP_FAILURES.invalid);
  return Payloads.fromObject(read.data);
}
