/**
 * Erasing a person, step by step: what has to survive is written first, then what is elsewhere goes, then the rows
 * in one transaction. Each step may be repeated after a crash; the receipt says how far it has come.
 */
import { writeAudit } from './audit';
import { lockPhones, transaction, type Pool, type Queryable } from './database';
import { blockOf } from './opt-out-states';
import type { DatedOptOut } from './opt-outs';
import { deleteHeld, type Counts, type FoundEvents, type Person } from './personal-data';
import { namesOf, newName, phonesByName, suppress } from './suppressions';

export interface Erasure {
  id: string;
  at: Date;
  actor: string;
  /** Nothing may be sent to the phone from now on, and only the customer or an operator with proof can change that. */
  suppressed: boolean;
  /** Rows by table. */
  counts: Counts;
  /** Whose histories are to be deleted, as far as the rows do not name them any more. */
  workflowIds: string[];
  /** Whose contents are still to be deleted. */
  fileIds: string[];
  /** Null: something is left to do. */
  finishedAt: Date | null;
}

const ERASURE = `id, at, actor, suppressed, counts, workflow_ids as "workflowIds", file_ids as "fileIds",
  finished_at as "finishedAt"`;

/** The erasure of a phone that was begun and is not finished; null when there is none. */
export async function unfinishedErasure(client: Queryable, phone: string): Promise<Erasure | null> {
  const { rows } = await client.query<Erasure>(
    `select ${ERASURE} from erasures where phone_key = any($1) and finished_at is null order by at limit 1`,
    [namesOf([phone])],
  );
  return rows[0] ?? null;
}

/**
 * Begins an erasure, or goes on with one that was not finished. From here on the suppression is safe, and what was
 * written before now is not taken in any more.
 */
export async function beginErasure(
  pool: Pool,
  { phone, phoneHash, actor }: { phone: string; phoneHash: string; actor: string },
): Promise<Erasure> {
  return transaction(pool, async (client) => {
    await lockPhones(client, [phone]);
    const suppressed = await keepSuppressed(client, phone);
    const begun = await unfinishedErasure(client, phone);
    if (begun) {
      await client.query('update erasures set at = now() where id = $1', [begun.id]);
      return begun;
    }
    const { name, keyId } = await newName(client, phone);
    const { rows } = await client.query<Erasure>(
      `insert into erasures (at, actor, phone_hash, phone_key, key_id, suppressed) values (now(), $1, $2, $3, $4, $5)
       returning ${ERASURE}`,
      [actor, phoneHash, name, keyId, suppressed],
    );
    return rows[0]!;
  });
}

/** Whoever may be sent nothing may be sent nothing afterwards. */
async function keepSuppressed(client: Queryable, phone: string): Promise<boolean> {
  const optedOut = (await blockOf(client, phone)) !== null;
  if (optedOut) await suppress(client, phone);
  return optedOut;
}

/**
 * Notes an opt-out of a phone down without the phone, in a transaction that holds its lock: nothing is known of it
 * any more, and nothing shall be.
 * @returns false, with nothing done, when the ledger knows the phone
 */
export async function suppressUnknown(client: Queryable, change: DatedOptOut): Promise<boolean> {
  const { phone, phoneHash, locationUid, source, actor, rule, at } = change;
  const { rowCount } = await client.query('select from opt_outs where phone_e164 = $1', [phone]);
  if (rowCount! > 0) return false;
  if ((await blockOf(client, phone)) !== null) return true;
  await suppress(client, phone);
  await writeAudit(client, {
    ...{ key: null, kind: 'opt_out', phoneHash, locationUid, workflowId: null },
    details: { source, actor, rule, applied: true, at: at.toISOString() },
  });
  return true;
}

/**
 * Takes the sessions of a phone out of the relay's hands: it signals nothing more to them, unless the customer
 * writes again.
 * @returns false while a relay is at one of them, and may be signalling to it
 */
