/** Opt-outs that another system has kept, into the ledger. */
import { lockPhones, transaction, type Pool, type Queryable } from './database';
import { applyOptOut } from './opt-outs';

export interface ImportedOptOut {
  /** E.164. */
  phone: string;
  /** The audit's name for the phone. */
  phoneHash: string;
  at: Date;
  /** As 2024-05-31, where the other system knows the day only: `at` is its end then. Null for a time. */
  day: string | null;
  /** What shows the opt-out, in the words of the other system; null where it says nothing. */
  proof: string | null;
}

/** Each holds a lock until all are in, and Postgres has room for some 6,400 as it is shipped. */
export const MOST_IMPORTED = 5_000;

/**
 * Writes opt-outs in one transaction. What was imported before is left out; of the others the ledger says which
 * change anything: a later wish of the same phone stays.
 * @param actor as declared
 */
export async function importOptOuts(
  pool: Pool,
  optOuts: ImportedOptOut[],
  actor: string,
): Promise<{ applied: number; unchanged: number }> {
  return transaction(pool, async (client) => {
    await lockPhones(
      client,
      optOuts.map(({ phone }) => phone),
    );
    const known = await importedBefore(client, optOuts);
    let applied = 0;
    for (const optOut of inOrder(optOuts)) {
      const { phone, phoneHash, at, day, proof } = optOut;
      const rule = day && endOf(day);
      const key = keyOf({ phone, rule, at });
      if (known.has(key)) continue;
      known.add(key);
      const entry = await applyOptOut(client, {
        ...{ phone, phoneHash, at, wish: 'opt_out', source: 'api', actor, rule },
        ...{ locationUid: null, messageUid: null, proof },
      });
      if (entry.applied) applied += 1;
    }
    return { applied, unchanged: optOuts.length - applied };
  });
}

/** Of one phone the earliest first, so that each is history before the next one. */
function inOrder(optOuts: ImportedOptOut[]): ImportedOptOut[] {
  return [...optOuts].sort((one, other) => one.at.getTime() - other.at.getTime());
}

async function importedBefore(client: Queryable, optOuts: ImportedOptOut[]): Promise<Set<string>> {
  const { rows } = await client.query<Imported>(
    `select phone_e164 as phone, rule, event_at as at from opt_out_history
      where source = 'api' and wish = 'opt_out' and phone_e164 = any($1)`,
    [optOuts.map(({ phone }) => phone)],
  );
  return new Set(rows.map(keyOf));
}

interface Imported {
  phone: string;
  rule: string | null;
  at: Date;
}

/** What the history says of where the time comes from. */
const endOf = (day: string) => `end of ${day}`;

/** The end of a day that is not over yet is another one with each import, and the day is the same. */
const keyOf = ({ phone, rule, at }: Imported) => `${phone} ${rule ?? at.getTime()}`;
