/** Everything of a customer's chats in order: what came in, what the workflow did, what was sent or held back. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { ERROR_CODES, isErrorCode } from '../core/error-codes';
import type { Settings } from '../core/settings';
import type { Pool } from '../store/database';
import { selectEvents, type StoredEvent } from '../store/inbox-lists';
import { notesOf, type PostedNote } from '../store/notes';
import { sessionsOf, type Session } from '../store/sessions';
import { showAudit } from './audit';
import { showSession, type SessionTools } from './sessions';

const { EventType } = temporal.api.enums.v1;
type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

const MOST_EVENTS = 1_000;
const MOST_RUNS = 20;
const TEMPORAL_MS = 15_000;

export interface TimelineEntry {
  /** ISO. */
  at: string;
  /** `due` is still to come. */
  kind: 'event' | 'workflow' | 'signal' | 'timer' | 'audit' | 'note' | 'due';
  location_uid: string | null;
  words: string;
}

export interface Timeline {
  entries: TimelineEntry[];
  /** What could not be looked at, in sentences. */
  unknown: string[];
}

interface TimelineTools extends SessionTools {
  settings: Settings;
  /** Of `WEBCHAT_ID_KEY`. */
  idKeys: readonly string[];
}

/** @param phone E.164 @param locationUid of one store; null for all */
export async function timelineOf(
  tools: TimelineTools,
  phone: string,
  locationUid: string | null,
): Promise<Timeline> {
  const { pool, idKeys } = tools;
  const isHere = (uid: string | null) => locationUid === null || uid === null || uid === locationUid;
  const sessions = (await sessionsOf(pool, phone)).filter((session) => isHere(session.locationUid));
  const [events, audit, notes, ...workflows] = await Promise.all([
    eventEntries(pool, phone),
    showAudit(pool, phone, idKeys),
    notesOf(pool, phone),
    ...sessions.map((session) => workflowEntries(tools, session)),
  ]);
  const entries = [
    ...events,
    ...audit.map((entry) => ({
      ...{ at: entry.at.toISOString(), kind: 'audit' as const },
      ...{ location_uid: entry.locationUid, words: `${entry.words}.` },
    })),
    ...notes.flatMap(noteEntries),
    ...workflows.flatMap(({ entries }) => entries),
  ];
  return {
    entries: entries
      .filter((entry) => isHere(entry.location_uid))
      .sort((one, other) => one.at.localeCompare(other.at)),
    unknown: workflows.flatMap(({ unknown }) => unknown),
  };
}

async function eventEntries(pool: Pool, phone: string): Promise<TimelineEntry[]> {
  const wanted = { locationUid: null, status: null, code: null, limit: MOST_EVENTS };
  return (await selectEvents(pool, { phone, ...wanted })).flatMap(eventInWords);
}

const TYPES: Record<string, string> = {
  'message.received': 'A message of the customer came in',
  'webchat.message.received': 'A message of the customer came in',
  'widget.message': 'A message of the customer came in by the widget',
  'message.sent': 'Podium told of a message of the store or of ours',
  'message.failed': 'Podium told of a message that did not arrive',
};

function eventInWords(event: StoredEvent): TimelineEntry[] {
  const { id, eventType, status, code, receivedAt, deliveredAt } = event;
  const what = TYPES[eventType] ?? `Podium told of ${eventType}`;
  const entry = (at: Date, words: string): TimelineEntry => ({
    ...{ at: at.toISOString(), kind: 'event', location_uid: event.locationUid, words },
  });
  const received = entry(receivedAt, `${what} (event ${id}): ${verdictInWords(status, code)}.`);
  if (!deliveredAt) return [received];
  return [
    received,
    entry(deliveredAt, `Event ${id} was given to the session, as number ${event.deliveryNumber}.`),
  ];
}

