/**
 * Which pages may use the widget: those whose origin the settings name, for all locations or for the one that is
 * asked about, and pages of this server itself. What is refused can be read by the page, so that its developer is
 * told why. No cookie is ever looked at, so nobody's rights can be borrowed.
 */
import type { Context, Middleware } from 'koa';
import { HTTP_FAILURES, Refusal } from './errors';

const ALLOWED_METHODS = 'GET, POST, OPTIONS';
const ALLOWED_HEADERS = 'authorization, content-type, last-event-id';
/** A browser asks again after this. */
const PREFLIGHT_SECONDS = '600';
/** The key under which the settings name origins that are good for every location. */
const EVERY_LOCATION = 'all';

export interface OriginRules {
  /** Origins by location uid, and under `all`. */
  origins: Readonly<Record<string, readonly string[]>>;
  /** Under which people reach this server; null where nobody said so. */
  publicUrl: string | null;
}

export class WidgetOrigins {
  private readonly own: string | null;

  constructor(private readonly rules: OriginRules) {
    this.own = rules.publicUrl && new URL(rules.publicUrl).origin;
  }

  /** Lets a page read the answers, refusals too. */
  readonly letRead: Middleware = async (ctx, next) => {
    const origin = originOf(ctx);
    ctx.vary('Origin');
    if (origin !== null && ctx.method !== 'OPTIONS')
      ctx.set({
        'Access-Control-Allow-Origin': origin,
        'Access-Control-Expose-Headers': 'Retry-After',
      });
    await next();
  };

  /** Answers a browser that asks before it sends. For which location it will be stands in the body that comes later. */
  readonly answerPreflight: Middleware = (ctx) => {
    const origin = originOf(ctx);
    const anywhere = Object.keys(this.rules.origins).flatMap((key) => this.listed(key));
    if (origin === null || !(this.isOwn(ctx, origin) || anywhere.includes(origin)))
      throw notAllowed(origin, null);
    ctx.set({
      'Access-Control-Allow-Origin': origin,
      'Access-Control-Allow-Methods': ALLOWED_METHODS,
      'Access-Control-Allow-Headers': ALLOWED_HEADERS,
      'Access-Control-Max-Age': PREFLIGHT_SECONDS,
    });
    ctx.status = 204;
  };

  /** @throws {Refusal} 403 when a page may not use the widget at this location */
  check(ctx: Context, locationUid: string): void {
    const origin = originOf(ctx);
    const allowed = [EVERY_LOCATION, locationUid].flatMap((key) => this.listed(key));
    if (origin !== null && !this.isOwn(ctx, origin) && !allowed.includes(origin))
      throw notAllowed(origin, locationUid);
  }

  private listed(key: string): readonly string[] {
    const { origins } = this.rules;
    return Object.hasOwn(origins, key) ? origins[key]! : [];
  }

  private isOwn(ctx: Context, origin: string): boolean {
    return origin === this.own || (URL.canParse(origin) && new URL(origin).host === ctx.get('Host'));
  }
}

/** Null for what no page of another origin has sent. */
function originOf(ctx: Context): string | null {
  return ctx.get('Origin') || null;
}

function notAllowed(origin: string | null, locationUid: string | null): Refusal {
  const where = locationUid === null ? 'of any location' : `of the location ${locationUid}, or of all`;
  return new Refusal(403, {
    ...HTTP_FAILURES.originNotAllowed,
    hint: `Add ${origin ?? 'the origin of the page'} to widget.origins ${where} in the server's settings.`,
  });
}
