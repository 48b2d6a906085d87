/**
 * Looks at everyone's opt-out, in our ledger and at Podium. Where a look stands is here: a phone that is dealt
 * with is no longer to be audited, so that a look that was cut off goes on with the rest.
 */
import {
  auditVerdict,
  type DriftReason,
  type Mend,
  type OptOutLayers,
  type PodiumAnswer,
} from '../core/opt-out-audit';
import { writeAudit } from './audit';
import { postgresNow } from './clock';
import { lockPhones, transaction, type Pool, type Queryable } from './database';
import { mirrorOf, mirrorOntoContact } from './opt-out-mirrors';
import { optOutState } from './opt-out-states';
import { applyOptOut } from './opt-outs';

/** Podium gives nearly every contact within a second; what it has not given after a day is none. */
const AWAITED = `updated_at > now() - interval '1 day'`;

/** What our side says of a phone. The ledger comes first: the mirror is at least as new as it then. */
export async function ownLayers(db: Queryable, phone: string): Promise<Omit<OptOutLayers, 'podium'>> {
  const ledger = await optOutState(db, phone);
  const mirror = await mirrorOf(db, phone);
  const { rows } = await db.query<{ awaited: boolean }>(
    `select exists (select from contacts join contact_locations using (phone_e164)
                     where phone_e164 = $1 and podium_uid is null and gone_at is null and ${AWAITED}) as awaited`,
    [phone],
  );
  return { ledger, mirror, contactAwaited: rows[0]!.awaited };
}

/**
 * The location by which Podium is asked about a phone: where it has the contact, else where the customer has
 * written or opted out, served ones first; else any that is served. Null when the list is empty.
 */
export async function locationToAskBy(db: Queryable, phone: string): Promise<string | null> {
  const { rows } = await db.query<{ uid: string }>(
    `select uid
       from (select location_uid as uid, 1 as rank from contact_locations where phone_e164 = $1 and gone_at is null
              union all
             select location_uid, 2 from sessions where phone_e164 = $1
              union all
             select location_uid, 3 from opt_out_history where phone_e164 = $1
              union all
             (select uid, 4 from locations where not archived order by uid limit 1)) place
       join locations using (uid)
      order by rank = 4, archived, rank, uid limit 1`,
    [phone],
  );
  return rows[0]?.uid ?? null;
}

/** Begins a look at every phone with a state in the ledger or a contact, unless one that was cut off goes on. */
export async function beginOptOutAudit(pool: Pool): Promise<void> {
  await pool.query('insert into opt_out_audits default values on conflict do nothing');
}

/**
 * Ids of the next phones to be looked at; none at the end. They are written down page by page, with how far that has
 * come: a look at a million phones is many short statements.
 */
export async function phonesToAudit(pool: Pool, limit: number): Promise<number[]> {
  return transaction(pool, async (client) => {
    await client.query('select from opt_out_audits where finished_at is null for update');
    const left = await writtenDown(client, limit);
    if (left.length > 0) return left;
    const drawn = await drawPage(client, LEDGER, limit);
    if (drawn < limit) await drawPage(client, CONTACTS, limit - drawn);
    return writtenDown(client, limit);
  });
}

async function writtenDown(client: Queryable, limit: number): Promise<number[]> {
  const { rows } = await client.query<{ id: number }>('select id from phones_to_audit order by id limit $1', [
    limit,
  ]);
  return rows.map(({ id }) => id);
}

/** Where phones come from, in the order of an id that tells nothing of them. */
interface PhoneSource {
  /** Column of `opt_out_audits` with the last id that was written down. */
  doneTo: string;
  /** Rows with `id` and `phone_e164`. */
  rows: string;
}

const LEDGER: PhoneSource = {
  doneTo: 'ledger_done_to',
  rows: 'select row_id as id, phone_e164 from opt_outs',
};
const CONTACTS: PhoneSource = {
  doneTo: 'contact_done_to',
  rows: `select contact_id as id, phone_e164 from contacts
          where not exists (select from opt_outs where opt_outs.phone_e164 = contacts.phone_e164)`,
};

