/** What becomes of one event, by what is known of its customer, and what is to be written because of it. */
import { optedOutWriterNote, undecidedNote } from '../core/agent-note';
import type { Failure } from '../core/events';
import { mayMeanOptOut } from '../core/refusal';
import type { SessionMessage } from '../core/session';
import { isTalk, SPEAKERS, type BatchSession, type Talk } from './batch-sessions';
import { customerKey } from './customer-key';
import type { JudgedEvent, ReceiveContext } from './receive-context';
import type { NewNote } from './notes';
import type { SendBlock } from './opt-out-states';
import { storable } from './text';
import { traceIdOf } from './trace-id';
import type { WrittenMessage } from './widget-conversations';
import type { PersonsMessage } from './widget-replies';
import type { WrittenWords } from './widget-words';
import { isSpeech, timeOf } from './wishes';

/** What becomes of the inbox row. */
export interface Effect {
  status: 'pending' | 'recorded' | 'ignored' | 'quarantined' | 'erased';
  failure: Failure | null;
  /** The session that a pending message is for. */
  workflowId: string | null;
  message: Omit<SessionMessage, 'number'> | null;
  /** What somebody has to be told of at once. */
  alarm?: Failure;
  /** Of the message with which a person ended a customer's wait: how long that was. */
  waitedSeconds?: number;
}

/** It is in the inbox, and nobody has to be told. */
export const RECORDED: Effect = { status: 'recorded', failure: null, workflowId: null, message: null };
const IGNORED: Effect = { ...RECORDED, status: 'ignored' };
/** Of somebody who was erased after it was written: its ids are kept, so that it is known when it comes again. */
export const ERASED: Effect = { ...RECORDED, status: 'erased' };

/** What decisions rest on. */
export interface Known {
  events: JudgedEvent[];
  /** Those that were wishes and nothing else. */
  wishes: Set<JudgedEvent>;
  /** By `customerKey`. */
  sessions: Map<string, BatchSession>;
  /** By phone. */
  blocks: Map<string, SendBlock>;
  /** Messages of the store's that are our own. */
  ourOwn: Set<JudgedEvent>;
  /** Changes of contacts that concern us. */
  ofOurs: Set<JudgedEvent>;
  /** Failures of texts of ours, and whether each is news. */
  failed: Map<JudgedEvent, 'news' | 'known'>;
  /** By Postgres' clock. */
  now: Date;
}

/** What the decisions about a batch have left to be written. */
export interface Consequences {
  notes: NewNote[];
  /** Closed sessions to whose customer a person has written. */
  takenOver: BatchSession[];
  /** Customers who wrote something that no session deals with, but a person. */
  leftToPersons: BatchSession[];
  /** Persons' messages: whoever waited for one waits no more. */
  answers: { received: JudgedEvent; session: BatchSession }[];
  helpWanted: { received: JudgedEvent; session: BatchSession }[];
  /** Messages of the store's to phones that had opted out. */
  afterOptOut: JudgedEvent[];
  spoken: { phone: string; at: Date }[];
  /** What customers wrote where a browser is shown the replies. */
  written: WrittenMessage[];
  /** What persons wrote, for such a browser. */
  byPersons: PersonsMessage[];
  words: WrittenWords[];
}

export const noConsequences = (): Consequences => ({
  ...{ notes: [], takenOver: [], leftToPersons: [], answers: [], helpWanted: [], afterOptOut: [] },
  ...{ spoken: [], written: [], byPersons: [], words: [] },
});

/** Events are decided in their order: what one leads to is known to the next. */
export function decide(
  received: JudgedEvent,
  known: Known,
  todo: Consequences,
  context: ReceiveContext,
): Effect {
  const { verdict } = received;
  switch (verdict.kind) {
    case 'ignored':
      return IGNORED;
    case 'quarantined':
      if (verdict.phone !== null && isSpeech(received, verdict.phone))
        todo.spoken.push({ phone: verdict.phone, at: timeOf(received) });
      return { ...IGNORED, status: 'quarantined', failure: verdict.failure };
    case 'contact_changed': {
      if (verdict.unclear) return { ...IGNORED, status: 'quarantined', failure: verdict.unclear };
      const concernsUs = verdict.optOuts.length > 0 || known.ofOurs.has(received);
      return concernsUs ? RECORDED : IGNORED;
    }
    case 'message_failed':
      return undelivered(received, known);
    case 'store_message':
      return decideStoreMessage(received, known, todo);
    case 'customer_message':
      return decideCustomerMessage(received, known, todo, context);
  }
}

function sessionOf({ verdict }: JudgedEvent, { sessions }: Known): BatchSession {
  return sessions.get(customerKey(verdict as Talk))!;
}

/**
 * A session that runs is told of a text that did not arrive. One of nobody's that we know of is kept with what it
 * says: its send may not know its message yet (see `failAsReported`), or it is a person's.
 */
function undelivered(received: JudgedEvent, known: Known): Effect {
  const session = sessionOf(received, known);
  const ofSend = known.failed.get(received);
  if (ofSend === undefined) return { ...RECORDED, message: messageOf(received) };
  return ofSend === 'news' && session.open ? pending(received, session) : RECORDED;
}

