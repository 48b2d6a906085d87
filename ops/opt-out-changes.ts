/** What an operator can declare about a phone's opt-out. Who they are is as they say, and the audit marks it so. */
import { lockPhones, transaction, type Pool } from '../store/database';
import { optOutState, type Wish } from '../store/opt-out-states';
import { applyOptOut } from '../store/opt-outs';
import { OperationRefused } from './operation';
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
  /** The version of the state that they have decided about. */
  seenVersion?: number;
}

export interface DeclarationReport extends OptOutReport {
  /** False when the state was so already, or something later is known. */
  applied: boolean;
}

/**
 * Writes what an operator declares, as of now by the ledger's own clock.
 * @returns the state after it
 * @throws OperationRefused when the state is another one than the operator has seen
 */
export async function declareOptOut(
  pool: Pool,
  { seenVersion, ...declared }: Declaration,
): Promise<DeclarationReport> {
  const { phone } = declared;
  const change = { ...declared, source: 'operator', rule: null, messageUid: null, at: null } as const;
  const { applied } = await transaction(pool, async (client) => {
    await lockPhones(client, [phone]);
    const version = (await optOutState(client, phone))?.version ?? 0;
    if (seenVersion !== undefined && seenVersion !== version) throw changedSince(version);
    return applyOptOut(client, change);
  });
  return { applied, ...(await checkOptOut(pool, phone)) };
}

function changedSince(version: number): OperationRefused {
  return new OperationRefused('refused', {
    code: 'ERR_OPS_CHANGED_SINCE',
    message: `Something has come since: the state has version ${version} now. Nothing was changed.`,
    hint: 'Look at it once more with "optout check" and "timeline", and decide about what is there now.',
  });
}
