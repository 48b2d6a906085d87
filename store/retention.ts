/**
 * What goes by its age. Never opt-outs, suppressed phones or the audit; and never what is still to be dealt with:
 * messages that wait or are quarantined, sessions that are open.
 */
import type { Settings } from '../core/settings';
import type { Pool } from './database';

export interface RetentionRules {
  /** Messages as they came, sends, our own texts, notes, closed sessions, what is known of files that are gone. */
  messagesDays: number;
  /** Answers of unfinished chats. */
  partialAnswersDays: number;
  /** What is left of the messages of an erased person. */
  tombstonesDays: number;
}

const SECONDS_A_DAY = 86_400;

/**
 * By when Podium's queue has delivered what it has, and reconciliation looks no farther back: an event is refused
 * when it is older than the replay window, which may have begun anew with an event that came late.
 */
const WINDOWS = 2;

export function retentionRules({ retention, webhook }: Settings): RetentionRules {
  return {
    messagesDays: retention.messages_days,
    partialAnswersDays: retention.partial_answers_days,
    tombstonesDays: (WINDOWS * webhook.replay_window_seconds) / SECONDS_A_DAY,
  };
}

/** Rows of one table that go. Each has an index that begins with their age, and holds no more than what may go. */
interface Outdated {
  table: string;
  /** The column that tells how old a row is. */
  age: string;
  days: keyof RetentionRules;
  /** What else has to hold. */
  where?: string;
}

const OUTDATED: readonly Outdated[] = [
  {
    ...{ table: 'inbox_events', age: 'received_at', days: 'messagesDays' },
    where: `status in ('delivered', 'recorded', 'ignored')`,
  },
  { table: 'inbox_events', age: 'received_at', days: 'tombstonesDays', where: `status = 'erased'` },
  { table: 'agent_notes', age: 'created_at', days: 'messagesDays' },
  { table: 'close_wishes', age: 'closed_at', days: 'messagesDays' },
  { table: 'own_texts', age: 'created_at', days: 'messagesDays' },
  { table: 'opt_out_permits', age: 'expires_at', days: 'messagesDays' },
  { table: 'file_sends', age: 'created_at', days: 'messagesDays' },
  { table: 'sends', age: 'intended_at', days: 'messagesDays' },
  { table: 'widget_replies', age: 'said_at', days: 'messagesDays' },
  { table: 'widget_conversations', age: 'written_at', days: 'messagesDays' },
  { table: 'widget_imports', age: 'settled_at', days: 'messagesDays' },
  {
    ...{ table: 'files', age: 'received_at', days: 'messagesDays' },
    where: `status not in ('pending', 'kept')`,
  },
  {
    ...{ table: 'sessions', age: 'closed_at', days: 'messagesDays' },
    // Its numbers go on as long as there are messages that have one.
    where: `status = 'closed' and relay_due_at is null
      and not exists (select from inbox_events i where i.workflow_id = rows.workflow_id and delivery_number is not null)`,
  },
  {
    ...{ table: 'partial_answers', age: 'saved_at', days: 'partialAnswersDays' },
    // A session that has claimed them has them, and keeps them anew.
    where: `not exists (select from sessions s
      where s.phone_e164 = rows.phone_e164 and s.location_uid = rows.location_uid and s.status <> 'closed')`,
  },
];

const AT_ONCE = 1_000;

/**
 * Deletes what is old, batch by batch, of each table as long as it has more; a table that fails keeps no other from
 * its turn.
 * @param batches of one table at most
 * @returns whether there may be more
 * @throws AggregateError of the tables that failed, once the others have nothing more
 */
export async function deleteOutdated(pool: Pool, rules: RetentionRules, batches: number): Promise<boolean> {
  const failures: Error[] = [];
  let more = false;
  for (const outdated of OUTDATED) {
    try {
      more = (await deleteBatches(pool, outdated, rules[outdated.days], batches)) || more;
    } catch (cause) {
      failures.push(new Error(`${outdated.table}: ${(cause as Error).message}`, { cause }));
    }
  }
  if (failures.length > 0 && !more)
    throw new AggregateError(failures, `Not deleted: ${failures.map(({ message }) => message).join('; ')}`);
  return more;
}

/** @returns whether the last batch was a full one */
async function deleteBatches(
  pool: Pool,
  outdated: Outdated,
  days: number,
  batches: number,
): Promise<boolean> {
  const { table, age, where = 'true' } = outdated;
  for (let batch = 0; batch < batches; batch += 1) {
    const { rowCount } = await pool.query(
      `delete from ${table} where ctid = any(array(
         select ctid from ${table} as rows where ${age} < now() - $1 * interval '1 day' and ${where}
          order by ${age} limit $2 for update skip locked))`,
      [days, AT_ONCE],
    );
    if (rowCount! < AT_ONCE) return false;
  }
  return true;
}
