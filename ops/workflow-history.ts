/** What the workflow of a session did, by Temporal's history, in words. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { decodeOptionalSinglePayload } from '@temporalio/common/lib/internal-non-workflow';
import { optionalTsToMs } from '@temporalio/common/lib/time';
import { temporal } from '@temporalio/proto';
import { within } from './temporal';
import { runIds } from './workflow-runs';

const { EventType } = temporal.api.enums.v1;
type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** Of how many runs it is told: a new one begins with each chat, and when a history grows long. */
export const MOST_RUNS = 20;
const TEMPORAL_MS = 15_000;

export interface SeenInHistory {
  /** ISO. */
  at: string;
  kind: 'workflow' | 'signal' | 'timer';
  words: string;
}

/** @returns `isWhole` false when there are more runs than are told of */
export async function historyInWords(
  client: Client,
  workflowId: string,
): Promise<{ seen: SeenInHistory[]; isWhole: boolean }> {
  const read = async () => {
    const runs: string[] = [];
    for await (const runId of runIds(client, workflowId)) if (runs.push(runId) > MOST_RUNS) break;
    const seen: SeenInHistory[] = [];
    for (const runId of runs.slice(0, MOST_RUNS)) {
      const history = await historyOf(client, workflowId, runId);
      const purposes = await timerPurposes(client, history);
      seen.push(...history.flatMap((event) => inWords(event, purposes)));
    }
    return { seen, isWhole: runs.length <= MOST_RUNS };
  };
  return within(client, read, TEMPORAL_MS);
}

async function historyOf(client: Client, workflowId: string, runId: string): Promise<HistoryEvent[]> {
  try {
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    return events ?? [];
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return []; // deleted meanwhile
    throw error;
  }
}

/** What a timer is for, by the id of the event that set it: `until …`, as the workflow has said it. */
type Purposes = Map<string, string>;

async function timerPurposes(client: Client, history: HistoryEvent[]): Promise<Purposes> {
  const purposes: Purposes = new Map();
  for (const { eventType, eventId, userMetadata } of history) {
    if (eventType !== EventType.EVENT_TYPE_TIMER_STARTED) continue;
    const { loadedDataConverter } = client.options;
    const summary = await decodeOptionalSinglePayload<string>(loadedDataConverter, userMetadata?.summary);
    if (summary) purposes.set(String(eventId), ` ${summary}`);
  }
  return purposes;
}

function inWords(event: HistoryEvent, purposes: Purposes): SeenInHistory[] {
  const at = new Date(optionalTsToMs(event.eventTime) ?? 0).toISOString();
  const seen = (kind: SeenInHistory['kind'], words: string): SeenInHistory[] => [{ at, kind, words }];
  switch (event.eventType) {
    case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
      return seen('workflow', 'The workflow of the chat began to run.');
    case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
      return seen(
        'signal',
        `The workflow got the signal ${event.workflowExecutionSignaledEventAttributes?.signalName}.`,
      );
    case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
      return seen('signal', 'The workflow was asked to close, and took it.');
    case EventType.EVENT_TYPE_TIMER_STARTED: {
      const { seconds } = event.timerStartedEventAttributes?.startToFireTimeout ?? {};
      const purpose = purposes.get(String(event.eventId)) ?? '';
      return seen('timer', `A timer was set, for ${Number(seconds ?? 0)} s${purpose}.`);
    }
    case EventType.EVENT_TYPE_TIMER_FIRED: {
      const purpose = purposes.get(String(event.timerFiredEventAttributes?.startedEventId)) ?? '';
      return seen('timer', `A timer rang that was set${purpose}.`);
    }
    default:
      return ENDS[event.eventType ?? 0] ? seen('workflow', ENDS[event.eventType!]!) : [];
  }
}

const ENDS: Record<number, string> = {
  [EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED]: 'The workflow ended.',
  [EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED]: 'Somebody terminated the workflow.',
  [EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED]: 'The workflow failed.',
  [EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED]:
    'Somebody cancelled the workflow, which closes the chat.',
  [EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW]:
    'The workflow went on in a new run, since its history was long.',
};
