import { oneLine } from '../../core/plain-text';

const LONGEST_STEM = 80;

/**
 * The stem of a name that came from outside, in a form that no path, header or shell stumbles over. What it
 * claims to be by its ending is left out: a kept file gets the ending of what it is.
 */
export function stemOf(name: string | null): string {
  const stem = oneLine((name ?? '').normalize('NFC'))
    .replace(/\.[^./\\]*$/, '')
    .replace(/[^\p{L}\p{M}\p{N} _-]+/gu, '-')
    .replace(/^[ -]+|[ -]+$/g, '');
  return [...stem].slice(0, LONGEST_STEM).join('') || 'file';
}
