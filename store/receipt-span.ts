/** The span below which all of a message's trace hangs: its receipt, with the parts that take time. */
import { noteSpan } from '../core/spans';
import { receiptOf } from '../core/trace';
import type { Outcome, ReceivedEvent } from './inbox';
import { traceIdOf } from './trace-id';

/**
 * Tells that an event was received, now. What comes once more, or could not be stored and will be delivered again,
 * hangs below the receipt that stored it.
 */
export function noteReceipt(
  { event, receivedAt, begunAt }: ReceivedEvent,
  status: Outcome['status'] | 'not_stored',
): void {
  const { eventId, contract, eventType, locationUid } = event;
  const traceId = traceIdOf(event);
  const receipt = receiptOf(traceId);
  const isFirst = status !== 'duplicate' && status !== 'not_stored';
  const [begun, read, now] = [(begunAt ?? receivedAt).getTime(), receivedAt.getTime(), Date.now()];
  noteSpan({
    ...{ name: 'receive event', traceId, startedAt: begun, endedAt: now },
    ...(isFirst ? { spanId: receipt.spanId, parentSpanId: null } : { parentSpanId: receipt.spanId }),
    attributes: {
      'webchat.event_id': eventId,
      'webchat.event_type': eventType,
      'webchat.contract': contract,
      'webchat.status': status,
      ...(locationUid !== null && { 'webchat.location_uid': locationUid }),
    },
    ...(status === 'not_stored' && { failure: status }),
  });
  if (!isFirst) return;
  const part = { traceId, parentSpanId: receipt.spanId, attributes: {} };
  if (begunAt) noteSpan({ ...part, name: 'verify event', startedAt: begun, endedAt: read });
  noteSpan({ ...part, name: 'store event', startedAt: read, endedAt: now });
}
