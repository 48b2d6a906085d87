/** The answers of an unfinished intake: kept for the customer's next session, and given back once. */
import { isPartialState } from '../core/partial-state';
import type { Answers, PartialState } from '../core/session';
import type { Pool, Queryable } from './database';
import type { SessionKey } from './sessions';

/** Phones get new owners: older answers are given to nobody. For `partial_answers`. @param days a parameter, as $1 */
export const answersWait = (days: string) =>
  `claimed_by is null and saved_at > now() - ${days} * interval '1 day'`;

export async function claimAnswers(
  client: Queryable,
  claim: { phone: string; locationUid: string; firstRunId: string; answersWaitDays: number },
): Promise<PartialState | null> {
  const { rows } = await client.query<{ state: PartialState }>(
    `update partial_answers set claimed_by = $3
      where phone_e164 = $1 and location_uid = $2 and (claimed_by = $3 or ${answersWait('$4')})
     returning state`,
    [claim.phone, claim.locationUid, claim.firstRunId, claim.answersWaitDays],
  );
  return rows[0]?.state ?? null;
}

export async function keepAnswers(
  client: Queryable,
  { phone, locationUid }: SessionKey,
  partial: PartialState | null | undefined,
): Promise<void> {
  if (partial === undefined) {
    await client.query(
      'update partial_answers set claimed_by = null where phone_e164 = $1 and location_uid = $2',
      [phone, locationUid],
    );
  } else if (partial) {
    await client.query(
      `insert into partial_answers (phone_e164, location_uid, state, saved_at) values ($1, $2, $3, now())
       on conflict (phone_e164, location_uid) do update
         set state = excluded.state, saved_at = excluded.saved_at, claimed_by = null`,
      [phone, locationUid, JSON.stringify(partial)],
    );
  } else {
    await client.query('delete from partial_answers where phone_e164 = $1 and location_uid = $2', [
      phone,
      locationUid,
    ]);
  }
}

/** The answers of an unfinished intake that wait for the next session; whatever else stands there is none. */
export async function keptAnswers(pool: Pool, phone: string, locationUid: string): Promise<Answers> {
  const { rows } = await pool.query<{ state: unknown }>(
    'select state from partial_answers where phone_e164 = $1 and location_uid = $2',
    [phone, locationUid],
  );
  const state = rows[0]?.state;
  return isPartialState(state) ? state.answers : [];
}
