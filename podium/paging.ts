import { z } from 'zod';
import { PodiumError } from './api';
import type { Call, PodiumRequest } from './call';
import { part, text } from './wire';

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
  const answer = z.object({ data: z.array(item), metadata: part({ nextCursor: text }) });
  const items: Item[] = [];
  const cursors = new Set<string>();
  let query = request.query;
  for (;;) {
    const { data, metadata } = await call({ ...request, ...(query && { query }) }, answer);
    items.push(...data);
    const cursor = metadata.nextCursor;
    if (cursor === null || !goOn(data)) return items;
    if (cursors.has(cursor)) {
      const message = `${request.operation}: Podium's pages go round in a circle.`;
      throw new PodiumError('invalid', message, { mayHaveHappened: false });
    }
    cursors.add(cursor);
    query = { ...request.query, cursor };
  }
}
