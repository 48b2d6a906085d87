/**
 * What the relay takes from the store and gives back. It locks sessions, not messages: with locks on
 * messages alone a second server could signal the third one before the first.
 */
import type { Failure, Source } from '../core/events';
import type { SessionMessage } from '../core/session';
import { writeAudit } from './audit';
import { transaction, type Pool, type Queryable } from './database';
import { traceIdOf } from './trace-id';
import type { WantedWorkflow } from './workflow-starts';

/** What one signal carries at most. */
const MOST_MESSAGES = 100;
const MOST_BYTES = 256 * 1024;

/** A session that has something to be signalled, leased to one relay. */
export interface SessionClaim {
  workflowId: string;
  /** Only its holder may settle the claim; a later claim has another one. */
  token: string;
  phone: string;
  locationUid: string;
  /** In order and numbered; what is delivered again has the number that it had. */
  messages: SessionMessage[];
  /** Podium's time of an opt-out that the session has not been told of. */
  optOutAt: Date | null;
}

/** A wanted workflow that is due. Its id makes a second start harmless, so no token guards it. */
export type WorkflowStart = WantedWorkflow & { id: number; args: [{ traceId?: string }] };

/**
 * Leases up to `limit` sessions that are due, for `leaseMs`; each session has one holder at a time.
 * A holder that dies loses it with the time, and the next one gets the same messages under the same numbers.
 */
export async function claimSessions(pool: Pool, limit: number, leaseMs: number): Promise<SessionClaim[]> {
  return transaction(pool, async (client) => {
    const claims = await leaseSessions(client, limit, leaseMs);
    if (claims.length === 0) return [];
    // A statement of its own: its snapshot is younger than the locks.
    const messages = await numberMessages(client, claims);
    return claims.map((claim) => ({ ...claim, messages: messages.get(claim.workflowId) ?? [] }));
  });
}

async function leaseSessions(
  client: Queryable,
  limit: number,
  leaseMs: number,
): Promise<Omit<SessionClaim, 'messages'>[]> {
  const { rows } = await client.query<Omit<SessionClaim, 'messages'>>(
    `update sessions set relay_token = gen_random_uuid(), relay_due_at = now() + $2 * interval '1 ms'
      where workflow_id in (select workflow_id from sessions where relay_due_at <= now()
                             order by relay_due_at limit $1 for update skip locked)
     returning workflow_id as "workflowId", relay_token as token, phone_e164 as phone,
               location_uid as "locationUid", opt_out_signal_at as "optOutAt"`,
    [limit, leaseMs],
  );
  return rows;
}

interface NumberedRow {
  workflowId: string;
  number: number;
  message: SessionMessage;
  contract: Source;
  eventId: string;
}

/** Gives the next numbers to what has none yet, within what one signal carries. The first one always goes. */
async function numberMessages(
  client: Queryable,
  claims: { workflowId: string }[],
): Promise<Map<string, SessionMessage[]>> {
  const { rows } = await client.query<NumberedRow>(
    `with waiting as (
       select id, workflow_id, delivery_number, message, contract, event_id, row_number() over waits as place,
              sum(octet_length(message::text)) over waits as bytes
         from inbox_events where status = 'pending' and workflow_id = any($1)
       window waits as (partition by workflow_id order by delivery_number nulls last, id)
     ), taken as (
       select *, count(*) filter (where delivery_number is null) over (partition by workflow_id order by place) as step
         from waiting where place = 1 or place <= $2 and bytes <= $3
     ), numbered as (
       update inbox_events set delivery_number = sessions.last_number + taken.step
         from taken join sessions on sessions.workflow_id = taken.workflow_id
        where inbox_events.id = taken.id and taken.delivery_number is null
       returning inbox_events.id, inbox_events.delivery_number
     ), counted as (
       update sessions set last_number = last_number + steps.count
         from (select workflow_id, max(step) as count from taken group by workflow_id) as steps
        where sessions.workflow_id = steps.workflow_id
     )
     select taken.workflow_id as "workflowId", coalesce(numbered.delivery_number, taken.delivery_number) as number,
            taken.message, taken.contract, taken.event_id as "eventId"
       from taken left join numbered on numbered.id = taken.id
      order by taken.workflow_id, taken.place`,
    [claims.map((claim) => claim.workflowId), MOST_MESSAGES, MOST_BYTES],
  );
  const bySession = new Map<string, SessionMessage[]>();
  for (const { workflowId, number, message, ...event } of rows) {
    const messages = bySession.get(workflowId) ?? [];
    bySession.set(workflowId, [...messages, { ...message, number, traceId: traceIdOf(event) }]);
  }
  return bySession;
}

