/**
 * What the robot makes of what was said: answers read, the next reply, notes for the agent.
 * Pure decisions over the state; the workflow carries them out.
 */
import { answersNote, lateMessageNote, unclearAnswerNote } from './agent-note';
import { askAgainText, nextQuestion, questionText, readAnswer } from './intake';
import { dueMessages, isSilent, nextWord, tellsOfFailure, type SessionState } from './session-state';
import {
  CLOCKS_DIFFER_SECONDS,
  type PartialState,
  type Question,
  type SessionInput,
  type SessionMessage,
  type SessionPolicy,
} from './session';

/** What a text of ours is for. */
export type Purpose = 'greeting' | 'question' | 'ask_again' | 'hand_over' | 'prompt';

/** A text to the customer. */
export interface Reply {
  purpose: Purpose;
  text: string;
}

/** A note for the agent. */
export interface Note {
  /**
   * Tells it from the session's others, and is the same should the worker die and decide anew: by then more
   * may have come in, so it rests on the first message of the batch.
   */
  name: string;
  body: string;
}

/** What follows from a batch of messages. */
export interface Step {
  reply: Reply | null;
  notes: Note[];
}

type Session = Pick<SessionInput, 'locationName' | 'policy'>;

/**
 * Deals with all that is due in the inbox: takes what it says into the state, and tells what is to be said
 * in reply. Nothing is said to messages that are too old, nor once a person has the conversation, nor by texts
 * that do not arrive or may not be wanted.
 */
export function takeInbox(state: SessionState, session: Session, now: number): Step {
  const messages = dueMessages(state);
  state.inbox = state.inbox.filter((message) => !messages.includes(message));
  messages.forEach((message) => noteDown(state, message));

  const fromCustomer = messages.filter(({ from, mayOptOut }) => from === 'customer' && !mayOptOut);
  const step: Step = { reply: null, notes: [] };
  if (fromCustomer.length > 0) {
    const { replyWithinSeconds } = session.policy;
    state.late = fromCustomer.every(({ at }) => now - at > replyWithinSeconds * 1000);
    converse(state, session, fromCustomer, step);
    if (state.late) {
      step.reply = null;
      step.notes.push({ name: 'late', body: lateMessageNote(fromCustomer.length) });
    }
  }
  if (isSilent(state) || messages.some(({ from }) => from === 'agent')) {
    handOver(state);
    step.reply = null;
  }
  return {
    ...step,
    notes: step.notes.map((note) => ({ ...note, name: `${note.name}:${messages[0]?.number}` })),
  };
}

/** The prompt of an idle time: what is said depends on who owes the next word. */
export function promptText(state: SessionState, session: Session): Reply {
  const { promptCustomer, promptStore } = session.policy.texts;
  const text = nextWord(state) === 'store' ? promptStore : promptCustomer;
  return { purpose: 'prompt', text: fill(text, state, session) };
}

/** Gives the conversation to a person: the robot asks nothing more. */
export function handOver(state: SessionState): void {
  Object.assign(state.intake, { stage: 'over', waitingFor: null, askedAgain: false, askedAt: null });
}

/** What is kept of the intake while it is unfinished, for the next session; null when there is nothing to keep. */
export function partialState(state: SessionState, policy: SessionPolicy): PartialState | null {
  const { answers, waitingFor, askedAgain } = state.intake;
  const begun = answers.length > 0 || waitingFor !== null;
  return begun && nextQuestion(policy.questions, answers) !== null
    ? { answers, waitingFor, askedAgain }
    : null;
}

function noteDown(state: SessionState, message: SessionMessage): void {
  state.handledNumber = Math.max(state.handledNumber, message.number);
  state.conversationUid = message.conversationUid ?? state.conversationUid;
  if (message.from === 'delivery') {
    state.undeliverable ||= tellsOfFailure(message, state);
    return;
  }
  if (!isOvertaken(message, state)) state.lastSpeaker = message.from;
  state.status = 'active';
  if (message.from === 'agent') return;
  state.undecided ||= message.mayOptOut === true;
  state.customerName = message.name ?? state.customerName;
  state.lastMessageAt = Math.max(state.lastMessageAt ?? 0, message.at);
  if (message.webchat) return;
  state.lastTextAt = Math.max(state.lastTextAt ?? 0, message.at);
  state.undeliverable = false;
}

/** Whether a person's message was written before the customer's last one, and came after it: it answers nothing of that. */
const isOvertaken = ({ from, at }: SessionMessage, { lastMessageAt }: SessionState): boolean =>
  from === 'agent' && at < (lastMessageAt ?? 0) - CLOCKS_DIFFER_SECONDS * 1000;

