/** What is still to come in a chat: the prompt, the close, and the calls that are tried again. */
import type { Client } from '@temporalio/client';
import { tsToDate } from '@temporalio/common/lib/time';
import type { temporal } from '@temporalio/proto';
import type { Settings } from '../core/settings';
import type { Session } from '../store/sessions';
import { podiumInWords } from './podium-words';
import { showSession, type SessionTools } from './sessions';
import type { TimelineEntry } from './timeline';

type PendingCall = temporal.api.workflow.v1.IPendingActivityInfo;

/** What the running session is going to do, should nobody say a word until then; nothing where none runs. */
export async function dueEntries(
  tools: SessionTools & { settings: Settings },
  { phone, locationUid, workflowId }: Session,
): Promise<TimelineEntry[]> {
  const live = (await showSession(tools, phone, locationUid))?.live;
  if (!live || live.status === 'closed') return [];
  const { idle_warn_seconds: warn, idle_close_seconds: close } = tools.settings.session;
  const entry = (at: Date, words: string): TimelineEntry => ({
    ...{ at: at.toISOString(), kind: 'due', location_uid: locationUid, words },
  });
  const due = (seconds: number, words: string) =>
    entry(new Date(Date.now() + (seconds - live.idle_seconds) * 1000), words);
  const waits = `the chat waits for ${live.waiting_for}`;
  return [
    ...(await failedCalls(tools.client, workflowId)).map((call) => entry(timeOf(call), callInWords(call))),
    ...(live.status === 'active' && live.idle_seconds < warn
      ? [due(warn, `A prompt is due, unless somebody writes: ${waits}.`)]
      : []),
    due(close, `The close is due, unless somebody writes: ${waits}.`),
  ];
}

/** Calls that did not succeed so far: before the door nothing else tells of them. */
async function failedCalls(client: Client, workflowId: string): Promise<PendingCall[]> {
  const { raw } = await client.workflow.getHandle(workflowId).describe();
  return (raw.pendingActivities ?? []).filter(({ lastFailure }) => lastFailure);
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