/**
 * The workflow has it all. Whatever came meanwhile makes the session due again at once.
 * @returns false when the lease had run out and another relay holds the session: nothing changes then
 */
export async function settleClaim(pool: Pool, claim: SessionClaim): Promise<boolean> {
  return endClaim(pool, claim, async (client) => {
    await client.query(
      `update inbox_events set status = 'delivered', delivered_at = now()
        where workflow_id = $1 and delivery_number = any($2) and status = 'pending'`,
      [claim.workflowId, claim.messages.map((message) => message.number)],
    );
  });
}

/**
 * Temporal refuses the messages for good: they are set aside with the reason, and the session goes on without. One that
 * was to begin with them has no run, and ends.
 */
export async function quarantineMessages(
  pool: Pool,
  claim: SessionClaim,
  failure: Failure,
): Promise<boolean> {
  return endClaim(pool, claim, async (client) => {
    await client.query(
      `update inbox_events set status = 'quarantined', delivery_number = null, error_code = $3, error_message = $4
        where workflow_id = $1 and delivery_number = any($2) and status = 'pending'`,
      [claim.workflowId, claim.messages.map((message) => message.number), failure.code, failure.message],
    );
    await closeWithoutRun(client, claim.workflowId, failure.code);
  });
}

/** The row is locked. Nobody else would ever close it; the answers wait for the next session. */
async function closeWithoutRun(client: Queryable, workflowId: string, code: string): Promise<void> {
  const { rows } = await client.query<{ session: string; locationUid: string }>(
    `update sessions set status = 'closed', close_reason = 'completed', closed_at = now(), opt_out_signal_at = null
      where workflow_id = $1 and status <> 'closed'
        and not exists (select from inbox_events
                         where workflow_id = $1
                           and (status = 'pending' or status = 'delivered' and delivered_at >= opened_at))
     returning session_uid as session, location_uid as "locationUid"`,
    [workflowId],
  );
  for (const { session, locationUid } of rows)
    await writeAudit(client, {
      ...{ key: null, kind: 'session_closed', phoneHash: null, locationUid, workflowId },
      details: { session, reason: 'completed', actor: null, code },
    });
}

/** The signal could not be made: all stays as it is, and the session is due again in `pauseMs`. */
export async function failClaim(pool: Pool, claim: SessionClaim, pauseMs: number): Promise<boolean> {
  const { rowCount } = await pool.query(
    `update sessions set relay_token = null, relay_due_at = now() + $3 * interval '1 ms'
      where workflow_id = $1 and relay_token = $2`,
    [claim.workflowId, claim.token, pauseMs],
  );
  return rowCount === 1;
}

/** The session is locked first: a receiver is then either seen, or finds it free and makes it due itself. */
async function endClaim(
  pool: Pool,
  claim: SessionClaim,
  settleMessages: (client: Queryable) => Promise<void>,
): Promise<boolean> {
  return transaction(pool, async (client) => {
    const { rowCount } = await client.query(
      'select from sessions where workflow_id = $1 and relay_token = $2 for update',
      [claim.workflowId, claim.token],
    );
    if (rowCount !== 1) return false;
    await settleMessages(client);
    await client.query(
      `update sessions set
         relay_token = null,
         opt_out_signal_at = nullif(opt_out_signal_at, $2),
         relay_due_at = case when nullif(opt_out_signal_at, $2) is not null
                               or exists (select from inbox_events where workflow_id = $1 and status = 'pending')
                             then now() end
       where workflow_id = $1`,
      [claim.workflowId, claim.optOutAt],
    );
    return true;
  });
}

/** Takes up to `limit` workflows that are due, and keeps other servers off them for `leaseMs`. */
export async function claimWorkflowStarts(
  pool: Pool,
  limit: number,
  leaseMs: number,
): Promise<WorkflowStart[]> {
  const { rows } = await pool.query<WorkflowStart>(
    `update workflow_starts set due_at = now() + $2 * interval '1 ms'
      where id in (select id from workflow_starts where due_at <= now()
                    order by due_at, id limit $1 for update skip locked)
     returning id, workflow_type as "workflowType", workflow_id as "workflowId", args`,
    [limit, leaseMs],
  );
  return rows;
}

/** The workflow runs, or ran already. */
export async function deleteWorkflowStart(pool: Pool, id: number): Promise<void> {
  await pool.query('delete from workflow_starts where id = $1', [id]);
}

/** How much waits to be signalled, and since when. */
export async function countPending(pool: Pool): Promise<{ pending: number; oldestReceivedAt: Date | null }> {
  const { rows } = await pool.query<{ pending: number; oldestReceivedAt: Date | null }>(
    `select count(*) as pending, min(received_at) as "oldestReceivedAt" from inbox_events where status = 'pending'`,
  );
  return rows[0]!;
}
