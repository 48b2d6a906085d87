/** Writes received events in batches, each phone's in the order in which they came. */
import { DatabaseError } from 'pg';
import type { Outcome, ReceivedEvent } from '../store/inbox';
import { BatchWriter } from './batch-writer';

const MAX_BATCH = 200;
/** Two batches on their way: one is being committed while the next one is being sent. */
const LANES = 2;

/** SQLSTATE classes of what a row itself may be guilty of: its data, its keys, its size, a deadlock. */
const ITEMS_FAULT = /^(21|22|23|40|54)/;

/** @returns a function for the receiver: resolves once the event is committed. */
export function createInboxWriter(
  receive: (batch: ReceivedEvent[]) => Promise<Outcome[]>,
): (received: ReceivedEvent, signal: AbortSignal) => Promise<Outcome> {
  const lanes = Array.from(
    { length: LANES },
    () => new BatchWriter({ writeBatch: receive, mayBlameAnItem, maxBatch: MAX_BATCH }),
  );
  return (received, signal) => lanes[laneOf(received)]!.write(received, signal);
}

/** All events of a phone take the same lane, or a later batch could overtake an earlier one. */
function laneOf({ verdict }: ReceivedEvent): number {
  const phone = 'phone' in verdict ? verdict.phone : null;
  return phone === null ? 0 : Number(phone.at(-1)) % LANES;
}

function mayBlameAnItem(error: unknown): boolean {
  return error instanceof DatabaseError && ITEMS_FAULT.test(error.code ?? '');
}
