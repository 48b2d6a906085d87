import { withoutInvisible } from './plain-text';

/**
 * Typed text in the form in which its words are compared: however it was typed, a word is one word.
 * Stricter than `comparable`, which keeps accents and leaves what stands between the words.
 */
export interface FoldedText {
  /** All words, in lower case and without accents. */
  words: string[];
  /** The same words, as punctuation and line breaks part them; a hyphen within a word parts nothing. */
  clauses: string[][];
}

/** What ends a clause. A dash does so only with blanks around it: "opt-out" is one word, or two. */
const CLAUSE_END = /[.,;:!?…¡¿|\n\r\u2028\u2029。、！？]+|\s\p{Pd}+\s/u;

/** What phones and people take for one. Normalised, an acute accent would be a blank and a mark. */
const APOSTROPHE = /['’‘`´ʼ′]/gu;

/** No letter carries so many. Normalising puts them in order, which takes a square of their number. */
const HEAPED_MARKS = /([\p{M}\p{Cf}]{16})[\p{M}\p{Cf}]+/gu;

/** A vowel sign belongs to its letter; the key drawn around a digit (`Me`) does not. */
const WORD = /[\p{L}\p{Mn}\p{Mc}\p{N}]+/gu;

export function foldText(text: string): FoldedText {
  const bounded = text.replace(APOSTROPHE, "'").replace(HEAPED_MARKS, '$1');
  const plain = withoutInvisible(bounded.normalize('NFKC'));
  const clauses = withoutAccents(plain)
    .split(CLAUSE_END)
    .map((clause) => withoutApostrophes(clause).match(WORD) ?? [])
    .filter((words) => words.length > 0);
  return { words: clauses.flat(), clauses };
}

/** The words of a keyword or a phrase, in the same form, as one string. */
export function foldPhrase(phrase: string): string {
  return foldText(phrase).words.join(' ');
}

/**
 * Upper case first: "ß" is "ss" then, and an undotted "ı" an "i". Accents go from Latin letters only, since
 * in other scripts such a mark may make another word.
 */
function withoutAccents(text: string): string {
  return text
    .toUpperCase()
    .toLowerCase()
    .normalize('NFD')
    .replace(/(\p{Script=Latin})\p{Mn}+/gu, '$1')
    .normalize('NFC');
}

/** "don't" is one word, as it is without the apostrophe; "n'envoyez" is two. */
function withoutApostrophes(clause: string): string {
  return clause.replace(/'(?=(?:t|s|m|d|re|ll|ve)(?![\p{L}\p{N}]))/gu, '').replaceAll("'", ' ');
}
