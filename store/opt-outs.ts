/** What changes the ledger of opt-outs, and the history of everything that ever wanted to. */
import { writeAudit, type AuditKind } from './audit';
import { postgresNow } from './clock';
import { lockPhones, transaction, type Pool, type Queryable } from './database';
import { isDoubtful, wantSecondLook } from './doubtful-opt-outs';
import { latestUid } from './contact-history';
import { mirrorEntry, tellAgain } from './opt-out-mirrors';
import { optOutState, type OptOutSource, type OptOutState, type Wish } from './opt-out-states';
import { takeSuppression } from './suppressions';
import { storable } from './text';
import { voidSends } from './void-sends';

/** A wish to change the state of a phone. */
export interface OptOutChange {
  phone: string;
  /** The audit's name for the phone. */
  phoneHash: string;
  wish: Wish;
  source: OptOutSource;
  /** Who wants it, as declared: `customer`, or an operator's name. */
  actor: string;
  /** Which wording rule fired; null where no text was read. */
  rule: string | null;
  locationUid: string | null;
  messageUid: string | null;
  /**
   * Podium's time of it; null where it gives none, and the ledger's own counts: Postgres's, under the phone's lock.
   * The later event wins, and a tie means opted out.
   */
  at: Date | null;
  /** Of source `podium`: whose opt-out it is there, as far as that is known. */
  contactUid?: string | null;
  /** What an opt-in rests on, as declared. */
  proof?: string | null;
}

/** A change whose time is known. */
export type DatedOptOut = OptOutChange & { at: Date };

/** What the ledger did with a change. */
export interface LedgerEntry {
  historyId: number;
  /** False when the state stays as it was: so already, or a later event is known, or this very one. */
  applied: boolean;
  /** Of the state after it; null for an entry that is known already. */
  version: number | null;
  /** Whether the phone was not opted out before, and is now. */
  began: boolean;
}

/** Records a change in a transaction of its own. */
export async function recordOptOut(pool: Pool, change: OptOutChange): Promise<LedgerEntry> {
  return transaction(pool, async (client) => {
    await lockPhones(client, [change.phone]);
    return applyOptOut(client, change);
  });
}

/**
 * Records a change within a transaction that holds the phone's lock. When it applies, every open
 * session of the phone is told (by the relay), and so is Podium (by a workflow) unless Podium told us.
 * @param sure Podium has been asked: its opt-out needs no second look
 */
export async function applyOptOut(
  client: Queryable,
  wanted: OptOutChange,
  { sure = false } = {},
): Promise<LedgerEntry> {
  const change = { ...wanted, at: wanted.at ?? (await postgresNow(client)) };
  const [known = null] = await knownEntries(client, [change], { sure });
  if (known !== null) return { historyId: known, applied: false, version: null, began: false };
  await restoreSuppressed(client, change);
  const before = await optOutState(client, change.phone);
  const repeated = isRepeated(before, change);
  const doubtful = !sure && (await isDoubtful(client, change));
  const moved = !doubtful && (await changeState(client, change));
  const applied = moved && !repeated;
  const { id, version } = await writeHistory(client, change, applied);
  if (doubtful) await wantSecondLook(client, change.phone, id);
  await auditChange(client, change, { applied, doubtful });
  const began = applied && change.wish === 'opt_out' && !before?.optedOut;
  if (moved && change.wish === 'opt_out') {
    await tellSessions(client, change);
    await voidSends(client, change.phone);
  }
  if (repeated) await tellAgain(client, change.phone);
  else if (applied && (change.wish === 'opt_out' || change.wish === 'opt_in'))
    await mirrorEntry(client, change, id);
  return { historyId: id, applied, version, began };
}

/**
 * Whether it opts out who is out already by their own word, or an operator's. The first word is the evidence: a repeated
 * one is noted in the history and counts as of when it was said, and is told to Podium once more, since somebody may
 * have opted the customer in there.
 */
function isRepeated(before: OptOutState | null, { wish, source }: OptOutChange): boolean {
  return wish === 'opt_out' && source !== 'podium' && before?.optedOut === true && before.source !== 'podium';
}

const AUDIT_KINDS = {
  opt_out: 'opt_out',
  opt_in: 'opt_in',
  ask: 'opt_out_asked',
  dismiss: 'opt_out_dismissed',
} as const satisfies Record<Wish, AuditKind>;

async function auditChange(
  client: Queryable,
  change: DatedOptOut,
  { applied, doubtful }: { applied: boolean; doubtful: boolean },
): Promise<void> {
  const { source, rule, at } = change;
  await writeAudit(client, {
    key: null,
    kind: AUDIT_KINDS[change.wish],
    phoneHash: change.phoneHash,
    locationUid: change.locationUid,
    workflowId: null,
    details: {
      ...{ source, actor: storable(change.actor), rule, applied, at: at.toISOString() },
      ...(change.messageUid !== null && { message: change.messageUid }),
      ...(change.proof ? { proof: true } : {}),
      ...(doubtful ? { doubtful } : {}),
    },
  });
}