function verdictInWords(status: StoredEvent['status'], code: string | null): string {
  switch (status) {
    case 'pending':
      return 'it waits to be given to the session';
    case 'delivered':
      return 'it is for the session';
    case 'recorded':
      return 'it was noted, and no session has to know';
    case 'ignored':
      return 'it changes nothing';
    case 'erased':
      return 'its writer was erased';
    case 'quarantined':
      return `in quarantine, ${code}${code && isErrorCode(code) ? `, ${ERROR_CODES[code].name.replaceAll('_', ' ')}` : ''}`;
  }
}

function noteEntries({ locationUid, createdAt, postedAt, refusedCode, close }: PostedNote): TimelineEntry[] {
  const entry = (at: Date, words: string): TimelineEntry => ({
    ...{ at: at.toISOString(), kind: 'note', location_uid: locationUid, words },
  });
  const what = close ? 'A note for the agent, and the close in Podium,' : 'A note for the agent';
  const wanted = entry(
    createdAt,
    `${what} was wanted${refusedCode ? `; Podium refused it (${refusedCode})` : ''}.`,
  );
  return postedAt ? [wanted, entry(postedAt, 'The note stands in Podium.')] : [wanted];
}

async function workflowEntries(tools: TimelineTools, session: Session): Promise<Timeline> {
  const { workflowId, locationUid } = session;
  try {
    const histories = await tools.client.withDeadline(Date.now() + TEMPORAL_MS, () =>
      historiesOf(tools.client, workflowId),
    );
    const seen = histories
      .flat()
      .flatMap((event) => historyInWords(event).map((each) => ({ ...each, location_uid: locationUid })));
    return { entries: [...seen, ...(await dueEntries(tools, session))], unknown: [] };
  } catch (error) {
    return { entries: [], unknown: [`What the workflow ${workflowId} did: ${(error as Error).message}`] };
  }
}

/** Of all runs that Temporal still has, the latest ones first. */
async function historiesOf(client: Client, workflowId: string): Promise<HistoryEvent[][]> {
  const histories: HistoryEvent[][] = [];
  const query = `WorkflowId = '${workflowId}'`;
  const runs = new Set<string>();
  for await (const { runId } of client.workflow.list({ query })) if (runs.size < MOST_RUNS) runs.add(runId);
  for (const runId of runs) {
    const history = await historyOf(client, workflowId, runId);
    if (history) histories.push(history);
  }
  return histories;
}

async function historyOf(client: Client, workflowId: string, runId: string) {
  try {
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    return events ?? [];
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null; // deleted meanwhile
    throw error;
  }
}

type Seen = Omit<TimelineEntry, 'location_uid'>;

function historyInWords(event: HistoryEvent): Seen[] {
  const at = timeOf(event).toISOString();
  const seen = (kind: TimelineEntry['kind'], words: string): Seen[] => [{ at, kind, words }];
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
      return seen('timer', `A timer was set, for ${Number(seconds ?? 0)} s.`);
    }
    case EventType.EVENT_TYPE_TIMER_FIRED:
      return seen('timer', 'A timer rang: it was looked what is due.');
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

function timeOf({ eventTime }: HistoryEvent): Date {
  return new Date(Number(eventTime?.seconds ?? 0) * 1000 + Math.floor((eventTime?.nanos ?? 0) / 1e6));
}

/** What the running session is going to do, should nobody say a word until then. */
async function dueEntries(tools: TimelineTools, { phone, locationUid }: Session): Promise<TimelineEntry[]> {
  const live = (await showSession(tools, phone, locationUid))?.live;
  if (!live || live.status === 'closed') return [];
  const { idle_warn_seconds: warn, idle_close_seconds: close } = tools.settings.session;
  const due = (seconds: number, words: string): TimelineEntry => ({
    at: new Date(Date.now() + (seconds - live.idle_seconds) * 1000).toISOString(),
    ...{ kind: 'due', location_uid: locationUid, words },
  });
  const waits = `the chat waits for ${live.waiting_for}`;
  return [
    ...(live.status === 'active' && live.idle_seconds < warn
      ? [due(warn, `A prompt is due, unless somebody writes: ${waits}.`)]
      : []),
    due(close, `The close is due, unless somebody writes: ${waits}.`),
  ];
}
