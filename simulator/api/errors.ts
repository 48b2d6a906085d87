import type { Middleware } from 'koa';
import type { Contract } from '../settings';

/** An answer of Podium's that is not a success: `{code, message, moreInfo}`. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export function errorBody(code: string, message: string) {
  return { code, message, moreInfo: 'https://docs.podium.com/docs/errors' };
}

/** The code that goes with a status when nobody names one. */
export function codeFor(status: number, contract: Contract): string {
  if (status === 429) return contract === 'skill' ? 'rate_limited' : 'rate_limit';
  return codes[status] ?? (status >= 500 ? 'internal_server_error' : 'bad_request');
}

const codes: Record<number, string> = {
  400: 'bad_request',
  401: 'unauthenticated',
  403: 'unauthorized',
  404: 'resource_not_found',
  409: 'contact_already_exists',
  413: 'attachment_exceeds_limit',
  451: 'contact_opted_out',
};

export function notFound(what: string): ApiError {
  return new ApiError(404, 'resource_not_found', `${what} not found.`);
}

export function invalid(message: string): ApiError {
  return new ApiError(400, 'invalid_request_values', message);
}

/** Turns what a route throws into Podium's answer. */
export const answerErrors: Middleware = async (ctx, next) => {
  try {
    await next();
  } catch (error) {
    if (!(error instanceof ApiError)) ctx.app.emit('error', error, ctx);
    ctx.status = error instanceof ApiError ? error.status : 500;
    ctx.body =
      error instanceof ApiError
        ? errorBody(error.code, error.message)
        : errorBody('internal_server_error', 'The simulator itself has failed; see its log.');
  }
};
