import { temporal } from '@temporalio/proto';
import { billableActions } from './billable-actions';

const { EventType } = temporal.api.enums.v1;
const started = { eventType: EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED };
const signaled = { eventType: EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED };
const taskScheduled = { eventType: EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED };
const attempt = (n: number) => ({
  eventType: EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED,
  activityTaskStartedEventAttributes: { attempt: n },
});
const marker = (task: number) => ({
  eventType: EventType.EVENT_TYPE_MARKER_RECORDED,
  markerRecordedEventAttributes: { workflowTaskCompletedEventId: task as never },
});

test('a start and a signal are two actions, and one when the signal came with the start', () => {
  expect(billableActions([started, taskScheduled, signaled])).toBe(2);
  expect(billableActions([started, signaled, taskScheduled])).toBe(1);
});

test('each attempt of an activity is an action', () => {
  expect(billableActions([started, attempt(1), attempt(3)])).toBe(1 + 1 + 3);
});

test('all local activities of one workflow task are one action', () => {
  expect(billableActions([started, marker(4), marker(4), marker(9)])).toBe(1 + 2);
});

test('workflow tasks cost nothing by themselves', () => {
  expect(billableActions([started, taskScheduled])).toBe(1);
});