/** @returns how many; fewer than the limit when there are none left */
async function drawPage(
  client: Queryable,
  { doneTo, rows: source }: PhoneSource,
  limit: number,
): Promise<number> {
  const { rows } = await client.query<{ drawn: number }>(
    `with audit as (
       select id, ${doneTo} as done_to from opt_out_audits where finished_at is null
     ), page as (
       select source.* from audit, lateral (select * from (${source}) as known
         where audit.done_to is null or known.id > audit.done_to order by known.id limit $1) as source
     ), listed as (
       insert into phones_to_audit (phone_e164) select phone_e164 from page on conflict do nothing
     )
     update opt_out_audits set ${doneTo} = (select id from page order by id desc limit 1)
       from audit where opt_out_audits.id = audit.id and exists (select from page)
     returning (select count(*) from page) as drawn`,
    [limit],
  );
  return rows[0]?.drawn ?? 0;
}

/** The phone with this id, and the location to ask by; null when it has been dealt with. */
export async function phoneToAudit(
  pool: Pool,
  id: number,
): Promise<{ phone: string; locationUid: string | null } | null> {
  const { rows } = await pool.query<{ phone: string }>(
    'select phone_e164 as phone from phones_to_audit where id = $1',
    [id],
  );
  const phone = rows[0]?.phone;
  return phone === undefined ? null : { phone, locationUid: await locationToAskBy(pool, phone) };
}

/** What Podium has said of a phone. */
export interface Look {
  phone: string;
  /** The audit's name for the phone. */
  phoneHash: string;
  podium: PodiumAnswer;
  /** Of Podium's contact; null when there is none. */
  contactUid: string | null;
}

/**
 * Compares what Podium said with our side as it is now, mends what may be mended, and notes down what was found:
 * one transaction under the phone's lock, so that each is done once, whatever is repeated. In the audit stands
 * what was mended, and drift that is new or has another reason than before.
 */
export async function settleLook(pool: Pool, id: number, look: Look): Promise<void> {
  await transaction(pool, async (client) => {
    const { phone, phoneHash, podium } = look;
    await lockPhones(client, [phone]);
    if (!(await takeOff(client, id))) return;
    const now = await postgresNow(client);
    const verdict = auditVerdict({ ...(await ownLayers(client, phone)), podium }, now);
    if (verdict.consistent === null) return count(client, 'not_asked');
    if (verdict.consistent) {
      await forgetDrift(client, phone);
      return count(client, 'agreed');
    }
    const { reason } = verdict;
    const mend = verdict.mend && (await isMended(client, verdict.mend, look)) ? verdict.mend : null;
    await countDrift(client, reason, mend !== null);
    const isNew = await noteDrift(client, phone, reason, mend);
    if (!isNew && mend === null) return;
    await writeAudit(client, {
      ...{ key: null, kind: 'opt_out_drift_found', phoneHash, locationUid: null, workflowId: null },
      details: { reason, mend },
    });
  });
}

/** Of a phone nobody can tell: Podium could not be asked. */
export async function skipLook(pool: Pool, id: number): Promise<void> {
  await transaction(pool, async (client) => {
    if (await takeOff(client, id)) await count(client, 'not_asked');
  });
}

/** Every phone has been looked at. */
export async function endOptOutAudit(pool: Pool): Promise<void> {
  await pool.query('update opt_out_audits set finished_at = now() where finished_at is null');
}

/** The phone is dealt with. @returns false when it was already */
async function takeOff(client: Queryable, id: number): Promise<boolean> {
  const { rowCount } = await client.query('delete from phones_to_audit where id = $1', [id]);
  return rowCount === 1;
}

async function count(client: Queryable, what: 'agreed' | 'not_asked'): Promise<void> {
  await client.query(`update opt_out_audits set ${what} = ${what} + 1 where finished_at is null`);
}

async function countDrift(client: Queryable, reason: DriftReason, mended: boolean): Promise<void> {
  await client.query(
    `update opt_out_audits set
       drifted = drifted || jsonb_build_object($1::text, coalesce((drifted ->> $1)::integer, 0) + 1),
       mended = mended + $2::integer
     where finished_at is null`,
    [reason, Number(mended)],
  );
}

