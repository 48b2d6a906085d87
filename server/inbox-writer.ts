/** Writes received events in batches, in the order in which they came. */
import { DatabaseError } from 'pg';
import { LOCK_HELD } from '../store/database';
import { RacingDuplicate, waitsBehind, type Outcome, type ReceivedEvent } from '../store/inbox';
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
  const writer = new BatchWriter({ writeBatch, mayBlameAnItem, failsAlike, maxBatch: MAX_BATCH });
  return (received, signal) => writer.write(received, signal);
}

function mayBlameAnItem(error: unknown): boolean {
  if (error instanceof RacingDuplicate || isLockHeld(error)) return true;
  return error instanceof DatabaseError && ITEMS_FAULT.test(error.code ?? '');
}

/** A phone that one event has waited for in vain is not waited for again: each wait holds up everybody behind it. */
function failsAlike(received: ReceivedEvent, failed: ReceivedEvent, error: unknown): boolean {
  return isLockHeld(error) && waitsBehind(received, failed);
}

function isLockHeld(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === LOCK_HELD;
}
