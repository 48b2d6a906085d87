/**
 * Phrases taken out of a text, to see what is left. One pass, the longest phrase first, so that it takes time
 * in step with the text's length.
 */
export type Phrases = ReadonlyMap<string, readonly (readonly string[])[]>;

/** @param phrases folded, with one blank between words */
export function phrasesOf(phrases: readonly string[]): Phrases {
  const byFirst = new Map<string, string[][]>();
  for (const phrase of phrases) {
    const words = phrase.split(' ');
    byFirst.set(words[0]!, [...(byFirst.get(words[0]!) ?? []), words]);
  }
  for (const list of byFirst.values()) list.sort((a, b) => b.length - a.length);
  return byFirst;
}

/** The words that are left when all of the phrases are taken out. */
export function withoutPhrases(words: readonly string[], phrases: Phrases): string[] {
  const left: string[] = [];
  for (let at = 0; at < words.length;) {
    const candidates = phrases.get(words[at]!) ?? [];
    const found = candidates.find((phrase) => phrase.every((word, i) => words[at + i] === word));
    if (!found) left.push(words[at]!);
    at += found?.length ?? 1;
  }
  return left;
}
