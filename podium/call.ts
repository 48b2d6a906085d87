import type { Logger } from 'pino';
import type { z } from 'zod';
import type { AccessTokens } from './access-token';
import type { PodiumError } from './api';
import { exchange, refusal, unreadable, type Answer, type Exchange, type Operation } from './http';
import { endpointOf, type Gate } from './limits';
import { toMultipart, type Form } from './multipart';

/** A call to Podium's API. */
export interface PodiumRequest {
  /** In words, for errors and logs. */
  operation: string;
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Begins with a slash; what comes from outside is encoded. */
  path: string;
  query?: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as multipart, in place of a `body`. */
  form?: Form;
}

/** Makes a call, and reads the answer by its schema. Throws `PodiumError` and nothing else of its own. */
export type Call = <Schema extends z.ZodType>(
  request: PodiumRequest,
  answer: Schema,
) => Promise<z.infer<Schema>>;

export interface CallOptions {
  apiUrl: string;
  tokens: AccessTokens;
  gate: Gate;
  /** Endpoints of calls that have passed the gate before: nothing may hold them up now. */
  passedBefore: readonly string[];
  /** For one HTTP exchange, but for the upload of a file. A reading call takes two of them when its token was rejected. */
  timeoutMs: number;
  logger: Logger;
}

/** Version of Podium's API that this speaks; every call must name one. */
export const PODIUM_VERSION = '2021.04.01';

/** An upload that is slower than 512 KiB a second is given up: the largest file then takes 50 s. */
const SLOWEST_UPLOAD_BYTES_PER_MS = 524;

/**
 * The way every call takes: limits, token, version, time limit, errors. A rejected token is renewed; then a reading
 * call is repeated at once, but a write fails as `unauthenticated`: whether it is made again is for its
 * caller to decide, since a customer may have opted out meanwhile.
 */
export function createCall({ apiUrl, tokens, gate, passedBefore, timeoutMs, logger }: CallOptions): Call {
  async function attempt(request: PodiumRequest, operation: Operation, token: string): Promise<Answer> {
    const url = new URL(apiUrl.replace(/\/$/, '') + request.path);
    url.search = new URLSearchParams(request.query).toString();
    const started = performance.now();
    const answer = await exchange({ ...operation, url, ...sending(request, token, timeoutMs) });
    const ms = Math.round(performance.now() - started);
    logger.debug({ operation: operation.operation, status: answer.status, ms }, 'called Podium');
    return answer;
  }

  async function refused(operation: Operation, endpoint: string, answer: Answer): Promise<PodiumError> {
    const error = refusal(operation, answer);
    const { retryAfterMs } = error.details;
    if (error.kind === 'throttled' && retryAfterMs !== undefined) await gate.close(endpoint, retryAfterMs);
    return error;
  }

  return async (request, schema) => {
    const operation = { operation: request.operation, writes: request.method !== 'GET' };
    const endpoint = endpointOf(request);
    if (!passedBefore.includes(endpoint)) await gate.pass({ ...operation, endpoint });
    let token = await tokens.current();
    let answer = await attempt(request, operation, token);
    if (answer.status === 401) {
      const next = await tokens.renewed(token, endpoint);
      if (next !== null && !operation.writes) {
        token = next;
        await gate.pass({ ...operation, endpoint });
        answer = await attempt(request, operation, token);
      }
    }
    if (answer.status !== 401) tokens.accepted(token, endpoint);
    if (!answer.ok) throw await refused(operation, endpoint, answer);

    const read = schema.safeParse(answer.body);
    if (answer.body === undefined || !read.success) throw unreadable(operation, answer);
    return read.data;
  };
}

/** What goes out, and how long it may take. */
function sending(
  { method, body, form }: PodiumRequest,
  token: string,
  timeoutMs: number,
): Pick<Exchange, 'init' | 'timeoutMs' | 'bodyFailure'> {
  const headers = {
    accept: 'application/json',
    authorization: `Bearer ${token}`,
    'podium-version': PODIUM_VERSION,
  };
  if (form) {
    const { contentType, length, stream, failure } = toMultipart(form);
    const described = { ...headers, 'content-type': contentType, 'content-length': String(length) };
    return {
      init: { method, headers: described, body: stream, duplex: 'half' },
      timeoutMs: timeoutMs + Math.ceil(length / SLOWEST_UPLOAD_BYTES_PER_MS),
      bodyFailure: failure,
    };
  }
  if (body === undefined) return { init: { method, headers }, timeoutMs };
  const json = { ...headers, 'content-type': 'application/json' };
  return { init: { method, headers: json, body: JSON.stringify(body) }, timeoutMs };
}
