/** What is still to come in a chat: the prompt, the close, and the calls that are tried again. */
import type { Client } from '@temporalio/client';
import { tsToDate } from '@temporalio/common/lib/time';
import type { temporal } from '@temporalio/proto';
import type { Session } from '../store/sessions';
import { podiumInWords } from './podium-words';
import { showSession, type SessionTools } from './sessions';
import type { Timeline, TimelineEntry } from './timeline';
import { describeWorkflow } from './workflow-runs';

type PendingCall = temporal.api.workflow.v1.IPendingActivityInfo;

/** What the running session is going to do, should nobody say a word until then; nothing where none runs. */
export async function whatIsDue(
  tools: SessionTools,
  { phone, locationUid, workflowId }: Session,
): Promise<Omit<Timeline, 'codes'>> {
  const { live = null, unanswered = null } = (await showSession(tools, phone, locationUid)) ?? {};
  const entry = (at: string, words: string): TimelineEntry => ({
    ...{ at, kind: 'due', location_uid: locationUid, words },
  });
  const due = (at: string | null, what: string) =>
    at === null
      ? []
      : [entry(at, `${what} is due, unless somebody writes: the chat waits for ${live?.waiting_for}.`)];
  if (unanswered !== null)
    return { entries: [], unknown: [`What the workflow ${workflowId} waits for: ${unanswered}`] };
  if (!live || live.status === 'closed') return { entries: [], unknown: [] };
  const calls = await failedCalls(tools.client, workflowId);
  return {
    entries: [
      ...calls.map((call) => entry(timeOf(call).toISOString(), callInWords(call))),
      ...due(live.prompt_at, 'A prompt'),
      ...due(live.close_at, 'The close'),
    ],
    unknown: [],
  };
}

/** Calls that did not succeed so far: before the door nothing else tells of them. */
async function failedCalls(client: Client, workflowId: string): Promise<PendingCall[]> {
  const described = await describeWorkflow(client, workflowId);
  return (described?.raw.pendingActivities ?? []).filter(({ lastFailure }) => lastFailure);
}

function callInWords({ activityType, attempt, lastFailure }: PendingCall): string {
  const failed = Number(attempt ?? 2) - 1;
  const why = podiumInWords(lastFailure?.applicationFailureInfo?.type ?? 'nothing that we know');
  return `The call ${activityType?.name} is tried again, after ${failed} attempt(s) that failed: ${why}.`;
}

/** Of the next attempt; now, where one is under way. */
function timeOf({ scheduledTime }: PendingCall): Date {
  const next = scheduledTime ? tsToDate(scheduledTime) : new Date();
  return next.getTime() < Date.now() ? new Date() : next;
}
