/** The spans of what the relay hands to workflows: how long it took, and how long it had waited in the inbox. */
import { noteSpan } from '../core/spans';
import { receiptOf } from '../core/trace';
import type { SessionMessage } from '../core/session';

/** One use of Temporal, for a message. */
interface Handed {
  workflowId: string;
  /** In ms since 1970. */
  begunAt: number;
  outcome: 'done' | 'refused' | 'failed';
}

/** Tells that a message was signalled to its session, or was not. */
export function noteSignal({ traceId, number, receivedAt }: SessionMessage, handed: Handed): void {
  if (traceId === undefined) return;
  note('signal session', traceId, handed, {
    'webchat.message_number': number,
    'webchat.waited_ms': Math.max(0, handed.begunAt - receivedAt),
  });
}

/** Tells that a workflow that a message has led to was started, or was not. */
export function noteStart(workflowType: string, traceId: string | undefined, handed: Handed): void {
  if (traceId !== undefined)
    note('start workflow', traceId, handed, { 'webchat.workflow_type': workflowType });
}

function note(
  name: string,
  traceId: string,
  { workflowId, begunAt, outcome }: Handed,
  attributes: Record<string, string | number>,
): void {
  noteSpan({
    ...{ name, traceId, parentSpanId: receiptOf(traceId).spanId, startedAt: begunAt, endedAt: Date.now() },
    attributes: { 'webchat.workflow_id': workflowId, ...attributes },
    ...(outcome !== 'done' && { failure: outcome }),
  });
}
