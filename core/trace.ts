/**
 * What all processes know of a message's trace without telling each other. A trace's id is made of the event's id, and
 * the ids of the spans that others hang below are made of that: so the trace of a message that is delivered, relayed or
 * replayed once more is the same one, and nothing has to be kept. No library is used here: it runs in every workflow.
 */

/** A span among all: the trace's id has 32 hex digits, the span's 16. */
export interface SpanReference {
  traceId: string;
  spanId: string;
}

/** A piece of work of a message that is over, as a workflow or a process tells of it. */
export interface FinishedSpan {
  /** Of few values, as `handle message`. */
  name: string;
  traceId: string;
  /** Absent where nothing hangs below it. */
  spanId?: string;
  /** Null for the one below which all others hang. */
  parentSpanId: string | null;
  /** In ms since 1970. */
  startedAt: number;
  endedAt: number;
  attributes: Record<string, string | number | boolean>;
  /** In a word why it has failed; absent where it has not. */
  failure?: string;
  /** The trace where what belongs to this one goes on as well. */
  goesOnIn?: SpanReference;
}

/** By which workflows tell of spans: they cannot send any themselves. */
export type TraceSinks = { traces: { finished(span: FinishedSpan): void } };

/** The name of the header by which an activity is told, as the W3C names it. */
export const TRACE_HEADER = 'traceparent';

/** The receipt of a message: all else of its trace hangs below. */
export const receiptOf = (traceId: string): SpanReference => ({ traceId, spanId: traceId.slice(0, 16) });

/** What a session does about a message, the prompt and the close that follow included. */
export const handlingOf = (traceId: string): SpanReference => ({ traceId, spanId: traceId.slice(16) });

/** As the W3C writes it. Whether a trace is kept is decided by its id, so the mark that it is means nothing. */
export const traceparent = ({ traceId, spanId }: SpanReference): string => `00-${traceId}-${spanId}-01`;

/** What stands in the header; null for anything else. */
export function readTraceparent(value: unknown): SpanReference | null {
  const [, traceId, spanId] =
    /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/.exec(typeof value === 'string' ? value : '') ?? [];
  return traceId !== undefined && spanId !== undefined ? { traceId, spanId } : null;
}
