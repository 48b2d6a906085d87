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

/** Rows of one table that go, and after which of the days. Each has $1, the days, and $2, how many at most. */
interface Outdated {
  table: string;
  where: string;
  days: keyof RetentionRules;
}

const OLD = `now() - $1 * interval '1 day'`;

const OUTDATED: readonly Outdated[] = [
  {
    ...{ table: 'inbox_events', days: 'messagesDays' },
    where: `received_at < ${OLD} and status in ('delivered', 'recorded', 'ignored')`,
  },
  {
    ...{ table: 'inbox_events', days: 'tombstonesDays' },
    where: `received_at < ${OLD} and status = 'erased'`,
  },
  { table: 'agent_notes', days: 'messagesDays', where: `created_at < ${OLD}` },
  { table: 'own_texts', days: 'messagesDays', where: `created_at < ${OLD}` },
  { table: 'opt_out_permits', days: 'messagesDays', where: `expires_at < ${OLD}` },
  { table: 'file_sends', days: 'messagesDays', where: `created_at < ${OLD}` },
  { table: 'sends', days: 'messagesDays', where: `intended_at < ${OLD}` },
  { table: 'widget_replies', days: 'messagesDays', where: `said_at < ${OLD}` },
  { table: 'widget_conversations', days: 'messagesDays', where: `written_at < ${OLD}` },
  { table: 'widget_imports', days: 'messagesDays', where: `settled_at < ${OLD}` },
  {
    ...{ table: 'files', days: 'messagesDays' },
    where: `received_at < ${OLD} and status not in ('pending', 'kept')`,
  },
  {
    ...{ table: 'sessions', days: 'messagesDays' },
    // Its numbers go on as long as there are messages that have one.
    where: `status = 'closed' and relay_due_at is null and closed_at < ${OLD}
      and not exists (select from inbox_events i where i.workflow_id = rows.workflow_id and delivery_number is not null)`,
  },
  {
    ...{ table: 'partial_answers', days: 'partialAnswersDays' },
    // A session that has claimed them has them, and keeps them anew.
    where: `saved_at < ${OLD} and not exists (select from sessions s
      where s.phone_e164 = rows.phone_e164 and s.location_uid = rows.location_uid and s.status <> 'closed')`,
  },
];

const AT_ONCE = 1_000;

/** Deletes a batch of each table, each in a transaction of its own. @returns whether there may be more */
export async function deleteOutdated(pool: Pool, rules: RetentionRules): Promise<boolean> {
  let more = false;
  for (const { table, where, days } of OUTDATED) {
    const { rowCount } = await pool.query(
      `delete from ${table} where ctid = any(array(
         select ctid from ${table} as rows where ${where} limit $2 for update skip locked))`,
      [rules[days], AT_ONCE],
    );
    more ||= rowCount === AT_ONCE;
  }
  return more;
}
