/** What an opt-out does to the sends of its phone that were let through before. */
import { writeAudit } from './audit';
import type { Queryable } from './database';

/** What is older has been given up by whoever wanted it sent. */
const WAITS_AT_MOST = `interval '1 day'`;

/**
 * Within the transaction of the opt-out, under the phone's lock. A send that waits for its next attempt will not have
 * one, also should the customer opt in again meanwhile. One that the door let through last may be on the wire, which
 * nobody can call back: the audit names it, and it has no next attempt either. A confirmation has its permit.
 */
export async function voidSends(client: Queryable, phone: string): Promise<void> {
  const { rows } = await client.query<{
    id: string;
    status: 'not_sent' | 'intent';
    attempts: number;
    purpose: string;
    phoneHash: string;
    locationUid: string;
    workflowId: string | null;
    intendedAt: Date;
  }>(
    `update sends set
       voided_at = now(),
       status = case when status = 'not_sent' then 'blocked' else status end,
       error_code = case when status = 'not_sent' then 'ERR_WEBCHAT_009' else error_code end,
       settled_at = case when status = 'not_sent' then now() else settled_at end
     from (select id, status as was from sends
            where phone_e164 = $1 and status in ('not_sent', 'intent') and intended_at > now() - ${WAITS_AT_MOST}
              and id not in (select send_id from opt_out_permits where phone_e164 = $1)
            order by id for update) as waiting
     where sends.id = waiting.id
     returning sends.id, waiting.was as status, attempts, purpose, phone_hash as "phoneHash",
       location_uid as "locationUid", workflow_id as "workflowId", intended_at as "intendedAt"`,
    [phone],
  );
  for (const { id, status, attempts, purpose, intendedAt, ...of } of rows) {
    const kind = status === 'intent' ? 'send_on_wire' : 'send_blocked';
    const details = { send: id, attempt: attempts, purpose, intendedAt: intendedAt.toISOString() };
    await writeAudit(client, { key: null, kind, ...of, details: { ...details, code: 'ERR_WEBCHAT_009' } });
  }
}

/** Whether an opt-out has come since a send was wanted that has not been at the door yet; also one that was said again. */
export async function isVoid(
  client: Queryable,
  { phone, wantedAt }: { phone: string; wantedAt?: Date },
): Promise<boolean> {
  if (!wantedAt) return false;
  const { rowCount } = await client.query(
    `select from opt_out_history h
      where phone_e164 = $1 and wish = 'opt_out' and written_at >= $2
        and (applied or source <> 'podium' and event_at >= all (
               select event_at from opt_out_history back
                where back.phone_e164 = h.phone_e164 and back.applied and back.wish = 'opt_in' and back.id < h.id))
      limit 1`,
    [phone, wantedAt],
  );
  return rowCount === 1;
}
