/**
 * Which message a workflow deals with. Its logs tell the id of the message's trace, and each activity that it calls is
 * told below which span it belongs, by a header: so no command is another one than without traces.
 */
import { defaultPayloadConverter } from '@temporalio/common';
import {
  AsyncLocalStorage,
  proxySinks,
  workflowInfo,
  type Headers,
  type WorkflowInterceptorsFactory,
} from '@temporalio/workflow';
import type { SessionMessage } from '../core/session';
import { isTraceId } from '../core/signal-input';
import {
  handlingOf,
  receiptOf,
  TRACE_HEADER,
  traceparent,
  type SpanReference,
  type TraceSinks,
} from '../core/trace';

const { traces } = proxySinks<TraceSinks>();

interface Dealing {
  /** Null as long as the workflow deals with no message that is known. */
  at: SpanReference | null;
  /** In ms since 1970. */
  since: number;
}

/** One for each workflow. */
const dealing = new AsyncLocalStorage<Dealing>();

const current = (): SpanReference | null => dealing.getStore()?.at ?? null;

export const interceptors: WorkflowInterceptorsFactory = () => ({
  inbound: [
    {
      execute(input, next) {
        const traceId = traceIdAmong(input.args);
        const begins = { at: traceId === null ? null : { traceId, spanId: ownSpanId() }, since: Date.now() };
        return dealing.run(begins, () => (traceId === null ? next(input) : asSpan(traceId, next(input))));
      },
    },
  ],
  outbound: [
    {
      scheduleActivity: (input, next) => next({ ...input, headers: withTrace(input.headers) }),
      scheduleLocalActivity: (input, next) => next({ ...input, headers: withTrace(input.headers) }),
      getLogAttributes(input, next) {
        const at = current();
        return next(at ? { ...input, traceId: at.traceId } : input);
      },
    },
  ],
});

/** What follows belongs to this message, until another one is named. */
export function goOnWith(traceId: string | null): void {
  const store = dealing.getStore();
  if (!store || traceId === null || store.at?.traceId === traceId) return;
  store.at = handlingOf(traceId);
  store.since = Date.now();
}

/** Deals with messages all at once. What is done belongs to the last one; the others point to it. */
export async function dealWith(messages: SessionMessage[], work: () => Promise<void>): Promise<void> {
  const traced = messages.filter(({ traceId }) => traceId !== undefined);
  const last = traced.at(-1)?.traceId;
  const store = dealing.getStore();
  if (last === undefined || !store) return work();
  goOnWith(last);
  const { since } = store; // a session that is opened for a message has begun with it
  await work();
  for (const { traceId, number } of traced) tellHandled(traceId!, number, since, last);
}

function tellHandled(traceId: string, number: number, startedAt: number, last: string): void {
  const handling = handlingOf(traceId);
  traces.finished({
    ...{ name: 'handle message', ...handling, parentSpanId: receiptOf(traceId).spanId },
    ...{ startedAt, endedAt: Date.now() },
    attributes: { 'webchat.workflow_id': workflowInfo().workflowId, 'webchat.message_number': number },
    ...(traceId !== last && { goesOnIn: handlingOf(last) }),
  });
}

/** A workflow that one message has led to is a span of it. */
async function asSpan<T>(traceId: string, run: Promise<T>): Promise<T> {
  const tell = (failure?: string) =>
    traces.finished({
      ...{ name: workflowInfo().workflowType, traceId, spanId: ownSpanId() },
      ...{ parentSpanId: receiptOf(traceId).spanId, endedAt: Date.now() },
      startedAt: workflowInfo().runStartTime.getTime(),
      attributes: { 'webchat.workflow_id': workflowInfo().workflowId },
      ...(failure !== undefined && { failure }),
    });
  try {
    const result = await run;
    tell();
    return result;
  } catch (error) {
    tell((error as Error).name);
    throw error;
  }
}

/** The same whenever the run is replayed. Its first half is a time. */
const ownSpanId = (): string => workflowInfo().runId.replaceAll('-', '').slice(16);

/** As whoever wanted the workflow has put it beside the ids of its rows. */
function traceIdAmong([argument]: unknown[]): string | null {
  const traceId = (argument as { traceId?: unknown } | undefined | null)?.traceId;
  return isTraceId(traceId) ? traceId : null;
}

function withTrace(headers: Headers): Headers {
  const at = current();
  return at ? { ...headers, [TRACE_HEADER]: defaultPayloadConverter.toPayload(traceparent(at)) } : headers;
}
