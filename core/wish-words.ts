import { foldPhrase } from './folded-text';
import { templateSource, type OtherWords, type WishLanguage } from './wish-language';
import { ENGLISH } from './wish-words-en';
import { SPANISH } from './wish-words-es';
import { FRENCH } from './wish-words-fr';

/** The languages whose words are shipped, by their ISO 639-1 codes. */
export const WISH_LANGUAGES = { en: ENGLISH, es: SPANISH, fr: FRENCH } as const;

export type WishLanguageCode = keyof typeof WISH_LANGUAGES;

/**
 * Opt-in words that are answers as well: they opt in only where no question is open. The others always do.
 * Twilio and Braze take YES for an opt-in without asking.
 */
export const optInWhenNothingIsAsked: readonly string[] = ['YES'];

/** The part of the settings that decides about words: `optout` of the settings file. */
export interface WishSettings {
  keywords: readonly string[];
  opt_in_keywords: readonly string[];
  help_keywords: readonly string[];
  languages: readonly WishLanguageCode[];
  countries: Readonly<Record<string, CountryWords>>;
}

/** Words that a country adds, whichever languages are active. */
export interface CountryWords {
  keywords?: readonly string[] | undefined;
  help_keywords?: readonly string[] | undefined;
}

/** The words that count in a country; null for one that is not known, where only its additions are missing. */
export type WordsFor = (country: string | null) => WishWords;

/** The words that count, made ready for reading. */
export interface WishWords {
  /** A keyword as it is listed, by its letters. */
  optOut: ReadonlyMap<string, string>;
  optIn: ReadonlyMap<string, string>;
  help: ReadonlyMap<string, string>;
  sentences: readonly Sentence[];
  otherWords: readonly Rule[];
}

/** What may stand for a keyword. */
export interface Sentence {
  keyword: string;
  /** Everyday words of a shop as well, so that emphasis does not make them clear. */
  everyday: boolean;
  /** Looks at one place only. */
  says: RegExp;
}

export interface Rule {
  name: string;
  says: RegExp;
  unless: RegExp | null;
}

/** What the settings make of words, country by country; each is made once. */
export function wordsByCountry(settings: WishSettings): WordsFor {
  const made = new Map<string, WishWords>();
  const shared = ready(settings.languages.map((code) => WISH_LANGUAGES[code]));
  return (country) => {
    const key = country !== null && Object.hasOwn(settings.countries, country) ? country : '';
    const words = made.get(key) ?? makeWords(settings, settings.countries[key] ?? {}, shared);
    made.set(key, words);
    return words;
  };
}

/**
 * The words that count for a language, for a country, or for both, as "es", "CA" and "fr-CA" name them.
 *
 * @param tag null for all active languages and no country
 * @throws Error that says what a tag looks like
 */
export function wordsForTag(settings: WishSettings, tag: string | null): WishWords {
  if (tag === null) return wordsByCountry(settings)(null);
  const [first = '', region = null] = tag.split(/[-_]/);
  const code = first.toLowerCase();
  if (isShipped(code))
    return wordsByCountry({ ...settings, languages: [code] })(region?.toUpperCase() ?? null);
  if (/^[a-z]{2}$/.test(code) && region === null) return wordsByCountry(settings)(code.toUpperCase());
  const codes = Object.keys(WISH_LANGUAGES).join(', ');
  throw new Error(
    `A language is one of ${codes}, a country two letters, and both are as fr-CA: ${tag} is none.`,
  );
}

function isShipped(code: string): code is WishLanguageCode {
  return Object.hasOwn(WISH_LANGUAGES, code);
}

/** The keywords of `words` as they are listed. */
export function keywordsOf({ optOut }: WishWords): string[] {
  return [...optOut.values()];
}

/** What the languages have in common for all countries, which takes the most time to make. */
function ready(languages: readonly WishLanguage[]): Pick<WishWords, 'sentences' | 'otherWords'> {
  const sentences = languages.flatMap(sentencesOf);
  const otherWords = languages.flatMap(rulesOf);
  for (const { says } of [...sentences, ...otherWords]) says.test(LONG_LINE);
  return { sentences, otherWords };
}

/**
 * V8 compiles an expression when it is first used, and a large one takes it ten times as long for a short text
 * as for one of 1,000 characters, of which it expects more. Better at the start than when a customer writes.
 */
const LONG_LINE = ' '.repeat(1_000);

function makeWords(
  settings: WishSettings,
  country: CountryWords,
  { sentences, otherWords }: Pick<WishWords, 'sentences' | 'otherWords'>,
): WishWords {
  const languages = settings.languages.map((code) => WISH_LANGUAGES[code]);
  const keywords = [
    ...settings.keywords,
    ...(country.keywords ?? []),
    ...languages.flatMap((language) => language.keywords),
  ];
  const helpKeywords = [
    ...settings.help_keywords,
    ...(country.help_keywords ?? []),
    ...languages.flatMap((language) => language.helpKeywords),
  ];
  return {
    optOut: byLetters(keywords),
    optIn: byLetters(settings.opt_in_keywords),
    help: byLetters(helpKeywords),
    sentences: [...keywords.flatMap(keywordAlone), ...sentences],
    otherWords,
  };
}

/** The first of those that are one word counts, so that STOP is STOP in every language. */
function byLetters(keywords: readonly string[]): Map<string, string> {
  const map = new Map<string, string>();
  for (const keyword of keywords) {
    const letters = foldPhrase(keyword).replaceAll(' ', '');
    if (letters && !map.has(letters)) map.set(letters, keyword);
  }
  return map;
}

const EVERYDAY = new Set<string>(Object.values(WISH_LANGUAGES).flatMap(({ everyday }) => everyday));

function keywordAlone(keyword: string): Sentence[] {
  const phrase = foldPhrase(keyword);
  const everyday = EVERYDAY.has(keyword.toUpperCase());
  return phrase ? [{ keyword, everyday, says: atOnePlace(phrase) }] : [];
}

function sentencesOf(language: WishLanguage): Sentence[] {
  return Object.entries(language.sentences).flatMap(([keyword, templates]) =>
    templates.map((template) => ({
      ...{ keyword, everyday: false },
      says: atOnePlace(templateSource([template], language)),
    })),
  );
}

function atOnePlace(source: string): RegExp {
  return new RegExp(`(?:${source})$|(?:${source})(?= )`, 'y'); // to the end, if it can
}

function rulesOf(language: WishLanguage): Rule[] {
  return Object.entries(language.otherWords).map(([name, words]) => ({
    name,
    says: anywhere(words, language),
    unless: words.unless ? new RegExp(` (?:${templateSource(words.unless, language)})(?= )`) : null,
  }));
}

/** Whole words in a line that begins and ends with a comma. */
function anywhere({ says, notAfter, notBefore }: OtherWords, language: WishLanguage): RegExp {
  const after = notAfter ? `(?<! (?:${notAfter}) )` : '';
  const before = notBefore ? `(?! (?:${notBefore})(?= ))` : '';
  return new RegExp(`(?<= )${after}(?:${templateSource(says, language)})(?= )${before}`);
}
