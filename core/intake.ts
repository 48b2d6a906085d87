import { comparable, oneLine, withoutInvisible } from './plain-text';
import type { Answers, Question } from './session';

/** The questions of the intake: how they are put, and what counts as an answer. Workflow-safe. */

const LONGEST_NAME = 80;
const LONGEST_TEXT = 2_000;
/** By RFC 5321. */
const LONGEST_EMAIL = 254;

/** The first question that has no answer yet; null when there is none. */
export function nextQuestion(questions: readonly Question[], answers: Answers): Question | null {
  return questions.find(({ id }) => !answers.some(({ questionId }) => questionId === id)) ?? null;
}

/** The question as it is put to the customer: a choice with its options as numbered lines. */
export function questionText(question: Question): string {
  return withOptions(question.ask, question);
}

/** The question in other words, for the second and last time. */
export function askAgainText(question: Question): string {
  return withOptions(question.askAgain, question);
}

/** What the text answers to the question; null when it is no answer to it. */
export function readAnswer(question: Question, text: string): string | null {
  switch (question.kind) {
    case 'choice':
      return readChoice(text, question.choices ?? []);
    case 'name':
      return readName(text);
    case 'email':
      return readEmail(text);
    case 'text':
      return readText(text);
  }
}

function withOptions(words: string, { choices = [] }: Question): string {
  return [words, ...choices.map((choice, index) => `${index + 1}. ${choice}`)].join('\n');
}

/** An option by its words, its number, or both as they were shown: "sales", "1", "1)", "1. Sales". */
function readChoice(text: string, choices: readonly string[]): string | null {
  const said = comparable(text);
  const byWords = choices.find((choice) => comparable(choice) === said);
  if (byWords !== undefined) return byWords;

  const [, number, words] = /^(\d{1,2})(?![\p{L}\p{N}])(.*)$/u.exec(said) ?? [];
  const byNumber = choices[Number(number) - 1];
  if (byNumber === undefined) return null;
  const shown = comparable(words ?? '');
  return shown === '' || shown === comparable(byNumber) ? byNumber : null;
}

/** Anything short with a letter, but a question back or an address. */
function readName(text: string): string | null {
  const name = oneLine(text);
  return /\p{L}/u.test(name) && !/[?？@]/u.test(name) && length(name) <= LONGEST_NAME ? name : null;
}

const AROUND_ADDRESS = /[\s<>()[\],;:"]+/u;

/** The one e-mail address in the text, whatever is said around it. */
function readEmail(text: string): string | null {
  const words = oneLine(text).split(AROUND_ADDRESS);
  const addresses = words
    .filter((word) => word.length <= LONGEST_EMAIL) // anything about a very long one takes a square of its length
    .flatMap((word) => word.normalize('NFKC').split(AROUND_ADDRESS))
    .map((word) => word.replace(/[.!?']+$/u, ''))
    .filter(isEmail);
  return new Set(addresses).size === 1 ? addresses[0]! : null;
}

function isEmail(word: string): boolean {
  return /^[^\s@]+@([\p{L}\p{N}-]+\.)+\p{L}{2,}$/u.test(word) && word.length <= LONGEST_EMAIL;
}

/** Anything that says something. What is very long is cut: the conversation itself has it all. */
function readText(text: string): string | null {
  const said = withoutInvisible(text).trim();
  if (!/[\p{L}\p{N}]/u.test(said)) return null;
  return length(said) <= LONGEST_TEXT ? said : `${[...said].slice(0, LONGEST_TEXT).join('')}…`;
}

/** In characters as people count them, nearly: an emoji is not two. */
function length(text: string): number {
  return [...text].length;
}
