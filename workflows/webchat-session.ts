/**
 * One customer at one store, from the first message to the close.
 *
 *  1. Handlers note down what comes in: messages, opt-outs, wishes to close. They decide nothing.
 *  2. The session is opened: the store tells what was dealt with before, and gives back earlier answers.
 *  3. One loop deals with what has come: opt-outs first, then all messages at once. What follows from them
 *     is persisted, then the contact is seen to, then the reply goes out through the guarded door.
 *  4. After 20 min without a person's word one prompt goes out; after 28 min the session closes. Once a text did
 *     not arrive, nothing more is texted, and the conversation is the store's.
 *  5. The close is persisted first. The agent's note and Podium's close are a workflow of their own, started
 *     from the store, which may take as long as Podium needs.
 *  6. After the last await comes a last look: what arrived during the close begins a session anew.
 *
 * Replay-safe: decisions are pure functions of the state (`core/`), the state is plain JSON, and everything
 * else goes through activities. Calls to Podium are given up as soon as they have become pointless, so
 * neither an opt-out nor a close waits for Podium.
 */
import {
  ActivityFailure,
  CancellationScope,
  TimeoutFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  isCancellation,
  log,
  patched,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import type { SentText, TextOutcome } from '../activities/sendable';
import { closeNote, contactConflictNote, robotPausedNote, sendRefusedNote } from '../core/agent-note';
import { NAMELESS } from '../core/contact';
import { handOver, partialState, promptText, takeInbox, type Note, type Reply } from '../core/conversation';
import type { CloseReason, SessionInput } from '../core/session';
import {
  begin,
  deadlines,
  dueMessages,
  isSilent,
  newState,
  noteAsked,
  nextWord,
  promptWanted,
  tellsOfFailure,
  waitsForPerson,
  type SessionState,
} from '../core/session-state';
import { openSession, podiumFor, store } from './calls';
import { countClose, noteLateness } from './metrics';
import { listen } from './session-handlers';
import { dealWith, goOnWith } from './trace';
import { describe, show } from './visibility';
import { keepAlarm, unless } from './waiting';

/** A contact that cannot be had, as when Podium asks for ten minutes, holds up no answer; the next message tries again, or the close. */
const CONTACT_PATIENCE = '20 seconds';

/** A running session: its input, and what it knows. */
export interface Run {
  readonly input: SessionInput<SessionState>;
  state: SessionState;
  /** How often this run has closed a session. */
  closes: number;
}

export async function webchatSession(input: SessionInput<SessionState>): Promise<void> {
  const run: Run = { input, state: { ...newState(Date.now()), ...input.carried }, closes: 0 };
  listen(run);
  // Cancelling the workflow is a wish to close the session, and must not cut off the close itself.
  await CancellationScope.nonCancellable(async () => {
    void keepAlarm(() => timesDue(run));
    do {
      goOnWith(run.state.traceId);
      if (!isOpen(run.state)) await open(run);
      const reason = await converse(run);
      await close(run, reason);
      await condition(() => allHandlersFinished() || somethingCame(run.state));
    } while (somethingCame(run.state));
  });
}

async function open(run: Run): Promise<void> {
  const { firstExecutionRunId: firstRunId } = workflowInfo();
  const opened = await openSession({ ...keyOf(run), firstRunId });
  run.state = begin(run.state, opened, run.input.policy, Date.now());
}

/** The main loop: each round deals with all that has come or fallen due, until something ends the session. */
async function converse(run: Run): Promise<CloseReason> {
  for (;;) {
    await condition(() => somethingCame(run.state) || isDue(run) || historyIsLong());
    await recordOptOuts(run);
    const due = dueMessages(run.state);
    if (due.length > 0) await dealWith(due, () => dealWithInbox(run));
    const reason = endOf(run);
    if (reason) return reason;
    if (promptIsDue(run)) await prompt(run);
    if (historyIsLong()) await continueAsNew<typeof webchatSession>({ ...run.input, carried: run.state });
  }
}

/** Declared opt-outs go into the ledger, which knows whether a later opt-in has undone them. */
async function recordOptOuts({ input: { phone, locationUid }, state }: Run): Promise<void> {
  for (let wish = state.optOuts[0]; wish; wish = state.optOuts[0]) {
    const at = wish.at === null ? null : Math.min(wish.at, Date.now());
    const optedOut = await store.recordOptOut({
      phone,
      locationUid,
      actor: wish.actor,
      at,
      reason: wish.reason,
    });
    state.optedOut ||= optedOut;
    state.optOuts.shift();
  }
}

async function dealWithInbox(run: Run): Promise<void> {
  for (const { number, traceId } of dueMessages(run.state))
    log.info('A message is dealt with', { number, traceId });
  const { reply, notes } = takeInbox(run.state, run.input, Date.now());
  show(run.state, run.input);
  await save(run, notes);
  if (isOver(run)) return;
  await seeToContact(run);
  if (!reply) return;
  const sent = await send(run, reply, 'answer', () => isOver(run) || isInVain(run.state));
  noteAsked(run.state, sent);
  describe(run.state, run.input); // now that the question is out, it is the customer who is waited for
}

/** Finds or makes Podium's contact. Should Podium not let us, the session goes on without it. */
async function seeToContact(run: Run): Promise<void> {
  const { input, state } = run;
  if (state.contactKnown) return;
  const podium = podiumFor(input.locationUid, 'contact');
  const customer = { phone: input.phone, locationUid: input.locationUid };
  const name = state.customerName ?? NAMELESS;
  try {
    const known = await unless(
      () => isOver(run),
      async () =>
        (await podium.findContact(customer)) ||
        (await podium.createContact({ ...customer, name })) ||
        (await podium.readWinningContact(customer)),
      CONTACT_PATIENCE,
    );
    if (known === null) return await wantContact(run);
    state.contactKnown = true;
    if (known) return;
    log.warn('Podium says that the contact exists, and does not give it', { code: 'ERR_WEBCHAT_004' });
    await save(run, [{ name: `contact:${state.handledNumber}`, body: contactConflictNote() }]);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    log.warn('The contact could not be had; the next message tries again', { problem: error.cause?.message });
    await wantContact(run);
  }
}

/** Has a workflow of its own make the contact now. The close does so too, and did it alone in earlier versions. */
async function wantContact(run: Run): Promise<void> {
  if (!isOver(run) && patched('contact-wanted')) await store.wantContact(keyOf(run));
}

/** The one prompt of an idle time. A word that comes meanwhile makes it pointless. */
async function prompt(run: Run): Promise<void> {
  const { input, state } = run;
  noteLateness('prompt', deadlines(state, input.policy).promptAt);
  state.prompted = true;
  const reply = promptText(state, input);
  const sent = await send(run, reply, 'prompt', () => isOver(run) || state.inbox.length > 0);
  if (!sent) return;
  log.info('The idle customer was prompted', { code: 'ERR_WEBCHAT_007' });
  state.status = 'warned';
  show(state, input);
  await save(run, []);
}

/**
 * Sends a text through the guarded door, for as long as there is a point in it.
 * @returns null when it did not go out
 */
async function send(
  run: Run,
  { purpose, text }: Reply,
  use: 'answer' | 'prompt',
  pointless: () => boolean,
): Promise<SentText | null> {
  const { state } = run;
  const { conversationUid } = state;
  const sendId = uuid4();
  const wanted = { ...keyOf(run), conversationUid, sendId, purpose, body: text };
  const outcome = await unless(pointless, () =>
    podiumFor(run.input.locationUid, use, untilClose(run)).sendText(wanted).catch(withoutOutcome),
  );
  switch (outcome?.status) {
    case 'sent':
      state.conversationUid = outcome.conversationUid ?? conversationUid;
      return outcome;
    case 'blocked':
      state.optedOut = true;
      return null;
    case 'held': // a prompt was not asked for: nobody misses it
      if (use === 'prompt') return null;
      handOver(state);
      await save(run, [{ name: `held:${sendId}`, body: robotPausedNote() }]);
      return null;
    case 'refused':
      handOver(state);
      await save(run, [{ name: `refused:${sendId}`, body: sendRefusedNote(outcome.code) }]);
      return null;
    default:
      return null;
  }
}

/**
 * A text whose time is over did not go out: null. A call that failed for good, for whatever reason, is left to
 * a person, and the session lives.
 */
function withoutOutcome(error: unknown): TextOutcome | null {
  if (!(error instanceof ActivityFailure)) throw error;
  if (isCancellation(error)) return null; // given up, and nobody waits for it
  if (error.retryState === 'TIMEOUT' || error.cause instanceof TimeoutFailure) return null;
  log.error('A text could not be sent', { problem: error.cause?.message });
  return { status: 'refused', code: 'outcome_unknown' };
}

async function save(run: Run, notes: Note[]): Promise<void> {
  const { handledNumber, status, lastMessageAt, conversationUid } = run.state;
  const saved = await store.saveProgress({
    ...keyOf(run),
    ...{ handledNumber, lastMessageAt, conversationUid },
    status: status === 'warned' ? status : 'active',
    waitsForPerson: waitsForPerson(run.state),
    partial: partialState(run.state, run.input.policy),
    notes: notes.map(({ name, body }) => ({ key: noteKey(run.state, name), body })),
  });
  if (typeof saved === 'number') {
    // in histories of earlier versions
    run.state.handledNumber = saved;
    return;
  }
  run.state.handledNumber = saved.handledNumber;
  if (saved.contactGone) run.state.contactKnown = false;
}

/** The end. Postgres comes first, and starts what there is to do at Podium. */
async function close(run: Run, reason: CloseReason): Promise<void> {
  const { state, input } = run;
  if (reason === 'idle') noteLateness('close', deadlines(state, input.policy).closeAt);
  state.status = 'closing';
  show(state, input);
  if (somethingHappened(run)) await store.closeSession(whatIsLeft(run, reason));
  state.status = 'closed';
  state.forceClose = null;
  run.closes += 1;
  show(state, input, reason);
  countClose(reason);
  log.info('The session is closed', { reason, ...(reason === 'idle' ? { code: 'ERR_WEBCHAT_006' } : {}) });
}

/** What the close leaves to the store: the answers for the next session, the note, Podium's close. */
function whatIsLeft(run: Run, reason: CloseReason) {
  const { state, input } = run;
  const { handledNumber, conversationUid, intake } = state;
  const partial = partialState(state, input.policy);
  const openQuestion = input.policy.questions.find(({ id }) => id === partial?.waitingFor)?.label ?? null;
  const staysOpen = reason === 'idle' && nextWord(state) === 'store' && !input.policy.closeWhenStoreOwes;
  const { actor = null, reason: wish = null } = state.forceClose ?? {};
  const words = { reason, answers: intake.answers, openQuestion, conversationClosed: !staysOpen, actor };
  const silent = reason === 'completed';
  return {
    ...keyOf(run),
    ...{ handledNumber, reason, partial, conversationUid, actor, wish },
    note: silent
      ? null
      : { key: noteKey(state, `closed:${handledNumber}:${reason}`), body: closeNote(words) },
    closeConversation: !staysOpen && !silent,
  };
}

const keyOf = ({ input: { phone, locationUid } }: Run) => ({
  workflowId: workflowInfo().workflowId,
  phone,
  locationUid,
});

const noteKey = ({ sessionUid }: SessionState, name: string) => `${sessionUid}:${name}`;

const isOpen = ({ sessionUid, status }: SessionState) => sessionUid !== null && status !== 'closed';

/** What has come and waits to be dealt with. */
const somethingCame = ({ inbox, optOuts }: SessionState) => inbox.length > 0 || optOuts.length > 0;

/** Whether a reply has become pointless: a person has taken over, texts do not arrive, or they may not be wanted. */
const isInVain = (state: SessionState) =>
  state.inbox.some(
    (message) => message.from === 'agent' || message.mayOptOut || tellsOfFailure(message, state),
  );

/** False for a run that was started by a message which came again: there is nothing to close, or to give back. */
const somethingHappened = ({ state, input }: Run) =>
  state.lastSpeaker !== null || isSilent(state) || partialState(state, input.policy) !== null;

const isDue = (run: Run) => endOf(run) !== null || promptIsDue(run);

/** Whether nothing may be said any more. A declared opt-out counts before it is in the ledger. */
const isOver = (run: Run) => run.state.optOuts.length > 0 || endOf(run) !== null;

/** What ends the session now; null while nothing does. */
function endOf({ state, input }: Run): CloseReason | null {
  if (state.optedOut) return 'opted_out';
  if (state.forceClose) return 'forced';
  if (state.lastSpeaker === null && state.inbox.length === 0) return 'completed';
  return Date.now() >= deadlines(state, input.policy).closeAt ? 'idle' : null;
}

/** How long a text of this idle time has a meaning, in ms. A moment at least: Temporal takes 0 for "no limit". */
const untilClose = ({ state, input }: Run) =>
  Math.max(1_000, deadlines(state, input.policy).closeAt - Date.now());

function promptIsDue({ state, input }: Run): boolean {
  return promptWanted(state) && Date.now() >= deadlines(state, input.policy).promptAt;
}

function timesDue({ state, input }: Run): number[] {
  const { promptAt, closeAt } = deadlines(state, input.policy);
  return isOpen(state) ? [promptAt, closeAt] : [];
}

/** Temporal asks for a new run before a history becomes a burden. An update in progress is answered first. */
const historyIsLong = () => workflowInfo().continueAsNewSuggested && allHandlersFinished();
