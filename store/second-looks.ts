/** Second looks at opt-outs of Podium's that were in doubt: what Podium says then counts. */
import { startSecondLooks } from './doubtful-opt-outs';
import { lockPhones, transaction, type Pool, type Queryable } from './database';
import { latestUid } from './contact-history';
import { isEchoOfOurs, mirrorOf, tellHeldBack } from './opt-out-mirrors';
import { locationToAskBy } from './opt-out-audits';
import { optOutState } from './opt-out-states';
import { applyOptOut, type DatedOptOut } from './opt-outs';

/** Its workflow looks within minutes, unless it was terminated, or never started. */
const STRANDED = `interval '1 hour'`;

export interface SecondLook {
  phone: string;
  /** By which Podium is asked; null where none is known. */
  locationUid: string | null;
}

/** The look that an entry of the history waits for; null when something later has made it pointless. */
export async function secondLook(pool: Pool, historyId: number): Promise<SecondLook | null> {
  const phone = await phoneInDoubt(pool, historyId);
  return phone === null ? null : { phone, locationUid: await locationToAskBy(pool, phone) };
}

/** What Podium's contact says of the phone; null where nobody could ask, and then what it told before counts. */
export type SecondAnswer = { optedOutAt: Date | null; contactUid: string | null } | null;

/**
 * Decides. What Podium holds is recorded when it is not older than the opt-in; else the history says that it was
 * none, texts go on, and Podium is told of the opt-in.
 * @param last decides also while Podium is still being told of the opt-in
 * @returns `again` when Podium has not heard yet of the opt-in that ends an echo, so that its answer says nothing
 */
export async function settleSecondLook(
  pool: Pool,
  historyId: number,
  answer: SecondAnswer,
  { phoneHash, last }: { phoneHash: (phone: string) => string; last: boolean },
): Promise<'settled' | 'again'> {
  return transaction(pool, async (client) => {
    const phone = await phoneInDoubt(client, historyId);
    if (phone === null) return 'settled';
    await lockPhones(client, [phone]);
    if ((await phoneInDoubt(client, historyId)) === null) return 'settled';
    const told = { ...(await entryInDoubt(client, historyId)), phoneHash: phoneHash(phone) };
    const isEcho = await isEchoOfOurs(client, phone, told.at);
    if (!last && answer !== null && isEcho && (await mirrorOf(client, phone))?.state === 'pending')
      return 'again';
    const at = await heldSince(client, told, answer, isEcho);
    await clearDoubt(client, phone);
    if (at !== null) await applyOptOut(client, { ...told, at }, { sure: true });
    else {
      await applyOptOut(client, { ...told, wish: 'dismiss' });
      await tellHeldBack(client, phone);
    }
    return 'settled';
  });
}

/**
 * Since when the opt-out in doubt holds; null where there was none. What Podium told stands unless its answer denies
 * it: of the very contact, and not because our opt-in has ended there what was set before it.
 */
async function heldSince(
  client: Queryable,
  { phone, at, contactUid = null }: DatedOptOut,
  answer: SecondAnswer,
  isEcho: boolean,
): Promise<Date | null> {
  const ownUid = await latestUid(client, phone, contactUid);
  if (answer === null || ownUid === null || answer.contactUid !== ownUid) return at;
  const { optedOutAt } = answer;
  if (optedOutAt !== null) {
    const optedInAt = (await optOutState(client, phone))!.recordedAt!;
    return optedOutAt >= optedInAt ? optedOutAt : null;
  }
  const toldAt = (await mirrorOf(client, phone))?.toldAt ?? null;
  return isEcho || (toldAt !== null && toldAt <= at) ? null : at;
}

/** Takes up looks that nobody makes. @returns how many */
export function retrySecondLooks(pool: Pool): Promise<number> {
  return transaction(pool, async (client) => {
    const { rows } = await client.query<{ id: number }>(
      `select h.id from opt_outs state join opt_out_history h on h.id = state.second_look_id
        where h.written_at < now() - ${STRANDED}`,
    );
    await startSecondLooks(
      client,
      rows.map(({ id }) => id),
    );
    return rows.length;
  });
}

async function phoneInDoubt(client: Queryable, historyId: number): Promise<string | null> {
  const { rows } = await client.query<{ phone: string }>(
    `select phone_e164 as phone from opt_out_history h join opt_outs state using (phone_e164)
      where h.id = $1 and state.second_look_id = h.id`,
    [historyId],
  );
  return rows[0]?.phone ?? null;
}

async function entryInDoubt(client: Queryable, historyId: number): Promise<Omit<DatedOptOut, 'phoneHash'>> {
  const { rows } = await client.query<Omit<DatedOptOut, 'phoneHash'>>(
    `select phone_e164 as phone, wish, source, actor, rule, location_uid as "locationUid",
            message_uid as "messageUid", event_at as at, contact_uid as "contactUid"
       from opt_out_history where id = $1`,
    [historyId],
  );
  return rows[0]!;
}

async function clearDoubt(client: Queryable, phone: string): Promise<void> {
  await client.query('update opt_outs set second_look_id = null where phone_e164 = $1', [phone]);
}
