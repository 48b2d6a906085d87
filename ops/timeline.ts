/** Everything of a customer's chats in order: what came in, what the workflow did, what was sent or held back. */
import { ERROR_CODES, isErrorCode } from '../core/error-codes';
import type { Failure } from '../core/events';
import type { Pool } from '../store/database';
import { selectEvents, type StoredEvent } from '../store/inbox-lists';
import { notesOf, type PostedNote } from '../store/notes';
import { sessionsOf, type Session } from '../store/sessions';
import { showAudit, type ShownEntry } from './audit';
import { explain } from './failures';
import type { SessionTools } from './sessions';
import { whatIsDue } from './timeline-due';
import { historyInWords, MOST_RUNS } from './workflow-history';

const MOST_EVENTS = 1_000;

export interface TimelineEntry {
  /** ISO. */
  at: string;
  /** `due` is still to come. */
  kind: 'event' | 'workflow' | 'signal' | 'timer' | 'audit' | 'note' | 'wait' | 'due';
  location_uid: string | null;
  words: string;
}

export interface Timeline {
  entries: TimelineEntry[];
  /** The codes among them, with what is to be done. */
  codes: Failure[];
  /** What could not be looked at, in sentences. */
  unknown: string[];
}

interface TimelineTools extends SessionTools {
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
  const [received, audit, notes, ...workflows] = await Promise.all([
    latestEvents(pool, phone),
    showAudit(pool, phone, idKeys),
    notesOf(pool, phone),
    ...sessions.map((session) => workflowEntries(tools, session)),
  ]);
  const all = [
    ...received
      .slice(0, MOST_EVENTS)
      .flatMap((event) => eventInWords(event, holdAt(audit, event.receivedAt))),
    ...audit.map((entry) => ({
      ...{ at: entry.at.toISOString(), kind: 'audit' as const },
      ...{ location_uid: entry.locationUid, words: `${entry.words}.` },
    })),
    ...notes.flatMap(noteEntries),
    ...sessions.flatMap(waitEntries),
    ...workflows.flatMap(({ entries }) => entries),
  ];
  const entries = all
    .filter((entry) => isHere(entry.location_uid))
    .sort((one, other) => one.at.localeCompare(other.at));
  return {
    entries,
    codes: codesIn(entries),
    unknown: [
      ...(received.length > MOST_EVENTS ? [`Events before the latest ${MOST_EVENTS} of this phone.`] : []),
      ...workflows.flatMap(({ unknown }) => unknown),
    ],
  };
}

/** The latest first; one more than are told, if there are so many. */
function latestEvents(pool: Pool, phone: string): Promise<StoredEvent[]> {
  const wanted = { locationUid: null, status: null, code: null, limit: MOST_EVENTS + 1 };
  return selectEvents(pool, { phone, ...wanted });
}

/** What holds texts back from a wish on, by the kind of its audit entry. */
const HOLDS: Record<string, string | null> = {
  opt_out: 'the customer had opted out (ERR_WEBCHAT_009)',
  opt_out_asked: 'the customer may have asked for no more messages (ERR_WEBCHAT_018)',
  opt_in: null,
  opt_out_dismissed: null,
};

/** Why nothing was texted to the customer at a time; null when nothing held texts back. */
function holdAt(audit: ShownEntry[], at: Date): string | null {
  const before = audit.filter(
    (entry) => entry.at < at && Object.hasOwn(HOLDS, entry.kind) && entry.details['applied'] !== false,
  );
  return HOLDS[before.at(-1)?.kind ?? 'opt_in'] ?? null;
}

function codesIn(entries: TimelineEntry[]): Failure[] {
  const named = entries.flatMap(({ words }) => words.match(/\bERR_[A-Z]+_\d+\b/g) ?? []);
  return [...new Set(named)]
    .filter(isErrorCode)
    .map((code) => ({ code, message: ERROR_CODES[code].message, hint: ERROR_CODES[code].hint }));
}

const CUSTOMERS = new Set(['message.received', 'webchat.message.received', 'widget.message']);

const TYPES: Record<string, string> = {
  'message.received': 'A message of the customer came in',
  'webchat.message.received': 'A message of the customer came in',
  'widget.message': 'A message of the customer came in by the widget',
  'message.sent': 'Podium told of a message of the store or of ours',
  'message.failed': 'Podium told of a message that did not arrive',
};

function eventInWords(event: StoredEvent, hold: string | null): TimelineEntry[] {
  const { id, eventType, status, code, receivedAt, deliveredAt } = event;
  const what = TYPES[eventType] ?? `Podium told of ${eventType}`;
  const entry = (at: Date, words: string): TimelineEntry => ({
    ...{ at: at.toISOString(), kind: 'event', location_uid: event.locationUid, words },
  });
  const isCustomers = CUSTOMERS.has(eventType);
  const verdict =
    status === 'recorded' && isCustomers && hold !== null
      ? `it was noted, the agent was told, and nothing is answered, since ${hold}`
      : verdictInWords(status, code);
  const received = entry(receivedAt, `${what} (event ${id}): ${verdict}.`);
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

/** A wait that has ended leaves none: the person's message is there instead. */
function waitEntries({ locationUid, waitingSince }: Session): TimelineEntry[] {
  if (!waitingSince) return [];
  const words = 'The chat waits for a person of the store since then.';
  return [{ at: waitingSince.toISOString(), kind: 'wait', location_uid: locationUid, words }];
}

async function workflowEntries(tools: TimelineTools, session: Session): Promise<Omit<Timeline, 'codes'>> {
  const { workflowId, locationUid } = session;
  try {
    const { seen, isWhole } = await historyInWords(tools.client, workflowId);
    const due = await whatIsDue(tools, session);
    return {
      entries: [...seen.map((each) => ({ ...each, location_uid: locationUid })), ...due.entries],
      unknown: [
        ...(isWhole ? [] : [`What the workflow ${workflowId} did before its latest ${MOST_RUNS} runs.`]),
        ...due.unknown,
      ],
    };
  } catch (error) {
    const why = explain(error)?.failure.message ?? (error as Error).message;
    return { entries: [], unknown: [`What the workflow ${workflowId} did: ${why}`] };
  }
}
