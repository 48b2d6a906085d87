/** What a route throws to refuse a request, and the middleware that turns whatever is thrown into an answer. */
import type { Middleware } from 'koa';
import type { Logger } from 'pino';
import type { ErrorCode } from '../core/error-codes';
import type { Failure } from '../core/events';

/** Refusals that are about HTTP itself; the product's own stand in `core/error-codes`, the operators' in `ops/`. */
export const HTTP_FAILURES = {
  notFound: {
    code: 'ERR_HTTP_NOT_FOUND',
    message: 'There is nothing at this address.',
    hint: 'Check the path.',
  },
  methodNotAllowed: {
    code: 'ERR_HTTP_METHOD_NOT_ALLOWED',
    message: 'This address is not asked by this method.',
    hint: 'The header Allow says by which. /openapi.json describes every route.',
  },
  unauthorized: {
    code: 'ERR_HTTP_UNAUTHORIZED',
    message: 'A valid token is missing.',
    hint: 'Send "Authorization: Bearer <token>" with one of OPS_TOKENS.',
  },
  forbidden: {
    code: 'ERR_HTTP_FORBIDDEN',
    message: 'This token is not for that.',
    hint: 'In an address only a token of the form name:token:codec of OPS_TOKENS counts, which is good for /codec alone. Everything else takes one of the form name:token, in the header.',
  },
  bodyTooLarge: {
    code: 'ERR_HTTP_BODY_TOO_LARGE',
    message: 'The body is larger than this route takes.',
    hint: 'Send less at a time.',
  },
  notJson: {
    code: 'ERR_HTTP_NOT_JSON',
    message: 'The body is not valid JSON.',
    hint: 'Send a JSON object.',
  },
  invalid: {
    code: 'ERR_HTTP_INVALID_REQUEST',
    message: 'The request is not in the form that this route takes.',
    hint: 'Compare it with the documentation of the route.',
  },
  notMultipart: {
    code: 'ERR_HTTP_NOT_MULTIPART',
    message: 'The body is no multipart/form-data.',
    hint: 'Send a form with its fields first and the file as its last part.',
  },
  wrongForm: {
    code: 'ERR_HTTP_WRONG_FORM',
    message: 'The form is not as this route takes it.',
    hint: 'Send the fields first, and one file as the last part.',
  },
  originNotAllowed: {
    code: 'ERR_HTTP_ORIGIN_NOT_ALLOWED',
    message: 'Pages of this origin may not use the widget here.',
    hint: "Add the origin to widget.origins in the server's settings.",
  },
  noConversation: {
    code: 'ERR_HTTP_NO_CONVERSATION',
    message: 'This browser has not written to this store.',
    hint: 'Send the token of the conversation as "Authorization: Bearer <token>", once its first message is accepted.',
  },
  tooMany: {
    code: 'ERR_HTTP_TOO_MANY_REQUESTS',
    message: 'There are too many of these requests.',
    hint: 'Wait for as long as Retry-After says.',
  },
  clientGone: {
    code: 'ERR_HTTP_BODY_CUT_OFF',
    message: 'The body ended before it was complete.',
    hint: 'Send it again.',
  },
  undecodable: {
    code: 'ERR_HTTP_UNDECODABLE',
    message: 'A payload could not be decoded.',
    hint: 'Check that WEBCHAT_ENCRYPTION_KEYS still holds the key that it was encrypted with.',
  },
  noFile: {
    code: 'ERR_HTTP_NO_FILE',
    message: 'There is no such file, or it has been deleted.',
    hint: 'Check that the link is complete. Files are deleted after some time.',
  },
  linkExpired: {
    code: 'ERR_HTTP_LINK_EXPIRED',
    message: 'This link has expired.',
    hint: 'An operator can make a new one, as long as the file is kept.',
  },
  notStored: {
    code: 'ERR_HTTP_NOT_STORED',
    message: 'The event could not be stored in time.',
    hint: 'Deliver it again. If this goes on, look at /readyz: the database is slow or away.',
  },
  internal: {
    code: 'ERR_HTTP_INTERNAL',
    message: 'Something went wrong here.',
    hint: "The server's log has the cause.",
  },
} satisfies Record<string, Failure>;

/** Why a request is refused, and which field of a form that concerns. */
export type RefusalReason = Failure & { field?: string };

/** A refusal with its HTTP status; `headers` go out with it. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  constructor(
    readonly status: number,
    readonly failure: RefusalReason,
    readonly headers: Record<string, string> = {},
  ) {
    super(failure.message);
  }
}

/** Podium retries on its own schedule; this is for others that ask. */
const RETRY_AFTER_SECONDS = '5';

/** For what cannot be taken now and may be delivered again. */
export function notStored(message: string = HTTP_FAILURES.notStored.message): Refusal {
  return new Refusal(
    503,
    { ...HTTP_FAILURES.notStored, message },
    { 'Retry-After': RETRY_AFTER_SECONDS, Connection: 'close' },
  );
}

/** With which status the refusal of a file is answered. */
export function refusedFileStatus(code: ErrorCode): 413 | 415 {
  return code === 'ERR_WEBCHAT_005' ? 413 : 415;
}

/** Answers refusals, unknown routes and accidents as `{"error":{"code","message","hint","field"?}}`. */
export function answerErrors(logger: Logger): Middleware {
  return async (ctx, next) => {
    try {
      await next();
      if (ctx.body !== undefined) return;
      if (ctx.status === 404) throw new Refusal(404, HTTP_FAILURES.notFound);
      if (ctx.status === 405) throw new Refusal(405, HTTP_FAILURES.methodNotAllowed);
    } catch (error) {
      const refusal = error instanceof Refusal ? error : accident(error, logger);
      ctx.status = refusal.status;
      ctx.set(refusal.headers);
      ctx.body = { error: refusal.failure };
    }
  };
}

/** Koa's and the router's own errors say with `expose` that their text may be shown. */
function accident(error: unknown, logger: Logger): Refusal {
  const { status, expose, message } = error as { status?: number; expose?: boolean; message?: string };
  if (expose && status) {
    return new Refusal(status, {
      ...HTTP_FAILURES.invalid,
      message: message ?? HTTP_FAILURES.invalid.message,
    });
  }
  logger.error({ err: error }, 'a request failed');
  return new Refusal(500, HTTP_FAILURES.internal);
}