function decideStoreMessage(received: JudgedEvent, known: Known, todo: Consequences): Effect {
  if (known.ourOwn.has(received)) return RECORDED;
  const session = sessionOf(received, known);
  const { phone } = session;
  if (known.blocks.get(phone) === 'opted_out') todo.afterOptOut.push(received);
  if (received.event.senderUid === null) return IGNORED; // Podium's own automatic answers silence nobody
  todo.spoken.push({ phone, at: timeOf(received) });
  todo.answers.push({ received, session });
  if (session.open) {
    if (session.isShown) todo.byPersons.push(personsMessage(received));
    return pending(received, session);
  }
  todo.takenOver.push(session);
  return RECORDED;
}

function decideCustomerMessage(
  received: JudgedEvent,
  known: Known,
  todo: Consequences,
  context: ReceiveContext,
): Effect {
  const { event, verdict } = received;
  const session = sessionOf(received, known);
  const block = known.blocks.get(session.phone);
  todo.words.push({ received, wasOpen: session.open, block });
  const written = writtenMessage(received, session, session.open ? 'open' : 'none');
  if (event.browser || session.isShown) todo.written.push(written);
  const isOptOut = 'optOut' in verdict && verdict.optOut !== null;
  if (isOptOut || known.wishes.has(received)) return RECORDED;
  todo.spoken.push({ phone: session.phone, at: timeOf(received) });
  if (block && block !== 'unsettled') {
    todo.notes.push(blockedWriter(received, session, block));
    // The session has to know, or it would go on asking.
    if (block === 'undecided' && session.open) return pending(received, session);
    todo.leftToPersons.push(session);
    return RECORDED;
  }
  if (asksForHelp(received) && helpUntil(received, context) > known.now) {
    todo.helpWanted.push({ received, session });
    return RECORDED;
  }
  const mayBegin = event.webchat || context.startOn === 'any' || session.answersWait;
  if (!session.open && mayBegin && event.browser) {
    Object.assign(written, { into: 'begun', othersSpoke: othersSpoke(received, session, known) });
    session.isShown = true;
  }
  return session.open || mayBegin ? pending(received, session) : IGNORED;
}

/** In this batch; of what came earlier the rows of the inbox tell. */
function othersSpoke(
  { event: { browser } }: JudgedEvent,
  session: BatchSession,
  { events, ourOwn }: Known,
): boolean {
  const isOfIt = ({ verdict }: JudgedEvent) =>
    isTalk(verdict) && customerKey(verdict) === customerKey(session);
  return events.some((each) => isOfIt(each) && each.event.browser !== browser && !ourOwn.has(each));
}

export const asksForHelp = ({ verdict }: JudgedEvent) =>
  verdict.kind === 'customer_message' && verdict.said?.wish === 'help';

/** Who asked longer ago is left to the session, as anybody who wrote long ago. */
export function helpUntil(received: JudgedEvent, { replyWithinSeconds }: ReceiveContext): Date {
  return new Date(timeOf(received).getTime() + replyWithinSeconds * 1000);
}

function pending(received: JudgedEvent, session: BatchSession): Effect {
  const message = messageOf(received);
  session.open = true;
  session.due = true;
  session.conversationUid = message.conversationUid ?? session.conversationUid;
  return { status: 'pending', failure: null, workflowId: session.workflowId, message };
}

function messageOf(received: JudgedEvent): NonNullable<Effect['message']> {
  const { event, verdict, receivedAt } = received;
  const { kind } = verdict as Talk;
  return {
    from: SPEAKERS[kind],
    text: storable(kind === 'message_failed' ? (event.failureReason ?? '') : event.text),
    at: timeOf(received).getTime(),
    receivedAt: receivedAt.getTime(),
    webchat: event.webchat,
    conversationUid: event.conversationUid && storable(event.conversationUid),
    name: event.name && storable(event.name),
    attachments: event.attachments.length,
    ...(verdict.kind === 'customer_message' && verdict.said?.wish === 'ask' && { mayOptOut: true as const }),
    ...(kind === 'customer_message' && mayMeanOptOut(event.text) && { refusal: true as const }),
  };
}

function writtenMessage(
  { event }: JudgedEvent,
  { phone, locationUid, answersWait, sessionUid }: BatchSession,
  into: WrittenMessage['into'],
): WrittenMessage {
  const browser = event.browser ?? null;
  return { phone, locationUid, browser, into, answersWait, othersSpoke: false, lastSessionUid: sessionUid };
}

function personsMessage(received: JudgedEvent): PersonsMessage {
  const { event, verdict } = received;
  const { phone, locationUid } = verdict as Talk;
  const hasFile = event.attachments.length > 0;
  return { phone, locationUid, text: storable(event.text), at: timeOf(received), hasFile };
}

/** One note a day says enough. */
function blockedWriter({ event, receivedAt }: JudgedEvent, session: BatchSession, block: SendBlock): NewNote {
  return {
    key: `${block}:${session.phone}:${session.locationUid}:${receivedAt.toISOString().slice(0, 10)}`,
    phone: session.phone,
    locationUid: session.locationUid,
    workflowId: null,
    traceId: traceIdOf(event),
    conversationUid: event.conversationUid && storable(event.conversationUid),
    body: block === 'opted_out' ? optedOutWriterNote() : undecidedNote(),
    close: false,
  };
}
