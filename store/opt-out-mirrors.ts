/**
 * How far Podium knows our opt-outs. The ledger decides about every send and never looks here: a mirror that
 * cannot be told changes nothing of it.
 */
import { lockPhones, transaction, type Pool, type Queryable } from './database';
import { wantWorkflows, type WantedWorkflow } from './workflow-starts';

/**
 * `pending`: to be told, and tried until it is. `told`: Podium has it, from us or by itself. `not_permitted`:
 * Podium does not let our application do it, which may change any day. `refused`: for good, as things are.
 */
export type MirrorState = 'pending' | 'told' | 'not_permitted' | 'refused';
export const MIRROR_STATES: readonly MirrorState[] = ['pending', 'told', 'not_permitted', 'refused'];

/** An entry of the history, with what telling Podium about it takes. */
export interface HistoryEntry {
  phone: string;
  optedOut: boolean;
  /** True when a later entry has changed the state: there is nothing left to tell. */
  superseded: boolean;
  /**
   * Where the wish came in; else the store where the customer was last, or any that is known of them: by another
   * wish, or as a contact. One that is served comes before one that is unknown or archived, of which Podium would
   * take nothing.
   */
  locationUid: string | null;
  contactUid: string | null;
}

/** What became of an attempt to tell Podium. */
export type MirrorOutcome =
  | { kind: 'told' }
  | { kind: 'not_permitted'; code: string }
  | { kind: 'refused'; code: string }
  /** To be tried again; Podium may have heard it. */
  | { kind: 'failed'; code: string }
  /** A later entry has come before this one was tried again, and an earlier attempt may have been heard. */
  | { kind: 'overtaken' };

/** Nothing of the customer says by which store Podium could be told. */
export const NO_STORE = 'no_location';

/** Podium's clock and ours, and the time that a call takes to have its effect. */
const ECHO_TOLERANCE = `interval '5 seconds'`;

/** Longer than any call. One whose end nobody wrote down, since its worker died, is at work no longer. */
const LONGEST_CALL = `interval '1 minute'`;

/** To be told, and not tried for longer than its workflow would wait: that has been terminated, or was never started. */
const STRANDED = `state = 'pending'
  and coalesce(last_attempt_at, (select written_at from opt_out_history where id = history_id)) < now() - interval '1 hour'`;

/** Notes down what Podium is to know from now on, and has it told, unless it told us. */
export async function mirrorEntry(
  client: Queryable,
  { phone, wish, source }: { phone: string; wish: string; source: string },
  historyId: number,
): Promise<void> {
  const state: MirrorState = source === 'podium' ? 'told' : 'pending';
  await client.query(
    `insert into opt_out_mirrors as mirror (phone_e164, history_id, opted_out, state, told_at)
     values ($1, $2, $3, $4, case when $4 = 'told' then now() end)
     on conflict (phone_e164) do update set
       history_id = excluded.history_id, opted_out = excluded.opted_out, state = excluded.state,
       told_at = excluded.told_at, attempts = 0, last_attempt_at = null, error_code = null,
       not_permitted_since = case when excluded.state = 'told' then null else mirror.not_permitted_since end`,
    [phone, historyId, wish === 'opt_out', state],
  );
  if (state === 'pending') await wantMirrors(client, [historyId]);
}

/** Has Podium told somewhat later than at once. */
export async function delayMirror(client: Queryable, historyId: number): Promise<void> {
  await client.query(
    `update workflow_starts set due_at = due_at + interval '15 seconds' where workflow_id = $1`,
    [mirrorWorkflowId(historyId)],
  );
}

const mirrorWorkflowId = (historyId: number) => `opt-out-mirror:${historyId}`;

/** The entry with this id, for the workflow that tells Podium. */
export async function historyEntry(pool: Pool, id: number): Promise<HistoryEntry | null> {
  const { rows } = await pool.query<HistoryEntry>(
    `select h.phone_e164 as phone, h.wish = 'opt_out' as "optedOut",
            (select history_id from opt_out_mirrors m where m.phone_e164 = h.phone_e164) is distinct from h.id as superseded,
            (select place.uid
               from (select h.location_uid as uid, true as of_wish, null::timestamptz as last_at
                      where h.location_uid is not null
                     union all
                     select location_uid, false, last_message_at from sessions where phone_e164 = h.phone_e164
                     union all
                     select location_uid, false, written_at from opt_out_history other
                      where other.phone_e164 = h.phone_e164 and location_uid is not null
                     union all
                     select location_uid, false, null from contact_locations
                      where phone_e164 = h.phone_e164 and gone_at is null) place
               left join locations served on served.uid = place.uid and not served.archived
              order by served.uid is null, of_wish desc, last_at desc nulls last limit 1) as "locationUid",
            contact.podium_uid as "contactUid"
       from opt_out_history h
       left join contacts contact on contact.phone_e164 = h.phone_e164
      where h.id = $1`,
    [id],
  );
  return rows[0] ?? null;
}

