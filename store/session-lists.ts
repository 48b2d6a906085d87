/** Sessions in numbers: lists for operators, and what a scan looks at. */
import type { Pool } from './database';
import { SESSION_COLUMNS, type Session } from './sessions';
import { WAITS } from './waiting-chats';

export interface SessionFilter {
  /** E.164; null for any. */
  phone: string | null;
  locationUid: string | null;
  /** `open` is all but closed. */
  status: 'open' | Session['status'] | null;
  /** Only those that wait for a person of the store. */
  waiting: boolean;
  limit: number;
}

/** Sessions, those with the latest message first; of those that wait, the one that has waited longest. */
export async function selectSessions(
  pool: Pool,
  { phone, locationUid, status, waiting, limit }: SessionFilter,
): Promise<Session[]> {
  const { rows } = await pool.query<Session>(
    `select ${SESSION_COLUMNS} from sessions
      where ($1::text is null or phone_e164 = $1) and ($2::text is null or location_uid = $2)
        and ($3::text is null or status = $3 or ($3 = 'open' and status <> 'closed')) ${waiting ? `and ${WAITS}` : ''}
      order by ${waiting ? 'waiting_since' : 'last_message_at desc nulls last'}, workflow_id limit $4`,
    [phone, locationUid, status, limit],
  );
  return rows;
}

export async function countSessions(pool: Pool): Promise<Record<Session['status'], number>> {
  const { rows } = await pool.query<{ status: Session['status']; count: number }>(
    'select status, count(*) as count from sessions group by status',
  );
  const counts = { active: 0, warned: 0, closed: 0 };
  for (const { status, count } of rows) counts[status] = count;
  return counts;
}

/** Open sessions for which nothing waits to be signalled: their workflow has to run. In order of workflow id. */
export async function settledOpenSessions(
  pool: Pool,
  page: { after: string; limit: number },
): Promise<Session[]> {
  const { rows } = await pool.query<Session>(
    `select ${SESSION_COLUMNS} from sessions
      where status <> 'closed' and relay_due_at is null and workflow_id > $1 order by workflow_id limit $2`,
    [page.after, page.limit],
  );
  return rows;
}