/** The robot's part. A message that was written before the question went out is no answer to it. */
function converse(state: SessionState, session: Session, messages: SessionMessage[], step: Step): void {
  const { intake } = state;
  if (intake.stage === 'left') {
    if (messages.some(({ webchat }) => webchat)) intake.stage = 'restored';
    else handOver(state);
  }
  if (intake.stage === 'over') return;

  const question = session.policy.questions.find(({ id }) => id === intake.waitingFor);
  const candidates = question ? answersTo(question, state, messages) : [];
  const answer = question && firstAnswer(question, candidates, session);
  if (question && answer) {
    intake.answers = [...intake.answers, { questionId: question.id, label: question.label, value: answer }];
  } else if (intake.stage === 'asking' && question && intake.askedAt !== null) {
    if (candidates.length > 0 && !state.late) misunderstood(state, session, question, candidates, step);
    return;
  }
  if (answer || !state.late) goOn(state, session, step);
}

/**
 * Which messages may answer the question. The first ones of a restored session do so only where an answer
 * can be told from a new request: a choice and an e-mail address.
 */
function answersTo(question: Question, state: SessionState, messages: SessionMessage[]): SessionMessage[] {
  const { stage, askedAt, askedSince } = state.intake;
  const written = messages.filter(({ text }) => text.trim() !== '');
  if (stage === 'restored') return ['choice', 'email'].includes(question.kind) ? written : [];
  if (askedAt === null) return [];
  // Clocks differ: Podium's time is compared with Podium's, and what has none with ours.
  return written.filter(({ at, receivedAt }) => at > (at === receivedAt ? (askedSince ?? askedAt) : askedAt));
}

/** A mere no is nobody's name. */
function firstAnswer(question: Question, messages: SessionMessage[], { policy }: Session): string | null {
  const isNoAnswer = ({ refusal }: SessionMessage) =>
    refusal === true && question.kind === 'name' && policy.texts.maybeOptOut !== undefined;
  for (const message of messages) {
    if (isNoAnswer(message)) continue;
    const answer = readAnswer(question, message.text);
    if (answer) return answer;
  }
  return null;
}

/**
 * The wrong answer: asked again once in other words, then handed to a person. A mere no may be meant of our texts:
 * the customer hears how to say so.
 */
function misunderstood(
  state: SessionState,
  session: Session,
  question: Question,
  answers: SessionMessage[],
  step: Step,
): void {
  const { intake } = state;
  if (intake.askedAgain) {
    handOver(state);
    step.reply = {
      purpose: 'hand_over',
      text: fill(session.policy.texts.handOverUnclear, state, session),
    };
    step.notes.push({ name: 'unclear', body: unclearAnswerNote(question, intake.answers) });
  } else {
    Object.assign(intake, { askedAgain: true, askedAt: null });
    const about = answers.some(({ refusal }) => refusal) ? session.policy.texts.maybeOptOut : undefined;
    step.reply = {
      purpose: 'ask_again',
      text: [about && fill(about, state, session), askAgainText(question)].filter(Boolean).join('\n'),
    };
  }
}

/** The next question, or the end of the intake; behind the opening words when nothing was said yet. */
function goOn(state: SessionState, session: Session, step: Step): void {
  const { intake } = state;
  const { questions, texts } = session.policy;
  const opening =
    intake.stage === 'new' ? texts.greeting : intake.stage === 'restored' ? texts.welcomeBack : '';
  const question = nextQuestion(questions, intake.answers);
  if (question) {
    Object.assign(intake, {
      stage: 'asking',
      waitingFor: question.id,
      askedAgain: false,
      askedAt: null,
    });
  } else {
    handOver(state);
    if (intake.answers.length > 0) step.notes.push({ name: 'answers', body: answersNote(intake.answers) });
  }
  const next = question ? questionText(question) : texts.handOver;
  step.reply = {
    purpose: opening ? 'greeting' : question ? 'question' : 'hand_over',
    text: fill([opening, next].filter(Boolean).join('\n'), state, session),
  };
}

/** Puts what the texts of the settings may name in its place, in one pass: an answer's own braces stay. */
function fill(text: string, state: SessionState, session: Session): string {
  const { answers, waitingFor } = state.intake;
  const question = session.policy.questions.find(({ id }) => id === waitingFor);
  const values: Record<string, string> = {
    location: session.locationName,
    question: question ? questionText(question) : '',
    answers: answers.map(({ label, value }) => `${label}: ${value}`).join('\n'),
  };
  return text.replace(/\{(location|question|answers)\}/g, (_, name: string) => values[name] ?? '').trim();
}
