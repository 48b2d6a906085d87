import { setTimeout as pause } from 'node:timers/promises';
import type { Context, Middleware } from 'koa';
import { z } from 'zod';
import { codeFor, errorBody } from './api/errors';
import { callOf, type Call } from './call-log';
import type { Settings } from './settings';
import type { World } from './world';

const regularExpression = z.string().refine(isRegularExpression, 'not a regular expression');

/** A fault on request. The calls that fit are the next `times` of this method, path and body. */
export const faultSchema = z.strictObject({
  method: z.string().toUpperCase().optional(),
  /** A regular expression for the percent-decoded path, without the query. */
  path: regularExpression,
  /** A regular expression for the body of the call, as JSON. */
  asked: regularExpression.optional(),
  times: z.int().min(1).default(1),
  /** Answers this instead of doing anything. */
  status: z.int().min(200).max(599).optional(),
  /** Does what was asked for all the same, before it answers `status`. */
  taken: z.boolean().default(false),
  /** Added to the answer, whoever gives it. */
  headers: z.record(z.string(), z.string()).optional(),
  /** Of the answer with `status`: JSON, or a text that is sent as it is. Podium's error when left out. */
  body: z.unknown().optional(),
  /** Waits before anything is done. */
  delay_ms: z.int().min(0).default(0),
  /** Cuts the connection: before the call is done, or after it was done: before it is answered or within the answer. */
  drop: z.enum(['before', 'after', 'within']).optional(),
  /** Every access token ends as the call arrives, so that it gets its 401 like any other. */
  expire_tokens: z.boolean().default(false),
});

export type Fault = z.infer<typeof faultSchema> & { id: number };

export class Faults {
  private faults: Fault[] = [];
  private lastId = 0;

  add(fault: z.infer<typeof faultSchema>): Fault {
    const added = { ...fault, id: ++this.lastId };
    this.faults.push(added);
    return added;
  }

  /** Those that have calls left to spoil. */
  list(): Fault[] {
    return this.faults;
  }

  clear(): void {
    this.faults = [];
  }

  /** The oldest fault that fits, with one of its times used up. */
  take(call: Call): Fault | undefined {
    const fault = this.faults.find((other) => fits(other, call));
    if (fault && --fault.times === 0) this.faults = this.faults.filter((other) => other !== fault);
    return fault;
  }
}

/** Lets the fault that fits happen. */
export function injectFaults(faults: Faults, settings: Settings, world: World): Middleware {
  return async (ctx, next) => {
    const call = callOf(ctx);
    const fault = faults.take(call);
    if (!fault) {
      await next();
      return;
    }

    if (fault.delay_ms > 0) await pause(fault.delay_ms);
    if (fault.drop === 'before') return cut(ctx, call, 'before');
    if (fault.expire_tokens) world.expireTokens();
    if (fault.status === undefined || fault.taken) await next();
    if (fault.status !== undefined) answer(ctx, fault.status, fault.body, settings);
    if (fault.drop !== undefined) return cut(ctx, call, fault.drop);
    ctx.set(fault.headers ?? {});
  };
}

function answer(ctx: Context, status: number, body: unknown, settings: Settings): void {
  ctx.status = status;
  ctx.body =
    body ??
    (status < 400 ? {} : errorBody(codeFor(status, settings.contract), `Answered ${status} on request.`));
}

function cut(ctx: Context, call: Call, moment: NonNullable<Call['dropped']>): void {
  call.dropped = moment;
  ctx.respond = false;
  if (moment !== 'within') {
    ctx.req.socket.destroy();
    return;
  }
  const body = JSON.stringify(ctx.body);
  ctx.res.writeHead(ctx.status, { 'content-type': 'application/json', 'content-length': body.length });
  ctx.res.write(body.slice(0, body.length / 2), () => ctx.req.socket.destroy());
}

function fits(fault: Fault, { method, path, body }: Call): boolean {
  return (
    (fault.method === undefined || fault.method === method) &&
    new RegExp(fault.path).test(path) &&
    (fault.asked === undefined || new RegExp(fault.asked).test(JSON.stringify(body)))
  );
}

function isRegularExpression(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}