/** Podium is about to be told. From here on an opt-out that it tells of may be the echo. */
export async function beginMirror(pool: Pool, { phone, optedOut }: HistoryEntry): Promise<void> {
  await pool.query(
    `update opt_out_mirrors set attempts = attempts + 1, last_attempt_at = now(),
       out_call_from = case when $2 then now() else out_call_from end,
       out_call_until = case when $2 then null else out_call_until end
     where phone_e164 = $1`,
    [phone, optedOut],
  );
}

/**
 * Writes what became of an attempt. Where Podium may have been told what is not so any more, it is told the
 * present state once more: of two calls under way nobody knows which one came last.
 */
export async function settleMirror(pool: Pool, historyId: number, outcome: MirrorOutcome): Promise<void> {
  const entry = await historyEntry(pool, historyId);
  if (!entry) return;
  const { phone, optedOut, locationUid } = entry;
  await transaction(pool, async (client) => {
    await lockPhones(client, [phone]);
    if (optedOut)
      await client.query('update opt_out_mirrors set out_call_until = now() where phone_e164 = $1', [phone]);
    const { rows } = await client.query<{ isPresent: boolean; sameState: boolean; presentId: number }>(
      `select mirror.history_id = $2 as "isPresent", state.opted_out = $3 as "sameState",
              mirror.history_id as "presentId"
         from opt_out_mirrors mirror join opt_outs state using (phone_e164) where phone_e164 = $1`,
      [phone, historyId, optedOut],
    );
    const mirror = rows[0];
    if (!mirror) return;
    const mayBeTold = outcome.kind === 'told' || outcome.kind === 'overtaken';
    if (mayBeTold && !mirror.sameState) await tellPresentState(client, phone, mirror.presentId, historyId);
    else if (mirror.isPresent) await writeOutcome(client, phone, locationUid, outcome);
    if (outcome.kind === 'told') await permittedAgain(client, locationUid);
  });
}

async function tellPresentState(
  client: Queryable,
  phone: string,
  presentId: number,
  afterId: number,
): Promise<void> {
  await client.query(`update opt_out_mirrors set state = 'pending', told_at = null where phone_e164 = $1`, [
    phone,
  ]);
  // An id of its own: the one that is under way may have called before this one's effect.
  await wantMirrors(client, [presentId], `:after-${afterId}`);
}

async function writeOutcome(
  client: Queryable,
  phone: string,
  locationUid: string | null,
  outcome: MirrorOutcome,
): Promise<void> {
  const { kind } = outcome;
  if (kind === 'overtaken') return;
  const state: MirrorState = kind === 'failed' ? 'pending' : kind;
  await client.query(
    `update opt_out_mirrors set state = $2, location_uid = $3, error_code = $4,
       told_at = case when $2 = 'told' then now() else told_at end,
       not_permitted_since = case when $2 = 'not_permitted' then coalesce(not_permitted_since, now())
                                  when $2 = 'told' then null else not_permitted_since end
     where phone_e164 = $1`,
    [phone, state, locationUid, kind === 'told' ? null : outcome.code],
  );
}

/** What Podium permits for one phone of a store it permits for all of them. */
async function permittedAgain(client: Queryable, locationUid: string | null): Promise<void> {
  await wantAgain(client, `state = 'not_permitted' and location_uid = $1`, [locationUid], 'skip locked');
}

/**
 * Tries again what Podium did not permit: one phone of each store, the oldest; the others follow as soon as
 * one of their store was taken. And what should have been told long ago, and nobody tells.
 * @returns how many are tried
 */
export function retryUntold(pool: Pool, note?: Note): Promise<number> {
  const oldestOfEach = `phone_e164 in (select distinct on (location_uid) phone_e164 from opt_out_mirrors
                                        where state = 'not_permitted' order by location_uid, not_permitted_since)`;
  return transaction(pool, async (client) => {
    const tried = await wantAgain(client, `${oldestOfEach} or ${STRANDED}`, [], 'skip locked');
    await note?.(client, tried);
    return tried;
  });
}

/** Writes more of an act of somebody in its transaction, once it is known of how many phones Podium is told. */
type Note = (client: Queryable, tried: number) => Promise<void>;