/** Does what may be done without a person. @returns whether that has changed anything */
async function isMended(client: Queryable, mend: Mend, look: Look): Promise<boolean> {
  if (mend === 'record') return recordPodiums(client, look);
  await mirrorOntoContact(client, [look.phone]);
  return true;
}

/** An opt-out that Podium has and no event of its has told. @returns whether it is our state now */
async function recordPodiums(
  client: Queryable,
  { phone, phoneHash, podium, contactUid }: Look,
): Promise<boolean> {
  if (podium.kind !== 'contact' || podium.optedOutAt === null) return false;
  const optOut = { wish: 'opt_out', source: 'podium', actor: 'podium', rule: null } as const;
  const of = { phone, phoneHash, locationUid: null, messageUid: null, at: podium.optedOutAt, contactUid };
  const { applied } = await applyOptOut(client, { ...optOut, ...of }, { sure: true });
  return applied;
}

/** What was recorded here drifts no more. @returns whether the drift is new, or was of another reason */
async function noteDrift(
  client: Queryable,
  phone: string,
  reason: DriftReason,
  mend: Mend | null,
): Promise<boolean> {
  if (mend === 'record') {
    await forgetDrift(client, phone);
    return true;
  }
  const { rows } = await client.query<{ isNew: boolean }>(
    `insert into opt_out_drifts as known (phone_e164, reason, first_seen_at, last_seen_at, told_again)
     values ($1, $2, now(), now(), $3)
     on conflict (phone_e164) do update set
       first_seen_at = case when known.reason = excluded.reason then known.first_seen_at else now() end,
       reason = excluded.reason, last_seen_at = now(), told_again = excluded.told_again
     returning first_seen_at = now() as "isNew"`,
    [phone, reason, mend === 'tell_again'],
  );
  return rows[0]!.isNew;
}

async function forgetDrift(client: Queryable, phone: string): Promise<void> {
  await client.query('delete from opt_out_drifts where phone_e164 = $1', [phone]);
}

/** What a look at everyone has come to. */
export interface OptOutAudit {
  startedAt: Date;
  /** Null while it goes on, or waits to be gone on with. */
  finishedAt: Date | null;
  /** Phones of which both sides are known: they agree or drift. */
  lookedAt: number;
  agreed: number;
  /** By reason, mended ones too; reasons without any are left out. */
  drifted: Partial<Record<DriftReason, number>>;
  mended: number;
  /** Phones of which nobody can tell: Podium did not answer, or does not give their contact yet. */
  notAsked: number;
}

/** The last look that came to its end, and the one that goes on; null for none. */
export async function lastOptOutAudits(
  pool: Pool,
): Promise<{ last: OptOutAudit | null; underWay: OptOutAudit | null }> {
  const { rows } = await pool.query<Omit<OptOutAudit, 'lookedAt'>>(
    `(select started_at as "startedAt", finished_at as "finishedAt", agreed, drifted, mended, not_asked as "notAsked"
        from opt_out_audits where finished_at is not null order by id desc limit 1)
      union all
     (select started_at, finished_at, agreed, drifted, mended, not_asked from opt_out_audits where finished_at is null)`,
  );
  const audits = rows.map((row) => {
    const drifted = Object.values(row.drifted).reduce((sum, each) => sum + each, 0);
    return { ...row, lookedAt: row.agreed + drifted };
  });
  return {
    last: audits.find(({ finishedAt }) => finishedAt !== null) ?? null,
    underWay: audits.find(({ finishedAt }) => finishedAt === null) ?? null,
  };
}

/** A phone of which drift was found. */
export interface Drift {
  phone: string;
  reason: DriftReason;
  /** Since when it is known, with this reason. */
  firstSeenAt: Date;
  lastSeenAt: Date;
  /** Whether Podium was told again by that look. */
  toldAgain: boolean;
}

/** The phones that drift, those that are known for longest first. */
export async function optOutDrifts(pool: Pool): Promise<Drift[]> {
  const { rows } = await pool.query<Drift>(
    `select phone_e164 as phone, reason, first_seen_at as "firstSeenAt", last_seen_at as "lastSeenAt",
            told_again as "toldAgain"
       from opt_out_drifts order by first_seen_at, phone_e164`,
  );
  return rows;
}
