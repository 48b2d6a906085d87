/**
 * Opt-outs of Podium's that may be none. After an opt-in Podium may still tell of the former opt-out, since its
 * mirror is late, or of what we told it ourselves before. It may as well be a new one. So Podium is asked once more a
 * little later, and until then nothing leaves to the phone.
 */
import type { Queryable } from './database';
import { isEchoOfOurs } from './opt-out-mirrors';
import type { DatedOptOut } from './opt-outs';
import { wantWorkflows } from './workflow-starts';

/** By then Podium's events have come, and its contact shows what it was told. */
const SETTLES = `interval '75 seconds'`;

/**
 * Whether Podium's opt-out may be an echo of what was before the present opt-in, which customer or operator have told
 * us: Podium did not know of it yet, or had hardly heard. All that is later than that is a wish of its own.
 */
export async function isDoubtful(
  client: Queryable,
  { phone, source, wish, at }: DatedOptOut,
): Promise<boolean> {
  if (source !== 'podium' || wish !== 'opt_out') return false;
  const { rows } = await client.query<{ soon: boolean }>(
    `select mirror.state = 'pending' or $2 < greatest(state.recorded_at, mirror.told_at) + ${SETTLES} as soon
       from opt_outs state join opt_out_mirrors mirror using (phone_e164)
      where state.phone_e164 = $1 and not state.opted_out and state.source <> 'podium' and state.recorded_at <= $2`,
    [phone, at],
  );
  return rows[0] !== undefined && (rows[0].soon || (await isEchoOfOurs(client, phone, at)));
}

/**
 * Whether Podium is not to hear of an opt-in yet: that would end the very opt-out in doubt there, and the look would
 * find none. An echo of our own call it may end.
 */
export async function isOptInHeldBack(client: Queryable, phone: string): Promise<boolean> {
  const { rows } = await client.query<{ at: Date }>(
    `select event_at as at from opt_outs state join opt_out_history h on h.id = state.second_look_id
      where state.phone_e164 = $1`,
    [phone],
  );
  return rows[0] !== undefined && !(await isEchoOfOurs(client, phone, rows[0].at));
}

/**
 * Within the transaction that has doubts. Of several the latest is looked at: nothing that is earlier settles it.
 * @param historyId the entry in doubt
 */
export async function wantSecondLook(client: Queryable, phone: string, historyId: number): Promise<void> {
  const { rowCount } = await client.query(
    `update opt_outs set second_look_id = entry.id
       from opt_out_history entry
      where opt_outs.phone_e164 = $1 and entry.id = $2
        and not exists (select from opt_out_history h where h.id = second_look_id and h.event_at >= entry.event_at)`,
    [phone, historyId],
  );
  if (rowCount === 1) await startSecondLooks(client, [historyId]);
}

export function startSecondLooks(client: Queryable, historyIds: number[]): Promise<void> {
  return wantWorkflows(
    client,
    historyIds.map((historyId) => ({
      workflowType: 'optOutSecondLook',
      workflowId: `opt-out-second-look:${historyId}`,
      args: [{ historyId }],
    })),
  );
}
