/** Waiting for something that comes about in other processes. */
import { setTimeout as pause } from 'node:timers/promises';

const PATIENCE_MS = 90_000;
const LOOK_AGAIN_MS = 50;

/**
 * Looks until something is found: anything but undefined, null and false.
 * @param what is waited for, for the error
 * @throws after 90 s, unless it is told otherwise, with what the last look threw as the cause
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T> | T,
  patienceMs = PATIENCE_MS,
): Promise<Exclude<T, undefined | null | false>> {
  const deadline = Date.now() + patienceMs;
  let cause: unknown;
  while (Date.now() < deadline) {
    try {
      const found = await look();
      if (found !== undefined && found !== null && found !== false) return found as never;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await pause(LOOK_AGAIN_MS);
  }
  throw new Error(`Waited ${patienceMs} ms in vain for ${what}`, { cause });
}
