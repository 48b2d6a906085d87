/** The trace of a message in a worker: each activity is a span, and what workflows tell of is one. */
import { defaultPayloadConverter } from '@temporalio/common';
import type { ActivityInterceptorsFactory, InjectedSinks } from '@temporalio/worker';
import { dealingWith } from '../core/current-trace';
import { inTrace, noteSpan } from '../core/spans';
import { readTraceparent, TRACE_HEADER, type SpanReference, type TraceSinks } from '../core/trace';

/** What a replay tells once more is left out. */
export const traceSinks: InjectedSinks<TraceSinks> = {
  traces: { finished: { fn: (_, span) => noteSpan(span), callDuringReplay: false } },
};

export const traceActivities: ActivityInterceptorsFactory = ({ info }) => {
  let parent: SpanReference | null = null;
  return {
    inbound: {
      async execute(input, next) {
        const header = input.headers[TRACE_HEADER];
        parent = header ? readTraceparent(defaultPayloadConverter.fromPayload(header)) : null;
        if (!parent) return next(input);
        const { activityType, attempt, workflowExecution, taskQueue } = info;
        const attributes = {
          'webchat.workflow_id': workflowExecution?.workflowId ?? '',
          'webchat.attempt': attempt,
          'webchat.task_queue': taskQueue,
          'webchat.waited_ms': Math.max(0, Date.now() - info.currentAttemptScheduledTimestampMs),
        };
        const { traceId } = parent;
        return dealingWith(traceId, () => inTrace(parent!, activityType, attributes, () => next(input)));
      },
    },
    outbound: {
      getLogAttributes: (input, next) => next(parent ? { ...input, traceId: parent.traceId } : input),
    },
  };
};
