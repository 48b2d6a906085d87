/** What the schedule asks about rows that were kept for long enough. */
import type { Pool } from '../store/database';
import { deleteOutdated, type RetentionRules } from '../store/retention';

/** How many batches one activity deletes at most: some seconds' worth. */
const BATCHES = 20;

export type RetentionActivities = ReturnType<typeof createRetentionActivities>;

export function createRetentionActivities({ pool, rules }: { pool: Pool; rules: RetentionRules }) {
  return {
    /** Deletes some of the rows that were kept for long enough. */
    async deleteOutdatedRows(): Promise<'more' | 'done'> {
      for (let batch = 0; batch < BATCHES; batch += 1)
        if (!(await deleteOutdated(pool, rules))) return 'done';
      return 'more';
    },
  };
}
