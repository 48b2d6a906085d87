/**
 * How wishes about texts are put into words in one language: data, which `core/wish.ts` reads. All of it is in
 * the folded form of `core/folded-text.ts`: lower case, no accents, "dont" for "don't", "n envoyez" for
 * "n'envoyez".
 *
 * Phrases are templates: `(a|b)` is a choice, `( a)?` may be missing, `( a)*` stands up to three times, `{name}`
 * is a part, `<` and `>` are the two ends of a clause. Nothing repeats for ever, so no text makes reading slow.
 */
export interface WishLanguage {
  /** Whole messages that opt out, as people are told to write them. Sources: docs/opt-out.md. */
  keywords: readonly string[];
  /** Whole messages that ask for help. */
  helpKeywords: readonly string[];
  /**
   * Those of the keywords that are everyday words of a shop as well. Alone or with mere courtesy they opt out;
   * "I want to cancel" leaves open what is meant.
   */
  everyday: readonly string[];
  /** Courtesy, and what a phone adds: it never changes what a keyword means. */
  courtesy: readonly string[];
  /** How a wish is led up to or driven home: it changes nothing about a keyword that means one thing only. */
  emphasis: readonly string[];
  /** What is named in braces. */
  parts: Readonly<Record<string, string>>;
  /** A keyword in a sentence of its own, about texts: it means what the keyword does. */
  sentences: Readonly<Record<string, readonly string[]>>;
  /** A wish in other words, anywhere in a message, by the name of its rule. */
  otherWords: Readonly<Record<string, OtherWords>>;
  /** Whole messages that may be an opt-out when they answer no question. */
  refusals: readonly string[];
}

export interface OtherWords {
  says: readonly string[];
  /** Words before it with which it says something else. */
  notAfter?: string;
  /** Words behind it with which it says something else. */
  notBefore?: string;
  /** Said anywhere in the message, it takes the meaning away. */
  unless?: readonly string[];
}

/** The expression of a list of templates. @param language whose parts are named */
export function templateSource(templates: readonly string[], { parts }: Pick<WishLanguage, 'parts'>): string {
  return templates.map((template) => expand(template, parts)).join('|');
}

function expand(template: string, parts: WishLanguage['parts']): string {
  return template
    .replace(/\{(\w+)\}/g, (_, name: string) => {
      const part = parts[name];
      if (part === undefined) throw new Error(`No part is named ${name}.`);
      return `(${expand(part, parts)})`;
    })
    .replace(/\((?!\?)/g, '(?:')
    .replace(/\*/g, '{0,3}')
    .replace(/</g, '(?<=, )')
    .replace(/>/g, '(?= ,)');
}
