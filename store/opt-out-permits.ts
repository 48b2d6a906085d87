/** The one text that may go to a phone that has just opted out: the confirmation, permitted by the opt-out itself. */
import type { Queryable } from './database';

/** What comes later confirms nothing any more. */
const GOOD_FOR_MS = 5 * 60_000;

/** Within the opt-out's own transaction. @param version of the ledger's state that the opt-out has made */
export async function permitSend(
  client: Queryable,
  { sendId, phone, version, now }: { sendId: string; phone: string; version: number; now: Date },
): Promise<void> {
  await client.query(
    'insert into opt_out_permits (send_id, phone_e164, version, expires_at) values ($1, $2, $3, $4)',
    [sendId, phone, version, new Date(now.getTime() + GOOD_FOR_MS)],
  );
}

/** Whether this very send may go to the phone although it is opted out. Any later change of its state ends that. */
export async function isPermitted(
  client: Queryable,
  { sendId, phone, now }: { sendId: string; phone: string; now: Date },
): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from opt_out_permits permit join opt_outs state using (phone_e164, version)
      where permit.send_id = $1 and permit.phone_e164 = $2 and permit.expires_at > $3`,
    [sendId, phone, now],
  );
  return rowCount === 1;
}
