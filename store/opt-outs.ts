/** Opt-outs: the state per phone, and a history of everything that ever wanted to change it. */
import { writeAudit } from './audit';
import { lockPhones, transaction, type Pool, type Queryable } from './database';
import { storable } from './text';
import { wantWorkflows } from './workflow-starts';

export type OptOutSource = 'webchat' | 'text' | 'operator' | 'api' | 'podium';

/** A wish to change the state of a phone. */
export interface OptOutChange {
  phone: string;
  /** The audit's name for the phone. */
  phoneHash: string;
  optedOut: boolean;
  source: OptOutSource;
  /** Who wants it, as declared: `customer`, or an operator's name. */
  actor: string;
  /** Which wording rule fired; null where no text was read. */
  rule: string | null;
  locationUid: string | null;
  messageUid: string | null;
  /** Podium's time of it. The later event wins, and a tie means opted out. */
  at: Date;
}

/** What the ledger did with a change. */
export interface LedgerEntry {
  historyId: number;
  /** False when the state stays as it was, since a later event is known, or this very one. */
  applied: boolean;
}

/** An entry of the history, with what telling Podium about it takes. */
export interface HistoryEntry {
  phone: string;
  optedOut: boolean;
  /** True when a later entry has changed the state: there is nothing left to tell. */
  superseded: boolean;
  /**
   * Where the wish came in; else the store where the customer was last. One that is served comes before
   * one that is unknown or archived, of which Podium would take nothing.
   */
  locationUid: string | null;
  contactUid: string | null;
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
 */
export async function applyOptOut(client: Queryable, change: OptOutChange): Promise<LedgerEntry> {
  const applied = await changeState(client, change);
  const historyId = await writeHistory(client, change, applied);
  await writeAudit(client, {
    key: null,
    kind: change.optedOut ? 'opt_out' : 'opt_in',
    phoneHash: change.phoneHash,
    locationUid: change.locationUid,
    workflowId: null,
    details: {
      source: change.source,
      actor: storable(change.actor),
      rule: change.rule,
      applied,
      at: change.at.toISOString(),
    },
  });
  if (applied && change.optedOut) await tellSessions(client, change);
  if (applied && change.source !== 'podium') {
    await wantWorkflows(client, [
      { workflowType: 'optOutMirror', workflowId: `opt-out-mirror:${historyId}`, args: [{ historyId }] },
    ]);
  }
  return { historyId, applied };
}

/**
 * Podium's opt-out of a phone that is out already is most often the echo of our own mirror: it moves
 * the time but not the source, or else Podium could undo by itself what the customer told us.
 */
async function changeState(client: Queryable, change: OptOutChange): Promise<boolean> {
  const { rowCount } = await client.query(
    `insert into opt_outs as state (phone_e164, opted_out, version, source, recorded_at) values ($1, $2, 1, $3, $4)
     on conflict (phone_e164) do update set
       opted_out   = excluded.opted_out,
       version     = state.version + 1,
       source      = case when state.opted_out and excluded.source = 'podium' and excluded.opted_out
                          then state.source else excluded.source end,
       recorded_at = excluded.recorded_at
     where excluded.recorded_at > state.recorded_at
        or excluded.recorded_at = state.recorded_at and excluded.opted_out and not state.opted_out`,
    [change.phone, change.optedOut, change.source, change.at],
  );
  return rowCount === 1;
}

async function writeHistory(client: Queryable, change: OptOutChange, applied: boolean): Promise<number> {
  const { rows } = await client.query<{ id: number }>(
    `insert into opt_out_history
       (phone_e164, version, applied, opted_out, source, actor, rule, location_uid, message_uid, event_at)
     select $1, version, $2, $3, $4, $5, $6, $7, $8, $9 from opt_outs where phone_e164 = $1
     returning id`,
    [
      change.phone,
      applied,
      change.optedOut,
      change.source,
      storable(change.actor),
      change.rule,
      change.locationUid,
      change.messageUid,
      change.at,
    ],
  );
  return rows[0]!.id;
}

/** Rows are locked in the one order that everyone keeps: by workflow id. */
async function tellSessions(client: Queryable, change: OptOutChange): Promise<void> {
  await client.query(
    `update sessions set opt_out_signal_at = $2, relay_due_at = coalesce(relay_due_at, now())
      where workflow_id in (select workflow_id from sessions where phone_e164 = $1 and status <> 'closed'
                             order by workflow_id for update)`,
    [change.phone, change.at],
  );
}

/** Whether nothing may be sent to the phone, on any channel and from any store. */
export async function isOptedOut(client: Queryable, phone: string): Promise<boolean> {
  return (await optedOutAmong(client, [phone])).has(phone);
}

/** Those of the phones that are opted out. */
export async function optedOutAmong(client: Queryable, phones: string[]): Promise<Set<string>> {
  const { rows } = await client.query<{ phone: string }>(
    'select phone_e164 as phone from opt_outs where opted_out and phone_e164 = any($1)',
    [phones],
  );
  return new Set(rows.map((row) => row.phone));
}

/** The entry with this id, for the workflow that tells Podium. */
export async function historyEntry(pool: Pool, id: number): Promise<HistoryEntry | null> {
  const { rows } = await pool.query<HistoryEntry>(
    `select h.phone_e164 as phone, h.opted_out as "optedOut", state.version <> h.version as superseded,
            (select place.uid
               from (select h.location_uid as uid, true as of_wish, null::timestamptz as last_at
                      where h.location_uid is not null
                     union all
                     select location_uid, false, last_message_at from sessions where phone_e164 = h.phone_e164) place
               left join locations served on served.uid = place.uid and not served.archived
              order by served.uid is null, of_wish desc, last_at desc nulls last limit 1) as "locationUid",
            contact.podium_uid as "contactUid"
       from opt_out_history h
       join opt_outs state on state.phone_e164 = h.phone_e164
       left join contacts contact on contact.phone_e164 = h.phone_e164
      where h.id = $1`,
    [id],
  );
  return rows[0] ?? null;
}
