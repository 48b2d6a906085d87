/** Opt-outs that another system has kept, into the ledger. */
import { lockPhones, transaction, type Pool, type Queryable } from './database';
import { applyOptOut } from './opt-outs';

export interface ImportedOptOut {
  /** E.164. */
  phone: string;
  /** The audit's name for the phone. */
  phoneHash: string;
  at: Date;
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
      if (known.has(keyOf(optOut))) continue;
      known.add(keyOf(optOut));
      const { phone, phoneHash, at, proof } = optOut;
      const entry = await applyOptOut(client, {
        ...{ phone, phoneHash, at, wish: 'opt_out', source: 'api', actor, rule: null },
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
  const { rows } = await client.query<{ phone: string; at: Date }>(
    `select phone_e164 as phone, event_at as at from opt_out_history
      where source = 'api' and wish = 'opt_out' and phone_e164 = any($1)`,
    [optOuts.map(({ phone }) => phone)],
  );
  return new Set(rows.map(keyOf));
}

const keyOf = ({ phone, at }: { phone: string; at: Date }) => `${phone} ${at.getTime()}`;