/**
 * A phone that was erased while nothing could be sent to it is known again, and opted out as before: only what is
 * younger than the erasure may change that.
 */
async function restoreSuppressed(client: Queryable, { phone, phoneHash }: OptOutChange): Promise<void> {
  const since = await takeSuppression(client, phone);
  if (since === null) return;
  const { rowCount } = await client.query(
    `insert into opt_outs (phone_e164, opted_out, version, source, recorded_at) values ($1, true, 1, 'operator', $2)
     on conflict do nothing`,
    [phone, since],
  );
  if (rowCount === 0) return; // an erasure that was broken off has left the ledger as it was
  const asBefore = {
    phone,
    phoneHash,
    wish: 'opt_out',
    source: 'operator',
    actor: 'erasure',
    rule: null,
  } as const;
  await writeHistory(client, { ...asBefore, locationUid: null, messageUid: null, at: since }, true);
}

/**
 * Podium tells of its opt-out with everything that it tells of the contact: the same one again is no new wish, nor
 * one of which a second look is under way, or has found that Podium does not hold it.
 * @param sure Podium has been asked since, and holds it
 * @returns of each change the entry that it has already, when it would change nothing; else null
 */
export async function knownEntries(
  client: Queryable,
  changes: OptOutChange[],
  { sure = false } = {},
): Promise<(number | null)[]> {
  const isTold = ({ source, wish }: OptOutChange) => source === 'podium' && wish === 'opt_out';
  if (!changes.some(isTold)) return changes.map(() => null);
  const { rows } = await client.query<{ historyId: number | null }>(
    `select (select max(h.id) from opt_out_history h join opt_outs state using (phone_e164)
              where told.is_told and h.phone_e164 = told.phone and h.wish = 'opt_out' and h.source = 'podium'
                and h.event_at = told.at and h.contact_uid is not distinct from told.contact_uid
                and (state.recorded_at > told.at or state.recorded_at = told.at and state.opted_out
                     or state.second_look_id = h.id
                     or not $5 and exists (
                                select from opt_out_history found
                                 where found.phone_e164 = h.phone_e164 and found.wish = 'dismiss'
                                   and found.source = 'podium' and found.event_at = h.event_at
                                   and found.contact_uid is not distinct from h.contact_uid))) as "historyId"
       from unnest($1::text[], $2::timestamptz[], $3::text[], $4::boolean[])
         with ordinality as told(phone, at, contact_uid, is_told, place)
      order by place`,
    [
      changes.map(({ phone }) => phone),
      changes.map(({ at }) => at),
      changes.map(({ contactUid }) => contactUid ?? null),
      changes.map(isTold),
      sure,
    ],
  );
  return rows.map(({ historyId }) => historyId);
}

/**
 * Podium does not hold an opt-out any more. That is an opt-in only where Podium itself had set it, and took
 * it from the very contact that had it: a renamed contact, or a twin, must not undo a STOP.
 * @param cleared with `shown` when the event itself shows the opt-out that was there before
 */
export async function takeBackPodiumOptOut(
  client: Queryable,
  {
    shown,
    ...cleared
  }: Pick<DatedOptOut, 'phone' | 'phoneHash' | 'locationUid' | 'at'> & {
    contactUid: string | null;
    shown: boolean;
  },
): Promise<void> {
  const { phone, at, contactUid } = cleared;
  const { rows } = await client.query<{ setBy: string | null }>(
    `select entry.contact_uid as "setBy"
       from opt_outs state
       join lateral (select contact_uid from opt_out_history h
                      where h.phone_e164 = state.phone_e164 and h.applied and h.wish = 'opt_out'
                      order by id desc limit 1) entry on true
      where phone_e164 = $1 and state.opted_out and state.source = 'podium' and state.recorded_at < $2`,
    [phone, at],
  );
  if (!rows[0]) return;
  const { setBy } = rows[0];
  const isTheirs = setBy === null ? shown : (await latestUid(client, phone, setBy)) === contactUid;
  if (!isTheirs) return;
  const change = { wish: 'opt_in', source: 'podium', actor: 'podium', rule: null, messageUid: null } as const;
  await applyOptOut(client, { ...cleared, ...change });
}

/** @returns whether the row has changed */
function changeState(client: Queryable, change: DatedOptOut): Promise<boolean> {
  switch (change.wish) {
    case 'opt_out':
    case 'opt_in':
      return decide(client, change);
    case 'ask':
      return suppress(client, change);
    case 'dismiss':
      return dismiss(client, change);
  }
}

