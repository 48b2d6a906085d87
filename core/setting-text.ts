/** Texts in the settings. */
import { z } from 'zod';
import { placeholdersOf } from './placeholders';

export const text = z.string().trim().min(1);

/** A text in which only these names in braces are replaced: another one would be shown as it stands. */
export function withPlaceholders(...known: string[]) {
  const names = known.map((name) => `{${name}}`).join(', ') || 'none';
  return text.refine(
    (words) => placeholdersOf(words).every((name) => known.includes(name)),
    `of names in braces, only these are replaced here: ${names}`,
  );
}
