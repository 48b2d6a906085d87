/** Where things are, for this code as built and as run by the tests from its sources. */
import { basename, join } from 'node:path';

const parent = join(__dirname, '..');

/** The checkout. */
export const ROOT = basename(parent) === 'dist' ? join(parent, '..') : parent;

/** A built file: processes run what was built, whoever starts them. */
export function built(path: string): string {
  return join(ROOT, 'dist', path);
}
