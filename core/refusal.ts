import { foldText } from './folded-text';
import { phrasesOf, withoutPhrases } from './phrases';
import { WISH_LANGUAGES } from './wish-words';

const LANGUAGES = Object.values(WISH_LANGUAGES);
const REFUSALS = phrasesOf(LANGUAGES.flatMap(({ refusals }) => refusals));
const COURTESY = phrasesOf(LANGUAGES.flatMap(({ courtesy }) => courtesy));

/** A message of nothing but signs that say stop. */
const STOP_SIGNS = /^[🛑⛔🚫✋🖐🤚🖕👎❌❎🙅\p{M}\p{Cf}\p{Emoji_Modifier}♀♂\s]+$/u;

/**
 * Whether a text that answers no question may be an opt-out: "no thanks", "not interested", 🛑. As an answer it
 * is none, so whoever asks has to know that nothing is open. Workflow-safe.
 */
export function mayMeanOptOut(text: string): boolean {
  const { words } = foldText(text);
  if (words.length === 0) return STOP_SIGNS.test(text) && text.trim() !== '';
  const said = withoutPhrases(words, COURTESY);
  return withoutPhrases(said, REFUSALS).length === 0 && said.length > 0;
}
