/** The one text that may go to a phone that has just opted out: the confirmation, permitted by the opt-out itself. */
import type { Queryable } from './database';

/** What comes later confirms nothing any more. */
export const PERMIT_MS = 5 * 60_000;

/**
 * Within the opt-out's own transaction. The time of the permit counts from the opt-out.
 * @param version of the ledger's state that the opt-out has made
 */
export async function permitSend(
  client: Queryable,
  {
    sendId,
    phone,
    version,
    optedOutAt,
  }: { sendId: string; phone: string; version: number; optedOutAt: Date },
): Promise<void> {
  await client.query(
    'insert into opt_out_permits (send_id, phone_e164, version, expires_at) values ($1, $2, $3, $4)',
    [sendId, phone, version, new Date(optedOutAt.getTime() + PERMIT_MS)],
  );
}

/** Whether this very send may go to the phone although it is opted out. A change of mind ends that; another STOP does not. */
export async function isPermitted(
  client: Queryable,
  { sendId, phone }: { sendId: string; phone: string },
): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from opt_out_permits permit
      where send_id = $1 and phone_e164 = $2 and expires_at > clock_timestamp()
        and not exists (select from opt_out_history later
                         where later.phone_e164 = $2 and later.version > permit.version
                           and later.applied and later.wish = 'opt_in')`,
    [sendId, phone],
  );
  return rowCount === 1;
}
