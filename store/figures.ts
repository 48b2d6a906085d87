/** Figures of what is open or set aside, for those who watch the system. Each is read by an index that stays small. */
import type { SessionStatus } from '../core/session';
import type { Pool } from './database';

export interface Figures {
  /** Sessions that are open, by status. */
  sessions: Record<Extract<SessionStatus, 'active' | 'warned'>, number>;
  /** Events that are set aside, by the code of the reason. */
  quarantined: { code: string; count: number }[];
  /** Texts of the last hour that have been on their way for more than a minute: nobody knows whether they left, or they did not. */
  unsettledSends: { unknown: number; notSent: number };
}

export async function readFigures(pool: Pool): Promise<Figures> {
  const [sessions, quarantined, sends] = await Promise.all([
    pool.query<{ active: number; warned: number }>(
      `select count(*) filter (where status = 'active') as active,
              count(*) filter (where status = 'warned') as warned
         from sessions where status <> 'closed'`,
    ),
    pool.query<{ code: string; count: number }>(
      `select error_code as code, count(*) as count
         from inbox_events where status = 'quarantined' group by error_code order by error_code`,
    ),
    // What is older has been given up by its session, and stands there as it is.
    pool.query<{ unknown: number; notSent: number }>(
      `select count(*) filter (where status = 'intent') as unknown,
              count(*) filter (where status = 'not_sent') as "notSent"
         from sends where status in ('intent', 'not_sent')
          and intended_at between now() - interval '1 hour' and now() - interval '1 minute'`,
    ),
  ]);
  return {
    sessions: sessions.rows[0]!,
    quarantined: quarantined.rows,
    unsettledSends: sends.rows[0]!,
  };
}
