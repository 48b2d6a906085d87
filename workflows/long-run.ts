/** A run that goes through more than its history has room for. */
import { workflowInfo } from '@temporalio/workflow';

/** How many things are looked at side by side: enough to keep the queue's lowest class busy. */
export const LANES = 4;

/** Then the run ends where it stands, and the next one goes on there. */
export function isLong(): boolean {
  return workflowInfo().continueAsNewSuggested;
}

/** Works through the items, several at a time, as long as the run has room for it. */
export async function inLanes<T>(items: T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const lane = async () => {
    for (let item = left.shift(); item !== undefined && !isLong(); item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}
