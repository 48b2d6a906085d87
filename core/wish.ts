import { foldText } from './folded-text';
import { phrasesOf, withoutPhrases } from './phrases';
import { WISH_LANGUAGES, optInWhenNothingIsAsked, type Sentence, type WishWords } from './wish-words';

/** What a customer's text wishes for, as far as texts to the customer go. The rules stand in docs/opt-out.md. */
export interface WishReading {
  /** `ask`: it wishes an opt-out in other words, and a person of the store decides. */
  wish: 'opt_out' | 'ask' | 'opt_in' | 'help' | 'none';
  /** The tier (A, B or C) and what it rests on; null for none. */
  rule: string | null;
}

const NONE: WishReading = { wish: 'none', rule: null };

/** Nobody writes more than that around a keyword, and what comes behind is not looked through for other words. */
const LONGEST = 10_000;

/** Of a signature. */
const MOST_NAMES = 2;

const LANGUAGES = Object.values(WISH_LANGUAGES);
/** Of all languages, active or not: people say "STOP por favor" as well. */
const COURTESY = phrasesOf(LANGUAGES.flatMap(({ courtesy }) => courtesy));
const EMPHASIS = phrasesOf(LANGUAGES.flatMap(({ emphasis }) => emphasis));

/** How phones text a reaction to a message: it quotes our words, which may well be "Reply STOP". */
const REACTION =
  /^(liked|loved|disliked|laughed at|emphasi[sz]ed|questioned|reacted .{1,20} to|removed an? .{1,30} from|le gusto|le encanto|a aime|a adore|n'a pas aime|no le gusto)\s*["“”«„]/iu;

/**
 * Reads a text. An opt-out goes before everything else.
 *
 * @param questionOpen whether the customer has been asked something: YES is an answer then
 */
export function readWish(
  text: string,
  words: WishWords,
  { questionOpen = true }: { questionOpen?: boolean } = {},
): WishReading {
  const typed = text.trim();
  const { words: said, clauses } = foldText(typed.slice(0, LONGEST));
  if (said.length === 0 || isReaction(typed)) return NONE;
  if (typed.length > LONGEST) return readOtherWords(clauses, words) ?? NONE;
  const polite = withoutPhrases(said, COURTESY);
  return (
    readOptOut(said, polite, clauses, words) ??
    readOtherWords(clauses, words) ??
    readKeyword('opt_in', said, polite, words.optIn) ??
    readKeyword('help', said, polite, words.help) ??
    (questionOpen ? null : readKeyword('opt_in', said, polite, YES)) ??
    NONE
  );
}

const YES = new Map(optInWhenNothingIsAsked.map((word) => [word.toLowerCase(), word]));

function isReaction(text: string): boolean {
  const begin = text
    .slice(0, 80)
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '')
    .replace(/’/g, "'");
  return REACTION.test(begin);
}

/** Tiers A and B, and an everyday word with emphasis, which leaves open what is to be cancelled. */
function readOptOut(
  said: readonly string[],
  polite: readonly string[],
  clauses: readonly string[][],
  { optOut, sentences }: WishWords,
): WishReading | null {
  const alone = optOut.get(said.join(''));
  if (alone !== undefined) return { wish: 'opt_out', rule: `A:${alone}` };
  const withCourtesy = keywordIn(polite, sentences);
  if (withCourtesy) return { wish: 'opt_out', rule: `B:${withCourtesy.keyword}` };
  const withEmphasis = keywordIn(withoutPhrases(polite, EMPHASIS), sentences);
  if (!withEmphasis) return signedKeyword(clauses, sentences);
  return withEmphasis.everyday
    ? { wish: 'ask', rule: `C:${withEmphasis.keyword}` }
    : { wish: 'opt_out', rule: `B:${withEmphasis.keyword}` };
}

/** "STOP. Thanks, Karen": behind thanks a word or two are a name. */
function signedKeyword(clauses: readonly string[][], sentences: readonly Sentence[]): WishReading | null {
  const [name, thanks, ...before] = [...clauses].reverse();
  if (!name || !thanks || name.length > MOST_NAMES || withoutPhrases(thanks, COURTESY).length > 0)
    return null;
  const keyword = keywordIn(withoutPhrases(before.reverse().flat(), COURTESY), sentences);
  return keyword && !keyword.everyday ? { wish: 'opt_out', rule: `B:${keyword.keyword}` } : null;
}

/** Tier C: other words anywhere, or a keyword that is a clause of its own at one end of the message. */
function readOtherWords(clauses: readonly string[][], words: WishWords): WishReading | null {
  const line = `, ${clauses.map((clause) => clause.join(' ')).join(' , ')} ,`;
  const rule = words.otherWords.find(({ says, unless }) => says.test(line) && !unless?.test(line));
  if (rule) return { wish: 'ask', rule: `C:${rule.name}` };
  for (const clause of [clauses[0]!, clauses.at(-1)!]) {
    const plain = withoutPhrases(withoutPhrases(clause, COURTESY), EMPHASIS);
    const keyword = keywordIn(plain, words.sentences);
    if (keyword && !keyword.everyday) return { wish: 'ask', rule: `C:${keyword.keyword}` };
  }
  return null;
}

function readKeyword(
  wish: 'opt_in' | 'help',
  said: readonly string[],
  polite: readonly string[],
  keywords: ReadonlyMap<string, string>,
): WishReading | null {
  const alone = keywords.get(said.join(''));
  if (alone !== undefined) return { wish, rule: `A:${alone}` };
  const withCourtesy = keywords.get(polite.join(''));
  return withCourtesy === undefined ? null : { wish, rule: `B:${withCourtesy}` };
}

/** The keyword for which all of the words stand, over and over if need be; a clear one goes first. */
function keywordIn(words: readonly string[], sentences: readonly Sentence[]): Sentence | null {
  const line = words.map(withoutStretch).filter(isNew).join(' ');
  let found: Sentence | null = null;
  for (let at = 0; at < line.length;) {
    const next = longestAt(line, at, sentences);
    if (!next) return null;
    if (!found || (found.everyday && !next.sentence.everyday)) found = next.sentence;
    at += next.length + 1;
  }
  return found;
}

function longestAt(line: string, at: number, sentences: readonly Sentence[]) {
  let best: { sentence: Sentence; length: number } | null = null;
  for (const sentence of sentences) {
    sentence.says.lastIndex = at;
    const length = sentence.says.exec(line)?.[0].length ?? 0;
    if (length > (best?.length ?? 0)) best = { sentence, length };
  }
  return best;
}

/** "stooop" is "stop": three or more of a letter are one. */
function withoutStretch(word: string): string {
  return word.replace(/(\p{L})\1{2,}/gu, '$1');
}

function isNew(word: string, at: number, words: readonly string[]): boolean {
  return word !== words[at - 1];
}