/**
 * The later event wins, and a tie means opted out. An opt-in ends a suppression that is older.
 *
 * Podium's opt-out of a phone that is out already is most often the echo of our own mirror: it moves
 * the time but not the source, or else Podium could undo by itself what the customer told us. The other way
 * round a wish that was told to us takes over from Podium, which may have been faster to tell of it: unless it
 * is older than the last opt-in, which has undone it. What is later than an opt-out in doubt settles that, too.
 * Who says it once more moves the time alone, so that an opt-in from before that undoes nothing.
 */
async function decide(client: Queryable, change: DatedOptOut): Promise<boolean> {
  const { rowCount } = await client.query(
    `insert into opt_outs as state (phone_e164, opted_out, version, source, recorded_at) values ($1, $2, 1, $3, $4)
     on conflict (phone_e164) do update set
       opted_out    = excluded.opted_out,
       version      = state.version + 1,
       source       = case when state.opted_out and excluded.opted_out
                                and (excluded.source = 'podium' or state.source <> 'podium')
                           then state.source else excluded.source end,
       recorded_at  = greatest(excluded.recorded_at, state.recorded_at),
       second_look_id = case when (select event_at from opt_out_history h where h.id = state.second_look_id)
                                  > excluded.recorded_at - case when excluded.opted_out then interval '0'
                                                                else interval '1 microsecond' end
                             then state.second_look_id end,
       undecided_at = case when excluded.opted_out or state.undecided_at >= excluded.recorded_at
                           then state.undecided_at end
     where state.recorded_at is null
        or excluded.recorded_at > state.recorded_at
        or excluded.recorded_at = state.recorded_at and excluded.opted_out and not state.opted_out
        or excluded.opted_out and excluded.source <> 'podium' and state.opted_out and state.source = 'podium'
           and excluded.recorded_at > all (select event_at from opt_out_history h
                                            where h.phone_e164 = $1 and h.applied and h.wish = 'opt_in')`,
    [change.phone, change.wish === 'opt_out', change.source, change.at],
  );
  return rowCount === 1;
}

/** A wish in other words counts unless something later is decided. It stays beside an opt-out, which may be undone. */
async function suppress(client: Queryable, { phone, at }: DatedOptOut): Promise<boolean> {
  const { rowCount } = await client.query(
    `insert into opt_outs as state (phone_e164, opted_out, version, undecided_at) values ($1, false, 1, $2)
     on conflict (phone_e164) do update set version = state.version + 1, undecided_at = excluded.undecided_at
     where excluded.undecided_at >= coalesce(state.recorded_at, '-infinity')
       and excluded.undecided_at > coalesce(state.undecided_at, '-infinity')`,
    [phone, at],
  );
  return rowCount === 1;
}

/** The decision is about what was said until then. Podium's is about its own opt-out, and none of a customer's words. */
async function dismiss(client: Queryable, { phone, source, at }: DatedOptOut): Promise<boolean> {
  if (source === 'podium') return false;
  const { rowCount } = await client.query(
    'update opt_outs set version = version + 1, undecided_at = null where phone_e164 = $1 and undecided_at <= $2',
    [phone, at],
  );
  return rowCount === 1;
}

async function writeHistory(
  client: Queryable,
  change: DatedOptOut,
  applied: boolean,
): Promise<{ id: number; version: number }> {
  const { rows } = await client.query<{ id: number; version: number }>(
    `insert into opt_out_history
       (phone_e164, version, applied, wish, source, actor, rule, location_uid, message_uid, event_at, contact_uid, proof,
        written_at)
     values ($1, coalesce((select version from opt_outs where phone_e164 = $1), 0), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
             clock_timestamp())
     returning id, version`,
    [
      change.phone,
      applied,
      change.wish,
      change.source,
      storable(change.actor),
      change.rule,
      change.locationUid,
      change.messageUid,
      change.at,
      change.contactUid ?? null,
      change.proof ? storable(change.proof) : null,
    ],
  );
  return rows[0]!;
}

/** Something was said by these customers or to them; of those who are opted out it is noted down when. */
export async function noteSpoken(client: Queryable, spoken: { phone: string; at: Date }[]): Promise<void> {
  if (spoken.length === 0) return;
  await client.query(
    `update opt_outs state set spoken_at = greatest(state.spoken_at, said.at)
       from (select phone, max(at) as at from unnest($1::text[], $2::timestamptz[]) as said(phone, at) group by 1) said
      where state.phone_e164 = said.phone and state.opted_out`,
    [spoken.map(({ phone }) => phone), spoken.map(({ at }) => at)],
  );
}

/** Rows are locked in the one order that everyone keeps: by workflow id. */
async function tellSessions(client: Queryable, change: DatedOptOut): Promise<void> {
  await client.query(
    `update sessions set opt_out_signal_at = $2, relay_due_at = coalesce(relay_due_at, now())
      where workflow_id in (select workflow_id from sessions where phone_e164 = $1 and status <> 'closed'
                             order by workflow_id for update)`,
    [change.phone, change.at],
  );
}
