/** What is written about messages that reconciliation has found, in the transaction in which they come in. */
import { isFound, UNCLEAR_MESSAGE, type PodiumEvent } from '../core/events';
import { writeAudit } from './audit';
import type { Queryable } from './database';
import type { Effect } from './effect-rules';
import type { JudgedEvent, ReceiveContext } from './receive-context';
import { countFinds } from './reconciliation';

/** Counts the customers' messages among them, and notes each in the audit: a webhook should have brought it. */
export async function noteFinds(
  client: Queryable,
  events: JudgedEvent[],
  effects: Effect[],
  context: ReceiveContext,
): Promise<void> {
  const finds = events
    .map((received, i) => ({ ...received, effect: effects[i]! }))
    .filter(({ event, verdict }) => isFind(event) && verdict.kind !== 'ignored');
  for (const { event, verdict, effect } of finds) {
    const phone = 'phone' in verdict ? verdict.phone : null;
    await writeAudit(client, {
      key: event.eventId,
      kind: 'message_found',
      phoneHash: phone && context.auditHash(phone),
      locationUid: event.locationUid,
      workflowId: effect.workflowId,
      details: {
        status: effect.status,
        code: effect.failure?.code ?? null,
        at: event.at?.toISOString() ?? null,
      },
    });
  }
  if (finds.length > 0) await countFinds(client, finds.length);
}

function isFind(event: PodiumEvent): boolean {
  return isFound(event) && event.kind === 'customer_message' && event.eventType !== UNCLEAR_MESSAGE;
}
