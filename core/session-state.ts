/**
 * What a running session knows: plain JSON, since it travels through continue-as-new.
 * The functions here only note things down; what is said in reply is decided in `conversation.ts`.
 */
import { idleDeadlines, idleSeconds, idleSinceAfter, type IdleDeadlines } from './idle';
import type { PartialState, SessionMessage, SessionPolicy, SessionStatus, SessionView } from './session';
import type { Wish } from './signal-input';

/**
 * Where the intake stands. Until the first reply: `new`, `restored` with earlier answers, or `left` when a
 * person of the store had the earlier conversation: theirs while the customer goes on by text, while a new
 * chat on the website is taken up again. Then `asking`; `over` once a person has it, or all is answered.
 */
export type IntakeStage = 'new' | 'restored' | 'left' | 'asking' | 'over';

export interface Intake extends PartialState {
  stage: IntakeStage;
  /** Podium's time of the question that waits; null until it went out. Ms since 1970. */
  askedAt: number | null;
  /** Our own time of it, to be compared with messages that have none of Podium's. Runs of earlier versions leave it out. */
  askedSince?: number | null;
}

export interface SessionState {
  /** Null until the session is opened in the store. */
  sessionUid: string | null;
  status: SessionStatus;
  /** What waits to be dealt with, in order of number. */
  inbox: SessionMessage[];
  /** The highest number that was dealt with. A message with this one or a lower one came again. */
  handledNumber: number;
  conversationUid: string | null;
  customerName: string | null;
  /** Whether Podium's contact is in the mirror. */
  contactKnown: boolean;
  intake: Intake;
  /** The person who spoke last; null before the first message. */
  lastSpeaker: 'customer' | 'agent' | null;
  /** Podium's time of the customer's last message; null before the first. Ms since 1970. */
  lastMessageAt: number | null;
  /** Whether the customer's last message was too old for the robot to answer. */
  late: boolean;
  /** Since when nobody has said a word, by the rules of `idle.ts`. Ms since 1970. */
  idleSince: number;
  /** Whether this idle time had its prompt. */
  prompted: boolean;
  /** Opt-outs that were signalled and still have to be looked up in the ledger. */
  optOuts: Wish[];
  /** Podium's time of the customer's last plain text message, which shows that the phone takes texts; null before one. */
  lastTextAt: number | null;
  /** Whether a text of ours did not arrive: nothing more is texted until the customer texts. */
  undeliverable: boolean;
  /** Whether a person of the store is to decide about a wish for no more messages: nothing is texted in this session. */
  undecided: boolean;
  /** Of the message that came last: what follows belongs to it in the logs. Null before one that has it. */
  traceId: string | null;
  /** Who wants the session closed, and why; after which message, since what comes later is for the next session. */
  forceClose: (Wish & { after: number }) | null;
  /** Whether the customer's phone was seen to be opted out. */
  optedOut: boolean;
  /** How many signals were refused for their shape, and the name of the last. */
  refusedSignals: { count: number; last: string | null };
}

/** A new object each time: the intake is changed in place. */
const newIntake = (): Intake => ({
  stage: 'new',
  answers: [],
  waitingFor: null,
  askedAgain: false,
  askedAt: null,
});

/** The state before anything is known. `now` in ms since 1970. */
export function newState(now: number): SessionState {
  return {
    sessionUid: null,
    status: 'active',
    inbox: [],
    handledNumber: 0,
    conversationUid: null,
    customerName: null,
    contactKnown: false,
    intake: newIntake(),
    lastSpeaker: null,
    lastMessageAt: null,
    late: false,
    idleSince: now,
    prompted: false,
    lastTextAt: null,
    undeliverable: false,
    undecided: false,
    traceId: null,
    optOuts: [],
    forceClose: null,
    optedOut: false,
    refusedSignals: { count: 0, last: null },
  };
}

/**
 * Puts messages into the inbox, each number once. A person's word ends the idle time as it comes in. After the
 * prompt it counts from now, whenever it was written: else one that was long on its way would be prompted again.
 */
export function receive(
  state: SessionState,
  messages: SessionMessage[],
  policy: SessionPolicy,
  now: number,
): void {
  for (const message of messages) {
    const known =
      message.number <= state.handledNumber || state.inbox.some(({ number }) => number === message.number);
    if (known) continue;
    state.inbox.push(message);
    state.traceId = message.traceId ?? state.traceId;
    if (!isWord(message)) continue;
    state.idleSince = state.prompted ? now : idleSinceAfter(state.idleSince, message, policy, now);
    state.prompted = false;
  }
  state.inbox.sort((a, b) => a.number - b.number);
}

/** Whether a person said it. News of a text that did not arrive is nobody's word, and ends no idle time. */
export const isWord = ({ from }: SessionMessage): boolean => from !== 'delivery';

/** Whether the message tells that texts do not arrive, and no later one of the customer's has shown that they do. */
export const tellsOfFailure = (
  { from, at }: SessionMessage,
  { lastTextAt }: Pick<SessionState, 'lastTextAt'>,
): boolean => from === 'delivery' && at >= (lastTextAt ?? 0);

