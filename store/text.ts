/** What Postgres can keep of a text that came from outside. */
import { createHash } from 'node:crypto';

const LONGEST_KEY = 255;

/**
 * U+0000 and halves of surrogate pairs are legal in JSON, but neither `text` nor `jsonb` takes them,
 * and one of them would fail a whole batch: U+FFFD stands in. The bytes that came are kept beside it.
 */
export function storable(text: string): string {
  return text.replace(/[\0\p{Surrogate}]/gu, '\uFFFD');
}

/** An id as a key of an index. Podium's have 255 characters at most; a longer one would not fit, its digest does. */
export function storableKey(id: string): string {
  return id.length > LONGEST_KEY ? createHash('sha256').update(id).digest('hex') : storable(id);
}

/** SHA-256 of a message's body, by which the echo of a send is known. Blanks are evened out, since carriers do so. */
export function bodyHash(body: string): Buffer {
  return createHash('sha256').update(storable(body).replace(/\s+/g, ' ').trim()).digest();
}