export async function withdrawSessions(pool: Pool, phone: string): Promise<boolean> {
  return transaction(pool, async (client) => {
    await lockPhones(client, [phone]);
    const { rows } = await client.query<{ leased: boolean }>(
      `select relay_token is not null and relay_due_at > now() as leased from sessions
        where phone_e164 = $1 order by workflow_id for update`,
      [phone],
    );
    if (rows.some(({ leased }) => leased)) return false;
    await client.query(
      `update sessions set status = 'closed', closed_at = coalesce(closed_at, now()), relay_token = null,
         relay_due_at = null, opt_out_signal_at = null
        where phone_e164 = $1`,
      [phone],
    );
    return true;
  });
}

/**
 * Deletes all rows of a person in one transaction, and notes down what is left to be deleted elsewhere.
 * @param erased their histories are gone
 * @returns false, with nothing done, when a session has gone on since it was withdrawn
 */
export async function eraseRows(
  pool: Pool,
  person: Person,
  { id, phoneHash, actor }: { id: string; phoneHash: string; actor: string },
  erased: { events: FoundEvents; workflowIds: string[] },
): Promise<boolean> {
  const { phone } = person;
  return transaction(pool, async (client) => {
    await lockPhones(client, [phone]);
    const { rows } = await client.query<{ goesOn: boolean }>(
      `select status <> 'closed' or relay_due_at is not null as "goesOn" from sessions
        where phone_e164 = $1 order by workflow_id for update`,
      [phone],
    );
    if (rows.some(({ goesOn }) => goesOn)) return false;
    const suppressed = await keepSuppressed(client, phone); // a STOP or START may have come meanwhile
    const files = await client.query<{ id: string }>('select id from files where phone_e164 = $1', [phone]);
    const counts = sum(
      (await readErasure(client, id)).counts,
      await deleteHeld(client, person, erased.events),
    );
    await client.query(
      `update erasures set suppressed = $2, counts = $3, workflow_ids = $4,
         file_ids = array(select distinct unnest(file_ids || $5::uuid[]))
        where id = $1`,
      [id, suppressed, JSON.stringify(counts), erased.workflowIds, files.rows.map((file) => file.id)],
    );
    await writeAudit(client, {
      ...{ key: `erased:${id}`, kind: 'erased', phoneHash, locationUid: null, workflowId: null },
      details: { erasure: id, actor, suppressed, events: counts['inbox_events'] ?? 0 },
    });
    return true;
  });
}

/** The erasure as it stands. */
export async function readErasure(client: Queryable, id: string): Promise<Erasure> {
  const { rows } = await client.query<Erasure>(`select ${ERASURE} from erasures where id = $1`, [id]);
  return rows[0]!;
}

/** What an earlier try has deleted counts as well. */
function sum(earlier: Counts, now: Counts): Counts {
  const total = { ...earlier };
  for (const [table, count] of Object.entries(now)) total[table] = (total[table] ?? 0) + count;
  return total;
}

/** Nothing is left to be deleted anywhere. @param elsewhere what was deleted outside of the database, for the receipt */
export async function finishErasure(pool: Pool, id: string, elsewhere: Counts): Promise<void> {
  await pool.query(
    `update erasures set finished_at = now(), workflow_ids = '{}', file_ids = '{}', counts = counts || $2 where id = $1`,
    [id, JSON.stringify(elsewhere)],
  );
}

/** Until when what was written by these phones, or to them, is erased; phones that never were are left out. */
export async function erasedUntil(client: Queryable, phones: string[]): Promise<Map<string, Date>> {
  const phoneOf = phonesByName(phones);
  if (phoneOf.size === 0) return new Map();
  const { rows } = await client.query<{ name: string; at: Date }>(
    `select encode(phone_key, 'hex') as name, max(at) as at from erasures where phone_key = any($1) group by 1`,
    [namesOf(phones)],
  );
  return new Map(rows.map(({ name, at }) => [phoneOf.get(name)!, at]));
}
