import type { OptOutWish } from './events';
import { comparable } from './plain-text';

/**
 * The opt-out that a text wishes for, or null. The whole message has to be a keyword: any case, and
 * with anything that is no letter or digit around it. Blanks and dashes within do not count, so
 * "opt-out" and "opt out" are OPTOUT.
 */
export function optOutWish(text: string, keywords: readonly string[]): OptOutWish | null {
  const said = squeezed(text);
  const keyword = said && keywords.find((word) => squeezed(word) === said);
  return keyword ? { rule: `keyword:${keyword}` } : null;
}

function squeezed(text: string): string {
  return comparable(text).replace(/[\s\p{Pd}]+/gu, '');
}
