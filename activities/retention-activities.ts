/** What the schedule asks about rows that were kept for long enough. */
import type { Pool } from '../store/database';
import { deleteOutdated, type RetentionRules } from '../store/retention';

/** How many batches of a table one activity deletes at most: some seconds' worth. */
const BATCHES = 20;

export type RetentionActivities = ReturnType<typeof createRetentionActivities>;

export function createRetentionActivities({ pool, rules }: { pool: Pool; rules: RetentionRules }) {
  return {
    /** Deletes some of the rows that were kept for long enough. */
    async deleteOutdatedRows(): Promise<'more' | 'done'> {
      return (await deleteOutdated(pool, rules, BATCHES)) ? 'more' : 'done';
    },
  };
}
