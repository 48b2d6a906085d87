/**
 * Spans of OpenTelemetry, each in the trace of its message. They are nothing, and cost nothing, where no traces are
 * sent (`config/tracing`). What is told of a failure is a word: its text may hold a phone.
 */
import {
  context,
  createContextKey,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type Context,
  type Span,
  type SpanContext,
} from '@opentelemetry/api';
import type { FinishedSpan, SpanReference } from './trace';

const tracer = trace.getTracer('podium-webchat');

/** In a context: the ids that the next span is to have (`SpanIds`), for the SDK's generator of ids. */
export const WANTED_IDS = createContextKey('ids of the next span');

export type SpanIds = Pick<FinishedSpan, 'traceId' | 'spanId'>;

/** Tells of work that is over. */
export function noteSpan(span: FinishedSpan): void {
  const { name, traceId, parentSpanId, startedAt, endedAt, attributes, failure, goesOnIn } = span;
  const above = parentSpanId === null ? ROOT_CONTEXT : below({ traceId, spanId: parentSpanId });
  const noted = context.with(above.setValue(WANTED_IDS, span satisfies SpanIds), () =>
    tracer.startSpan(name, {
      startTime: new Date(startedAt),
      attributes,
      ...(goesOnIn && { links: [{ context: remote(goesOnIn) }] }),
    }),
  );
  if (failure !== undefined) fail(noted, failure);
  noted.end(new Date(Math.max(startedAt, endedAt))); // the clocks of two machines may say otherwise
}

/** Does a piece of work in the trace of a message, below the span that is named. */
export function inTrace<T>(
  parent: SpanReference,
  name: string,
  attributes: Attributes,
  work: () => Promise<T>,
): Promise<T> {
  return tracer.startActiveSpan(name, { attributes }, below(parent), (span) => toItsEnd(span, work));
}

/** Does a part of such a work, as a span below it. What belongs to no message is done without one. */
export function inSpan<T>(name: string, work: () => Promise<T>, kind = SpanKind.INTERNAL): Promise<T> {
  if (!trace.getActiveSpan()) return work();
  return tracer.startActiveSpan(name, { kind }, (span) => toItsEnd(span, work));
}

/** Tells more of the work that is under way. @param failure in a word, where it has failed without an error */
export function describeSpan(attributes: Attributes, failure?: string): void {
  const span = trace.getActiveSpan();
  span?.setAttributes(attributes);
  if (span && failure !== undefined) fail(span, failure);
}

async function toItsEnd<T>(span: Span, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    fail(span, failureOf(error));
    throw error;
  } finally {
    span.end();
  }
}

function fail(span: Span, failure: string): void {
  span.setAttribute('error.type', failure);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** The kind of Podium's errors, the type of Temporal's, the class of all others. */
function failureOf(error: unknown): string {
  const { kind, type, name } = (error ?? {}) as Record<string, unknown>;
  return [kind, type, name].find((word) => typeof word === 'string') ?? 'unknown';
}

const remote = ({ traceId, spanId }: SpanReference): SpanContext => ({
  ...{ traceId, spanId, isRemote: true },
  traceFlags: TraceFlags.SAMPLED,
});

const below = (parent: SpanReference): Context => trace.setSpanContext(ROOT_CONTEXT, remote(parent));
