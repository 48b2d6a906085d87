import type { Middleware } from 'koa';
import type { Settings } from '../settings';
import { ApiError } from './errors';

/** What a call needs, by its path; the first that fits. Webhooks need none of their own. */
const NEEDED: [path: RegExp, read: string, write: string][] = [
  [/^\/v4\/locations/, 'read_locations', 'write_locations'],
  [/^\/v4\/contacts/, 'read_contacts', 'write_contacts'],
  [/^\/v4\/(messages|conversations|import\/messages)/, 'read_messages', 'write_messages'],
];

/** Lets only calls through that the user has granted. */
export function requireScope(settings: Settings): Middleware {
  return (ctx, next) => {
    const [, read, write] = NEEDED.find(([path]) => path.test(ctx.path)) ?? [];
    const needed = ctx.method === 'GET' ? read : write;
    if (needed !== undefined && !settings.granted_scopes.includes(needed))
      throw new ApiError(403, 'unauthorized', `The scope ${needed} is missing.`);
    return next();
  };
}