/** Notes down a wish to close, unless there is one already. */
export function wishClose(state: SessionState, wish: Wish): void {
  const after = Math.max(state.handledNumber, ...state.inbox.map(({ number }) => number));
  state.forceClose ??= { ...wish, after };
}

/** Notes down when the question that waits went out; null when it did not. */
export function noteAsked({ intake }: SessionState, sent: { at: number; since?: number } | null): void {
  if (intake.waitingFor === null) return;
  intake.askedAt = sent?.at ?? null;
  intake.askedSince = sent?.since ?? null;
}

/** What is to be dealt with in this session. */
export function dueMessages({ inbox, forceClose }: SessionState): SessionMessage[] {
  return forceClose ? inbox.filter(({ number }) => number <= forceClose.after) : inbox;
}

/** What the store knows when a session is opened. */
export interface OpenedSession {
  sessionUid: string;
  /** Highest number of a message that was dealt with, by this execution or an earlier one. */
  handledNumber: number;
  /** Answers of an earlier session. The same execution gets them again, no other does. */
  restored: PartialState | null;
  /** What was delivered to an earlier execution, which failed or was terminated before it had dealt with it. */
  undealt: SessionMessage[];
  optedOut: boolean;
  /** Whether Podium's contact is known to belong to this location. */
  contactKnown: boolean;
}

/**
 * The state of a session that begins now. What is in the inbox came before it was known which numbers
 * were dealt with, so it is looked at once more, after what an earlier run has left.
 */
export function begin(
  before: SessionState,
  opened: OpenedSession,
  policy: SessionPolicy,
  now: number,
): SessionState {
  const { restored, undealt, ...known } = opened;
  const { conversationUid, customerName, optOuts, forceClose, refusedSignals, traceId } = before;
  const state: SessionState = {
    ...newState(0),
    ...{ conversationUid, customerName, optOuts, forceClose, refusedSignals, traceId },
    ...known,
    intake: restored ? takenUp(restored) : newIntake(),
  };
  receive(state, [...undealt, ...before.inbox], policy, now);
  if (!state.inbox.some(isWord)) state.idleSince = now;
  return state;
}

function takenUp(restored: PartialState): Intake {
  return { ...newIntake(), ...restored, stage: restored.waitingFor === null ? 'left' : 'restored' };
}

/** When the prompt and the close of the present idle time are due. */
export function deadlines(state: SessionState, policy: SessionPolicy): IdleDeadlines {
  return idleDeadlines(state.idleSince, policy);
}

/** Whether nothing may be texted: it would not arrive, or may not be wanted. */
export const isSilent = ({ undeliverable, undecided }: SessionState): boolean => undeliverable || undecided;

/** Whether this idle time is to have a prompt, and has not had it. */
export function promptWanted(state: SessionState): boolean {
  return !state.prompted && !state.late && !isSilent(state) && state.lastSpeaker !== null;
}

/**
 * Who owes the next word. The robot's own texts put the question to the customer, and nothing else; where they
 * do not arrive, it is the store that has to find another way.
 */
export function nextWord(state: SessionState): 'customer' | 'store' {
  if (isSilent(state)) return 'store';
  const { stage, askedAt } = state.intake;
  const questionIsOut = stage === 'asking' && askedAt !== null && !state.late;
  return questionIsOut || state.lastSpeaker !== 'customer' ? 'customer' : 'store';
}

/**
 * Whether a person of the store is waited for. Null while the robot has the word: it answers the customer, who may have
 * been waiting for a person before.
 */
export function waitsForPerson({ lastSpeaker, late, intake }: SessionState): boolean | null {
  if (lastSpeaker !== 'customer') return false;
  return intake.stage === 'over' || late ? true : null;
}

/** The answer of the query `session`. */
export function sessionView(
  state: SessionState,
  session: { phone: string; locationUid: string; policy: SessionPolicy },
  now: number,
): SessionView {
  const { answers, waitingFor, askedAgain } = state.intake;
  const { promptAt, closeAt } = deadlines(state, session.policy);
  const isOpen = state.status === 'active' || state.status === 'warned';
  return {
    session_uid: state.sessionUid ?? '',
    phone_e164: session.phone,
    location_uid: session.locationUid,
    status: state.status,
    last_message_at: state.lastMessageAt === null ? null : new Date(state.lastMessageAt).toISOString(),
    idle_seconds: idleSeconds(state.idleSince, now),
    idle_since: new Date(state.idleSince).toISOString(),
    prompt_at: isOpen && promptWanted(state) ? new Date(promptAt).toISOString() : null,
    close_at: isOpen ? new Date(closeAt).toISOString() : null,
    waiting_for: waitingForInWords(state),
    partial_state: { answers, waitingFor, askedAgain },
  };
}

function waitingForInWords(state: SessionState): string {
  if (state.status === 'closed') return 'nothing: the session is closed';
  if (state.status === 'closing') return 'the close';
  if (state.inbox.length > 0) return 'a reply of the robot, which is on its way';
  if (state.undeliverable) return "the store's next word, by another way: texts do not reach the customer";
  if (state.undecided) return "the store's decision whether the customer wants no more messages";
  if (nextWord(state) === 'store') return "the store's next word";
  return state.intake.waitingFor === null
    ? "the customer's next word"
    : `the customer's answer to "${state.intake.waitingFor}"`;
}
