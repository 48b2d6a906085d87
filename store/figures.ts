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
  /** Open sessions whose close is overdue, or that have had a message for as long and not dealt with it. */
  standingStill: number;
  /** In the last hour, by persons of a store, past us. */
  textsAfterOptOut: number;
  /** In the last hour. */
  optOutsWithoutPhone: number;
}

/** A close that is a little late is the timers' matter. */
const STANDING_STILL_AFTER_SECONDS = 300;

/** @param idleCloseSeconds after so long without a word a session closes */
export async function readFigures(pool: Pool, idleCloseSeconds: number): Promise<Figures> {
  const [sessions, quarantined, sends, alarms] = await Promise.all([
    // A session deals with nothing more while it waits for Podium to take a text, until its close at the latest.
    pool.query<Figures['sessions'] & Pick<Figures, 'standingStill'>>(
      `select count(*) filter (where status = 'active') as active,
              count(*) filter (where status = 'warned') as warned,
              count(*) filter (
                where dealt_at < long_ago
                   or last_number > handled_number
                      and exists (select from inbox_events e
                                   where e.workflow_id = s.workflow_id and e.delivery_number > s.handled_number
                                     and e.status = 'delivered' and e.delivered_at < long_ago)) as "standingStill"
         from sessions s, (select now() - $1 * interval '1 second' as long_ago) as time
        where status <> 'closed'`,
      [idleCloseSeconds + STANDING_STILL_AFTER_SECONDS],
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
    pool.query<Pick<Figures, 'textsAfterOptOut' | 'optOutsWithoutPhone'>>(
      `select count(*) filter (where kind = 'send_after_opt_out' and details ->> 'by' = 'agent') as "textsAfterOptOut",
              count(*) filter (where kind = 'opt_out_without_phone') as "optOutsWithoutPhone"
         from audit_entries
        where kind in ('send_after_opt_out', 'opt_out_without_phone') and at > now() - interval '1 hour'`,
    ),
  ]);
  const { standingStill, ...byStatus } = sessions.rows[0]!;
  return {
    sessions: byStatus,
    standingStill,
    ...alarms.rows[0]!,
    quarantined: quarantined.rows,
    unsettledSends: sends.rows[0]!,
  };
}
