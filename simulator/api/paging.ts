import type { Context } from 'koa';
import { z } from 'zod';
import { ApiError } from './errors';
import { check } from './request';

const DEFAULT_LIMIT = 10;
const limitSchema = z.coerce.number().int().min(0).max(100);

/**
 * One page of a list, each item as `show` shows it, with the metadata of Podium's answer. A cursor carries
 * its own page size, since Podium ignores all other parameters beside one. The last page has no `nextCursor`.
 */
export function page<T, U>(ctx: Context, items: readonly T[], show: (item: T) => U) {
  const { offset, limit } = position(ctx);
  const cursor = (start: number) => Buffer.from(`${start}:${limit}`).toString('base64url');
  return {
    data: items.slice(offset, offset + limit).map(show),
    metadata: {
      ...(offset + limit < items.length ? { nextCursor: cursor(offset + limit) } : {}),
      ...(offset > 0 ? { previousCursor: cursor(Math.max(0, offset - limit)) } : {}),
      totalItems: items.length,
      url: ctx.href,
    },
  };
}

function position(ctx: Context): { offset: number; limit: number } {
  if (typeof ctx.query.cursor !== 'string') {
    return { offset: 0, limit: check(limitSchema, ctx.query.limit ?? DEFAULT_LIMIT) };
  }
  const [, offset, limit] = /^(\d+):(\d+)$/.exec(Buffer.from(ctx.query.cursor, 'base64url').toString()) ?? [];
  if (offset === undefined || limit === undefined) {
    throw new ApiError(400, 'invalid_cursor', 'The cursor is invalid.');
  }
  return { offset: Number(offset), limit: Number(limit) };
}

/** `{data, metadata}` of a single thing. */
export function one<T>(ctx: Context, data: T) {
  return { data, metadata: { url: ctx.href } };
}
