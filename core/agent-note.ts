import { failure, type ErrorCode } from './error-codes';
import type { Answers, CloseReason, Question } from './session';
import { undeliveredCause, type UndeliveredCause } from './undelivered';

/**
 * Notes for the person of the store, as they stand in Podium's inbox beside the conversation. They
 * repeat answers and nothing else that the customer wrote, as long as the conversation has it.
 */

/** All questions are answered, and a person takes over. */
export function answersNote(answers: Answers): string {
  return paragraphs('The customer has answered all questions.', listed(answers));
}

/** An answer could not be understood twice, and a person takes over. */
export function unclearAnswerNote(question: Question, answers: Answers): string {
  return paragraphs(
    `The customer's answer to "${question.label}" could not be understood twice. Please take over.`,
    listed(answers),
  );
}

export interface ClosedSession {
  reason: CloseReason;
  answers: Answers;
  /** The label of the question that waits for its answer; null when none does. */
  openQuestion: string | null;
  /** Whether Podium's conversation is closed as well. */
  conversationClosed: boolean;
  /** Who wanted it closed, as declared; null when nobody did. */
  actor?: string | null;
}

/** A session has ended. */
export function closeNote({
  reason,
  answers,
  openQuestion,
  conversationClosed,
  actor,
}: ClosedSession): string {
  return paragraphs(
    [
      REASONS[reason],
      reason === 'forced' && actor ? `By: ${actor}.` : '',
      conversationClosed
        ? ''
        : 'The conversation stays open, since a person of the store owes the next word.',
    ],
    listed(answers),
    openQuestion === null ? '' : `Not answered yet: ${openQuestion}. The next message goes on from here.`,
  );
}

/** Messages were too old for an answer of the robot when they came in. */
export function lateMessageNote(count: number): string {
  const came = count === 1 ? 'A message of the customer came' : `${count} messages of the customer came`;
  return `${came} in late, so nothing was said in reply. Please answer if it still matters.`;
}

/** Podium does not take what was written on the website into its conversation: it stands nowhere else. */
export function notImportedNote(words: string, { mayBeThere }: { mayBeThere: boolean }): string {
  return paragraphs(
    mayBeThere
      ? 'The customer wrote this on the website; whether Podium has it in the conversation is not known:'
      : 'The customer wrote this on the website, and Podium did not take it into the conversation:',
    words,
  );
}

/** Somebody who has opted out wrote again. */
export function optedOutWriterNote(): string {
  return 'The customer has opted out of messages and wrote again. Nothing was said in reply, and no text may be sent to this phone. Please use another way if an answer is wanted.';
}

/** On the website somebody wished for texts, which counts only as a text of the phone itself. */
export function typedOptInNote(): string {
  return 'On the website somebody asked for texts to this phone, with a word like START. Nobody knows whether the phone is theirs, so it changes nothing: it counts once it comes as a text from the phone itself.';
}

/** The customer may want no more messages, and a person is to decide. */
export function undecidedNote(): string {
  return paragraphs(
    'The customer may have asked for no more messages, in other words than STOP. Until this is decided, the virtual assistant texts nothing to this phone, and nobody else should.',
    'If they did: set the opt-out of the contact here in Podium, or have an operator run "podium-webchat optout record". If they did not, an operator lets texts go on with "podium-webchat optout dismiss". A text START of the customer does so too.',
  );
}

/** `ERR_WEBCHAT_004`: the contact could not be had. */
export function contactConflictNote(): string {
  return 'Podium says that the contact of this phone exists, and does not give it (ERR_WEBCHAT_004). Please look for twins and merge them.';
}

/** Podium refused a text for good. */
export function sendRefusedNote(code: string): string {
  if (code === 'ERR_WEBCHAT_018') return undecidedNote();
  return `A text to the customer was refused by Podium (${code}) and will not be tried again. Please take over.`;
}

/** The customer waits for an answer that the robot may not give. */
export function robotPausedNote(): string {
  return 'The virtual assistant is paused and has not answered. It says nothing more in this chat: please take over.';
}

/** A text that Podium had taken did not arrive. */
export function undeliveredNote(reason: string | null): string {
  const why = UNDELIVERED[undeliveredCause(reason)];
  return paragraphs([
    `A text to the customer did not arrive: ${why}${reason ? ` (Podium: "${reason}")` : ''}.`,
    'The virtual assistant texts nothing more in this chat. Please call, or use another way.',
  ]);
}

const UNDELIVERED: Record<UndeliveredCause, string> = {
  landline: 'the number is a landline, which takes no texts',
  opted_out: 'the customer has opted out of texts at the carrier or in Podium',
  no_such_number: 'there seems to be no such number, or not any more',
  unreachable: 'the phone could not be reached',
  carrier: 'the carrier has refused it',
  unknown: 'Podium could not deliver it',
};

/** A file that came from the website. Who has its link needs no login. */
export interface CustomerFile {
  name: string;
  contentType: string;
  sizeBytes: number;
  /** Null where nobody said under which address people reach the server. */
  link: string | null;
  linkExpiresAt: Date;
  /** False for somebody who has opted out. */
  mayReply: boolean;
}

/** A file of the customer is kept. */
export function customerFileNote(file: CustomerFile): string {
  const size = file.sizeBytes.toLocaleString('en-US');
  const until = file.linkExpiresAt.toISOString().slice(0, 16).replace('T', ' ');
  return paragraphs(
    `The customer has sent a file on the website: ${file.name} (${file.contentType}, ${size} bytes).`,
    file.link
      ? [`${file.link}`, `This link is good until ${until} UTC. Whoever has it gets the file.`]
      : 'An operator can give it to you.',
    file.mayReply ? '' : NO_REPLY,
  );
}

/** The words that go with a customer's file to Podium. */
export function forwardedWords(name: string): string {
  return `The customer's file: ${name}`;
}

/** Podium does not take a file of the customer's. */
export function notForwardedNote(name: string, code: string): string {
  return `Podium has not taken the customer's file ${name} (${code}). The link in the note about it leads to it.`;
}

/** A file that the customer sent is not kept. The message itself came through. */
export function fileRefusedNote(code: ErrorCode, { mayReply } = { mayReply: true }): string {
  return paragraphs([
    'The customer has sent a file that was not kept.',
    `${failure(code).message.replace(/\.$/, '')} (${code}).`,
    'The message itself came through.',
    mayReply ? '' : NO_REPLY,
  ]);
}

const NO_REPLY = 'The customer has opted out of messages: no text may be sent to this phone.';

const REASONS: Record<CloseReason, string> = {
  idle: 'The chat was closed, since nobody wrote for a while.',
  forced: 'The chat was closed by an operator.',
  opted_out:
    'The customer has opted out of messages, so the chat was closed. No text may be sent to this phone.',
  completed: 'The chat has ended.',
  terminated:
    'An operator has ended the virtual assistant for this chat, so it says nothing more. Please take over.',
};

function listed(answers: Answers): string {
  return answers.map(({ label, value }) => `${label}: ${value}`).join('\n');
}

/** Sentences into paragraphs; empty ones leave no trace. */
function paragraphs(...parts: (string | string[])[]): string {
  return parts
    .map((part) => (Array.isArray(part) ? part.filter(Boolean).join(' ') : part))
    .filter(Boolean)
    .join('\n\n');
}
