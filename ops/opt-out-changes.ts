/** What an operator can declare about a phone's opt-out. Who they are is as they say, and the audit marks it so. */
import type { Pool } from '../store/database';
import { recordOptOut, type Wish } from '../store/opt-outs';
import { checkOptOut, type OptOutReport } from './opt-outs';

export interface Declaration {
  phone: string;
  /** The audit's name for the phone. */
  phoneHash: string;
  /** `ask` is a customer's alone. */
  wish: Exclude<Wish, 'ask'>;
  /** Who declares it. */
  actor: string;
  /** By which Podium is told; null: where the customer was last. */
  locationUid: string | null;
  /** Of an opt-in: what it rests on, as "signed form of 3 May". */
  proof: string | null;
}

export interface DeclarationReport extends OptOutReport {
  /** False when the state was so already, or something later is known. */
  applied: boolean;
}

/** Writes what an operator declares, as of now by the ledger's own clock. @returns the state after it */
export async function declareOptOut(
  pool: Pool,
  { proof, ...declared }: Declaration,
): Promise<DeclarationReport> {
  const change = { ...declared, source: 'operator', rule: null, messageUid: null, at: null } as const;
  const { applied } = await recordOptOut(pool, { ...change, proof });
  return { applied, ...(await checkOptOut(pool, declared.phone)) };
}
