/** Temporal Cloud's "actions", counted from a history: the unit that an engine is paid by, and a fair one of its work. */
import { temporal } from '@temporalio/proto';

type Event = temporal.api.history.v1.IHistoryEvent;
const { EventType } = temporal.api.enums.v1;

/** Events that stand for one action each. */
const ONE_EACH = new Set([
  EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
  EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
  EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
  EventType.EVENT_TYPE_TIMER_STARTED,
  EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
]);

/**
 * By the rules of https://docs.temporal.io/cloud/actions: a start, a signal, a timer, an update of search
 * attributes and each attempt of an activity are one action each; `signalWithStart` is one in all, and so
 * are all local activities of one workflow task. Queries and fairness are not seen in a history.
 */
export function billableActions(history: readonly Event[]): number {
  const simple = history.filter(({ eventType }) => ONE_EACH.has(eventType!)).length;
  const startedBySignal = history[1]?.eventType === EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED;
  const attempts = history.map((event) => event.activityTaskStartedEventAttributes?.attempt ?? 0);
  const markers = history.flatMap((event) => event.markerRecordedEventAttributes ?? []);
  const tasksWithMarkers = new Set(markers.map((marker) => String(marker.workflowTaskCompletedEventId)));
  return simple - (startedBySignal ? 1 : 0) + sum(attempts) + tasksWithMarkers.size;
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
