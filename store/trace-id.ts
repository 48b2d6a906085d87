/** The one id by which the logs of servers and workers tell of an event. */
import { createHash } from 'node:crypto';
import type { Source } from '../core/events';
import { storableKey } from './text';

/** Made of the event's id alone: a redelivery, and a message that is signalled again, have the same. 32 hex digits. */
export function traceIdOf({ contract, eventId }: { contract: Source; eventId: string }): string {
  const key = JSON.stringify([contract, storableKey(eventId)]);
  return createHash('sha256').update(key).digest('hex').slice(0, 32);
}
