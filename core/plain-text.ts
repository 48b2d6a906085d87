/**
 * Typed text made comparable. People, phones and websites put in characters that nobody sees:
 * marks for the direction of writing, zero-width blanks, selectors of an emoji's looks.
 */

/** The text without characters that cannot be seen. */
export function withoutInvisible(text: string): string {
  return text.replace(/[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, '');
}

/** The text on one line: nothing invisible, one blank between words, none around. */
export function oneLine(text: string): string {
  return withoutInvisible(text)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
}

/** In characters. What is longer is nobody's option or keyword, and to compare it would take a square of its length. */
const LONGEST_COMPARED = 1_000;

/**
 * The form in which two texts are compared: compatible characters are one (a fullwidth letter is a
 * letter), case does not count, and neither does what stands around the words. A vowel sign belongs to
 * its letter (`Mn`, `Mc`); the key drawn around a digit (`Me`) does not. What is very long stays as it is.
 */
export function comparable(text: string): string {
  const line = oneLine(text);
  if (line.length > LONGEST_COMPARED) return line;
  return oneLine(line.normalize('NFKC'))
    .toUpperCase()
    .replace(/^[^\p{L}\p{Mn}\p{Mc}\p{N}]+|[^\p{L}\p{Mn}\p{Mc}\p{N}]+$/gu, '');
}
