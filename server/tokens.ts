/** Who may use which of the operator's routes: bearers of one of `OPS_TOKENS`. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Middleware } from 'koa';
import type { OpsToken, TokenScope } from '../core/environment';
import { HTTP_FAILURES, Refusal } from './errors';

/** State of a request that carried a valid token. */
export interface OperatorState {
  operator: string;
}

/**
 * @param scopes those that are good for this
 * @returns the name that goes with the token. Takes equally long for any wrong token.
 * @throws {Refusal} 401 for a wrong one, 403 for one that is not for this
 */
export function bearerOf(token: string, tokens: readonly OpsToken[], scopes: readonly TokenScope[]): string {
  const given = digest(token);
  const [known] = tokens.filter((one) => timingSafeEqual(digest(one.token), given));
  if (!known) throw new Refusal(401, HTTP_FAILURES.unauthorized, { 'WWW-Authenticate': 'Bearer' });
  if (!scopes.includes(known.scope)) throw new Refusal(403, HTTP_FAILURES.forbidden);
  return known.name;
}

/** Lets through who carries a token that is good for this, as `ctx.state.operator`. @throws {Refusal} 401, 403 */
export function requireToken(
  tokens: readonly OpsToken[],
  scopes: readonly TokenScope[] = ['all'],
): Middleware<OperatorState> {
  return async (ctx, next) => {
    const token = /^Bearer +(\S+)$/i.exec(ctx.get('Authorization'))?.[1] ?? '';
    ctx.state.operator = bearerOf(token, tokens, scopes);
    await next();
  };
}

/** Of equal length for all tokens, as the comparison wants it. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
