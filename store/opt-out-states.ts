/** Who may be sent to, as the ledger of opt-outs says: the state per phone, and the history that led to it. */
import type { Pool, Queryable } from './database';
import { suppressedSince } from './suppressions';

export type OptOutSource = 'webchat' | 'text' | 'operator' | 'api' | 'podium';

/**
 * `ask`: a wish for no more messages in other words, which suppresses all sends until a person of the store has
 * decided. `dismiss`: they have, and it was no such wish.
 */
export type Wish = 'opt_out' | 'opt_in' | 'ask' | 'dismiss';

/**
 * Why nothing may be sent to a phone, on any channel and from any store. `undecided`: a person of the store is to
 * decide whether the customer wants no more messages. `unsettled`: Podium is to be asked once more whether the
 * customer is opted out, within minutes; what wants to leave waits.
 */
export type SendBlock = 'opted_out' | 'undecided' | 'unsettled';

/** Null when it may be sent to. */
export async function blockOf(client: Queryable, phone: string): Promise<SendBlock | null> {
  return (await blocksAmong(client, [phone])).get(phone) ?? null;
}

/** Those of the phones that nothing may be sent to, and why; also those of which that was so when they were erased. */
export async function blocksAmong(client: Queryable, phones: string[]): Promise<Map<string, SendBlock>> {
  const [{ rows }, suppressed] = await Promise.all([
    client.query<{ phone: string; block: SendBlock }>(
      `select phone_e164 as phone, case when opted_out then 'opted_out' when undecided_at is not null then 'undecided'
                                        else 'unsettled' end as block
         from opt_outs
        where (opted_out or undecided_at is not null or second_look_id is not null) and phone_e164 = any($1)`,
      [phones],
    ),
    suppressedSince(client, phones),
  ]);
  const erased = [...suppressed.keys()].map((phone) => [phone, 'opted_out'] as const);
  return new Map([...rows.map(({ phone, block }) => [phone, block] as const), ...erased]);
}

/** Whether the phone is opted out; an undecided one is not. */
export async function isOptedOut(client: Queryable, phone: string): Promise<boolean> {
  return (await blockOf(client, phone)) === 'opted_out';
}

/** The ledger's state of a phone. */
export interface OptOutState {
  optedOut: boolean;
  /** Of the last opt-out or opt-in; null where there was none. */
  source: OptOutSource | null;
  /** Podium's time of it. */
  recordedAt: Date | null;
  /** Since when sends are suppressed for a wish in other words; null when none waits for a decision. */
  undecidedAt: Date | null;
  /** When customer or store last said something while the phone was opted out; null for never. */
  spokenAt: Date | null;
  /** Podium is to be asked once more whether it holds an opt-out that is younger than the opt-in. */
  unsettled: boolean;
  version: number;
}

/** What wanted to change the state of a phone, and whether it did. */
export interface OptOutRecord {
  wish: Wish;
  applied: boolean;
  /** Of the state after it. */
  version: number;
  source: OptOutSource;
  actor: string;
  rule: string | null;
  locationUid: string | null;
  messageUid: string | null;
  proof: string | null;
  /** Podium's time of it. */
  at: Date;
  /** Ours. */
  writtenAt: Date;
}

/** The state of a phone; null when nobody ever wanted a change. */
export async function optOutState(client: Queryable, phone: string): Promise<OptOutState | null> {
  const { rows } = await client.query<OptOutState>(
    `select opted_out as "optedOut", source, recorded_at as "recordedAt", undecided_at as "undecidedAt",
            spoken_at as "spokenAt", second_look_id is not null as unsettled, version
       from opt_outs where phone_e164 = $1`,
    [phone],
  );
  if (rows[0]) return rows[0];
  const since = (await suppressedSince(client, [phone])).get(phone);
  if (!since) return null;
  const untouched = { undecidedAt: null, spokenAt: null, unsettled: false, version: 0 };
  return { optedOut: true, source: 'operator', recordedAt: since, ...untouched };
}

/**
 * When the opt-out of a phone that is out began. Its `recordedAt` may be later: Podium tells again of what we told it,
 * and customers say it twice.
 * Null where no opt-out holds.
 */
export async function optedOutSince(client: Queryable, phone: string): Promise<Date | null> {
  const { rows } = await client.query<{ since: Date }>(
    `select least(recorded_at,
                  (select min(event_at) from opt_out_history h
                    where h.phone_e164 = state.phone_e164 and applied and wish = 'opt_out'
                      and id > coalesce((select max(id) from opt_out_history back
                                          where back.phone_e164 = state.phone_e164 and applied and wish = 'opt_in'), 0))
                 ) as since
       from opt_outs state where phone_e164 = $1 and opted_out`,
    [phone],
  );
  return rows[0]?.since ?? (await suppressedSince(client, [phone])).get(phone) ?? null;
}

/** All that ever wanted to change the state of a phone, the oldest first. */
export async function optOutRecords(pool: Pool, phone: string): Promise<OptOutRecord[]> {
  const { rows } = await pool.query<OptOutRecord>(
    `select wish, applied, version, source, actor, rule, location_uid as "locationUid", message_uid as "messageUid", proof,
            event_at as at, written_at as "writtenAt"
       from opt_out_history where phone_e164 = $1 order by id`,
    [phone],
  );
  return rows;
}

/** Those of the phones whose opt-out Podium has set, and may take back. */
export async function optedOutByPodium(client: Queryable, phones: string[]): Promise<Set<string>> {
  if (phones.length === 0) return new Set();
  const { rows } = await client.query<{ phone: string }>(
    `select phone_e164 as phone from opt_outs where opted_out and source = 'podium' and phone_e164 = any($1)`,
    [phones],
  );
  return new Set(rows.map(({ phone }) => phone));
}
