/** Writes received events in batches, in the order in which they came. */
import { DatabaseError } from 'pg';
import { LOCK_HELD } from '../store/database';
import { RacingDuplicate, type Outcome, type ReceivedEvent } from '../store/inbox';
import { BatchWriter } from './batch-writer';

const MAX_BATCH = 200;

/** SQLSTATE classes of what a row itself may be guilty of: its data, its keys, its size, a deadlock. */
const ITEMS_FAULT = /^(21|22|23|40|54)/;

/**
 * One batch is on its way at a time: a second one beside it halves the batches, and what a batch costs
 * hardly depends on its size.
 * @param onReceived told of every event that was committed, also when nobody waits for its answer any
 *   more: delivered again it would be a duplicate, of which nobody is told
 * @returns a function for the receiver: resolves once the event is committed.
 */
export function createInboxWriter(
  receive: (batch: ReceivedEvent[]) => Promise<Outcome[]>,
  onReceived: (received: ReceivedEvent, outcome: Outcome) => void,
): (received: ReceivedEvent, signal: AbortSignal) => Promise<Outcome> {
  const writeBatch = async (batch: ReceivedEvent[]) => {
    const outcomes = await receive(batch);
    batch.forEach((received, i) => onReceived(received, outcomes[i]!));
    return outcomes;
  };
  const writer = new BatchWriter({ writeBatch, mayBlameAnItem, maxBatch: MAX_BATCH });
  return (received, signal) => writer.write(received, signal);
}

function mayBlameAnItem(error: unknown): boolean {
  if (error instanceof RacingDuplicate) return true;
  if (!(error instanceof DatabaseError)) return false;
  return error.code === LOCK_HELD || ITEMS_FAULT.test(error.code ?? '');
}
