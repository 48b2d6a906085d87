/** Who may use the operator's routes: bearers of one of `OPS_TOKENS`. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Middleware } from 'koa';
import { HTTP_FAILURES, Refusal } from './errors';

export interface OpsToken {
  /** Who it was given to; stands in the audit as the actor. */
  name: string;
  token: string;
}

/** State of a request that carried a valid token. */
export interface OperatorState {
  operator: string;
}

/** @returns the name that goes with the token, or null. Takes equally long for any wrong token. */
export function bearerOf(token: string, tokens: readonly OpsToken[]): string | null {
  const given = digest(token);
  const matches = tokens.filter((known) => timingSafeEqual(digest(known.token), given));
  return matches[0]?.name ?? null;
}

/** Lets through who carries a token, as `ctx.state.operator`. @throws {Refusal} 401 */
export function requireToken(tokens: readonly OpsToken[]): Middleware<OperatorState> {
  return async (ctx, next) => {
    const token = /^Bearer +(\S+)$/i.exec(ctx.get('Authorization'))?.[1];
    const operator = token === undefined ? null : bearerOf(token, tokens);
    if (operator === null)
      throw new Refusal(401, HTTP_FAILURES.unauthorized, { 'WWW-Authenticate': 'Bearer' });
    ctx.state.operator = operator;
    await next();
  };
}

/** Of equal length for all tokens, as the comparison wants it. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