/** Tells Podium again what it was not told, of one phone. @returns whether there was anything to be told */
export async function retryMirror(pool: Pool, phone: string, note?: Note): Promise<boolean> {
  const untold = `phone_e164 = $1 and (state in ('not_permitted', 'refused') or ${STRANDED})`;
  return transaction(pool, async (client) => {
    const tried = await wantAgain(client, untold, [phone]);
    await note?.(client, tried);
    return tried > 0;
  });
}

/**
 * Tells Podium of an opt-out that was said again, whatever became of it before: it may have been undone there, or there
 * is a store for it now. What is being told is left to its workflow, which may have a confirmation go before it.
 */
export async function tellAgain(client: Queryable, phone: string): Promise<void> {
  await wantAgain(client, `phone_e164 = $1 and opted_out and (state <> 'pending' or ${STRANDED})`, [phone]);
}

/** Tells Podium of the opt-in that a second look has held back. */
export async function tellHeldBack(client: Queryable, phone: string): Promise<void> {
  await wantAgain(client, `phone_e164 = $1 and state = 'pending' and not opted_out`, [phone]);
}

/** Podium has other contacts for the phones now: an opt-out that the ones before had is to be known of them too. */
export async function mirrorOntoContact(client: Queryable, phones: string[]): Promise<void> {
  if (phones.length === 0) return;
  await wantAgain(client, `phone_e164 = any($1) and opted_out and state in ('told', 'refused')`, [phones]);
}

/**
 * @param held `skip locked` where it may be rows of many phones, whose locks are not held: they would be taken in
 * any order, and whoever is at work on one sees to it that Podium is told
 */
async function wantAgain(
  client: Queryable,
  which: string,
  values: unknown[],
  held: '' | 'skip locked' = '',
): Promise<number> {
  const { rows } = await client.query<{ historyId: number }>(
    `update opt_out_mirrors set state = 'pending'
      where phone_e164 in (select phone_e164 from opt_out_mirrors where ${which} for update ${held})
     returning history_id as "historyId"`,
    values,
  );
  await wantMirrors(
    client,
    rows.map(({ historyId }) => historyId),
  );
  return rows.length;
}

function wantMirrors(client: Queryable, historyIds: number[], suffix = ''): Promise<void> {
  return wantWorkflows(
    client,
    historyIds.map((historyId) => mirrorWorkflow(historyId, suffix)),
  );
}

/** The workflow that tells Podium of an entry. @param suffix of one that may run beside an earlier one */
export function mirrorWorkflow(historyId: number, suffix = ''): WantedWorkflow {
  const workflowId = `${mirrorWorkflowId(historyId)}${suffix}`;
  return { workflowType: 'optOutMirror', workflowId, args: [{ historyId }] };
}

/**
 * Whether an opt-out that Podium tells of is the echo of our own telling, which an opt-in has overtaken: it
 * happened there while our call was at work.
 */
export async function isEchoOfOurs(client: Queryable, phone: string, at: Date): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from opt_out_mirrors
      where phone_e164 = $1 and not opted_out and $2 >= out_call_from - ${ECHO_TOLERANCE}
        and $2 <= coalesce(out_call_until, least(now(), out_call_from + ${LONGEST_CALL})) + ${ECHO_TOLERANCE}`,
    [phone, at],
  );
  return rowCount === 1;
}

/** How far Podium knows the state of a phone. */
export interface Mirror {
  state: MirrorState;
  optedOut: boolean;
  /** By which store it was tried last. */
  locationUid: string | null;
  attempts: number;
  lastAttemptAt: Date | null;
  toldAt: Date | null;
  notPermittedSince: Date | null;
  errorCode: string | null;
}

/** Null when there never was anything that Podium had to know. */
export async function mirrorOf(db: Queryable, phone: string): Promise<Mirror | null> {
  const { rows } = await db.query<Mirror>(
    `select state, opted_out as "optedOut", location_uid as "locationUid", attempts,
            last_attempt_at as "lastAttemptAt", told_at as "toldAt",
            not_permitted_since as "notPermittedSince", error_code as "errorCode"
       from opt_out_mirrors where phone_e164 = $1`,
    [phone],
  );
  return rows[0] ?? null;
}

/** How many mirrors are in each state. */
export async function countMirrors(pool: Pool): Promise<Map<MirrorState, number>> {
  const { rows } = await pool.query<{ state: MirrorState; count: number }>(
    'select state, count(*) as count from opt_out_mirrors group by state',
  );
  return new Map(rows.map(({ state, count }) => [state, count]));
}
