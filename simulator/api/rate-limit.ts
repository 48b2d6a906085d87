import type { Middleware } from 'koa';
import type { Settings } from '../settings';
import { ApiError, codeFor } from './errors';

const WINDOW_MS = 60_000;

/** So many calls in a minute, counted in windows that begin with a call; more are answered 429. */
export function limitRate(settings: Settings): Middleware {
  let window = { endsAt: 0, calls: 0 };
  return (ctx, next) => {
    const limit = settings.ratelimit_per_minute;
    if (limit === null) return next();

    const now = Date.now();
    if (now >= window.endsAt) window = { endsAt: now + WINDOW_MS, calls: 0 };
    window.calls += 1;
    const reset = String(Math.ceil((window.endsAt - now) / 1000));
    ctx.set({
      'ratelimit-limit': String(limit),
      'ratelimit-remaining': String(Math.max(0, limit - window.calls)),
      'ratelimit-reset': reset,
    });
    if (window.calls <= limit) return next();
    if (settings.contract === 'skill') ctx.set('retry-after', reset);
    throw new ApiError(429, codeFor(429, settings.contract), 'Too many requests.');
  };
}
