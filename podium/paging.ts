import { z } from 'zod';
import { PodiumError, type Page } from './api';
import type { Call, PodiumRequest } from './call';
import { part, text } from './wire';

/** Reads one page of a list, the first one without a cursor. */
export async function readPage<Item>(
  call: Call,
  request: PodiumRequest,
  items: z.ZodType<Item[]>,
  cursor: string | null,
): Promise<Page<Item>> {
  const query = cursor === null ? request.query : { ...request.query, cursor };
  const answer = z.object({ data: items, metadata: part({ nextCursor: text }) });
  const { data, metadata } = await call({ ...request, ...(query && { query }) }, answer);
  return { items: data, nextCursor: metadata.nextCursor };
}

/**
 * Reads a list page by page, to the last one, or for as long as `goOn` wants more than the page it is
 * given. A list that cannot be read whole is an error: half of it must not pass for all.
 */
export async function readPages<Item>(
  call: Call,
  request: PodiumRequest,
  item: z.ZodType<Item>,
  goOn: (page: Item[]) => boolean = () => true,
): Promise<Item[]> {
  const items: Item[] = [];
  const cursors = new Set<string>();
  let cursor: string | null = null;
  for (;;) {
    const page: Page<Item> = await readPage(call, request, z.array(item), cursor);
    items.push(...page.items);
    cursor = page.nextCursor;
    if (cursor === null || !goOn(page.items)) return items;
    if (cursors.has(cursor)) {
      const message = `${request.operation}: Podium's pages go round in a circle.`;
      throw new PodiumError('invalid', message, { mayHaveHappened: false });
    }
    cursors.add(cursor);
  }
}
