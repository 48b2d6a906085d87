import { SpanKind } from '@opentelemetry/api';
import { describeSpan, inSpan } from '../core/spans';
import { PodiumError, type PodiumErrorKind } from './api';
import { endpointOf } from './limits';
import { retryAfterMs } from './retry-after';
import { part, text } from './wire';

/** What a call is for, as errors and logs name it. */
export interface Operation {
  operation: string;
  /** Whether it may change something at Podium. */
  writes: boolean;
}

/** One HTTP call. Its URL may hold a phone, so it stands in no error and no log. */
export interface Exchange extends Operation {
  url: URL;
  init: RequestInit;
  /** For the whole of it, the body of the answer included. */
  timeoutMs: number;
  /** Why the stream that is the body broke off; null as long as it did not. `fetch` does not always tell. */
  bodyFailure?: () => PodiumError | null;
}

export interface Answer {
  /** 2xx. */
  ok: boolean;
  status: number;
  headers: Headers;
  /** The JSON that was answered; null for an empty body, undefined for what is no JSON. */
  body: unknown;
}

/**
 * Makes the call and reads its answer to the end, whatever its status.
 *
 * @throws PodiumError of kind `unreachable` when there is no whole answer in time, or the fault
 *   of the body's own stream.
 */
export function exchange(call: Exchange): Promise<Answer> {
  const method = call.init.method ?? 'GET';
  const endpoint = endpointOf({ method, path: call.url.pathname });
  return inSpan(
    endpoint,
    async () => {
      const answer = await make(call);
      const { status } = answer;
      const waitMs = retryAfterMs(answer, Date.now());
      describeSpan(
        {
          'http.request.method': method,
          'http.response.status_code': status,
          ...(waitMs !== undefined && { 'webchat.retry_after_ms': waitMs }),
        },
        answer.ok ? undefined : String(status),
      );
      return answer;
    },
    SpanKind.CLIENT,
  );
}

async function make({ operation, writes, url, init, timeoutMs, bodyFailure }: Exchange): Promise<Answer> {
  try {
    // A redirect is not followed: it would carry the token to wherever it points.
    const response = await fetch(url, {
      ...init,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const { ok, status, headers } = response;
    return { ok, status, headers, body: parse(await response.text()) };
  } catch (error) {
    const ownFault = bodyFailure?.();
    if (ownFault) throw ownFault;
    const reason = reasonOf(error);
    throw new PodiumError('unreachable', `${operation}: no answer from Podium (${reason}).`, {
      mayHaveHappened: writes && !NEVER_CONNECTED.has(reason),
    });
  }
}

/** For a 429 that does not say how long to wait. */
const UNSAID_PAUSE_MS = 5_000;

/** The error that an answer other than 2xx stands for. */
export function refusal({ operation, writes }: Operation, answer: Answer): PodiumError {
  const code = codeOf(answer.body);
  const kind = kindOf(answer.status, code);
  const retryAfter = retryAfterMs(answer, Date.now()) ?? (kind === 'throttled' ? UNSAID_PAUSE_MS : undefined);
  return new PodiumError(
    kind,
    `${operation}: Podium answered ${answer.status}${code === undefined ? '' : ` ${code}`}.`,
    {
      status: answer.status,
      ...(code === undefined ? {} : { code }),
      ...(retryAfter === undefined ? {} : { retryAfterMs: retryAfter }),
      mayHaveHappened: writes && (kind === 'server' || kind === 'unreachable'),
    },
  );
}

/** The error for a 2xx whose body cannot be used: what was asked for was most likely done. */
export function unreadable({ operation, writes }: Operation, { status }: Answer): PodiumError {
  return new PodiumError('invalid', `${operation}: Podium's answer cannot be read.`, {
    status,
    mayHaveHappened: writes,
  });
}

/** Failures that come before the first byte of the request leaves. */
const NEVER_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

const BY_STATUS: ReadonlyMap<number, PodiumErrorKind> = new Map([
  [401, 'unauthenticated'],
  [403, 'not_permitted'],
  [404, 'not_found'],
  [408, 'unreachable'],
  [409, 'conflict'],
  [413, 'too_large'],
  [429, 'throttled'],
  [451, 'opted_out'],
]);

const BY_CODE: ReadonlyMap<string | undefined, PodiumErrorKind> = new Map([
  ['invalid_phone_format', 'invalid_phone'],
  ['invalid_location_uid', 'invalid_location'],
]);

function kindOf(status: number, code: string | undefined): PodiumErrorKind {
  // The address is wrong: that must not pass for "no such contact".
  if (code === 'route_not_found') return 'invalid';
  return BY_STATUS.get(status) ?? (status >= 500 ? 'server' : (BY_CODE.get(code) ?? 'invalid'));
}

const errorBody = part({ code: text, error: text });

/** Podium's `code`, or the `error` of OAuth; only if it looks like a code, since it goes into logs. */
function codeOf(body: unknown): string | undefined {
  const { code, error } = errorBody.parse(body);
  const found = code ?? error;
  return found !== null && /^[a-z_]{1,64}$/.test(found) ? found : undefined;
}

function parse(body: string): unknown {
  try {
    return body === '' ? null : JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** A word for why a fetch failed: the system's code where there is one. */
function reasonOf(error: unknown): string {
  const { name, cause } = error as { name: string; cause?: { code?: string } };
  return cause?.code ?? name;
}
