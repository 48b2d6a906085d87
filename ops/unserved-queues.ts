/** Whether workers take work: of one that is gone or hangs, Temporal knows when it last asked for some. */
import type { Client } from '@temporalio/client';
import { FILES_QUEUE, PODIUM_QUEUE, SESSION_QUEUE } from '../core/session';
import { askedAt, describeQueue, type TaskQueue } from './task-queues';
import { within } from './temporal';

const QUEUES: TaskQueue[] = [
  { queue: SESSION_QUEUE, kind: 'workflow' },
  { queue: PODIUM_QUEUE, kind: 'activity' },
  { queue: FILES_QUEUE, kind: 'activity' },
];

const CALL_MS = 5_000;
/** A worker's question for work is answered within a minute, and then it asks anew. */
const LONGEST_SILENCE_MS = 90_000;

/** The queues from which nobody takes work, each with since when, as far as that is known. */
export async function unservedQueues(client: Client): Promise<string[]> {
  const lastAsked = async (queue: TaskQueue) => {
    const { pollers } = await describeQueue(client, queue);
    return { name: queue.queue, at: Math.max(0, ...pollers.map(askedAt)) };
  };
  const heard = await within(client, () => Promise.all(QUEUES.map(lastAsked)), CALL_MS);
  return heard
    .filter(({ at }) => Date.now() - at > LONGEST_SILENCE_MS)
    .map(({ name, at }) => (at === 0 ? name : `${name} since ${new Date(at).toISOString()}`));
}
