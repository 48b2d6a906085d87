import type { Context, Middleware } from 'koa';
import { NumberedLog } from './numbered-log';
import { bodyOf, fieldsOf, type RequestBody } from './api/request';
import type { World } from './world';

/** One call to Podium's API. */
export interface Call {
  /** Arrival, ms since 1970 with fractions. */
  at: number;
  method: string;
  /** Percent-decoded, without the query. */
  path: string;
  query: Record<string, unknown>;
  /** JSON; `{data, attachment}` of a form with a file; else how many bytes came. */
  body: unknown;
  /** Null while it is being answered, and for ever when the connection was dropped. */
  status: number | null;
  /** Set when a fault cut the connection: before or after the call took effect, or within its answer. */
  dropped?: 'before' | 'after' | 'within';
}

export type CallLog = NumberedLog<Call>;

export const createCallLog = (): CallLog => new NumberedLog<Call>(100_000);

/** Notes each call as it arrives, and its status once it is answered. */
export function recordCalls(log: CallLog, world: World): Middleware {
  return async (ctx, next) => {
    const request = bodyOf(ctx);
    const call = log.append({
      at: performance.timeOrigin + performance.now(),
      method: ctx.method,
      path: decodePath(ctx.path),
      query: { ...ctx.query },
      body: withoutSecrets(shown(request)),
      status: null,
    });
    (ctx.state as { call: Call }).call = call;
    world.changed({ kind: 'call', n: call.n, method: call.method, path: call.path });
    await next();
    if (call.dropped === undefined) {
      call.status = ctx.status;
      world.changed({ kind: 'call', n: call.n, method: call.method, path: call.path, status: call.status });
    }
  };
}

/** What `recordCalls` has noted. */
export function callOf(ctx: Context): Call {
  return (ctx.state as { call: Call }).call;
}

function shown({ json, form, raw }: RequestBody): unknown {
  if (form === null) return json ?? (raw.length > 0 ? `${raw.length} bytes` : null);
  const { data, attachment: file } = fieldsOf(form);
  const attachment = file && {
    name: file.name,
    content_type: file.contentType,
    size_bytes: file.sizeBytes,
  };
  return { data, attachment };
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

const SECRETS = new Set(['client_secret', 'refresh_token', 'code', 'secret']);

function withoutSecrets(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return body;
  const hidden = Object.keys(body).filter((key) => SECRETS.has(key));
  return hidden.length === 0
    ? body
    : { ...body, ...Object.fromEntries(hidden.map((key) => [key, '(hidden)'])) };
}
