/** How long to wait before the next attempt: twice as long each time, and never all browsers at the same moment. */
const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;

/** @param failures so far, from 1. @param random from 0 to 1. @returns milliseconds */
export function backoffMs(failures: number, random: number = Math.random()): number {
  const most = Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
  return most / 2 + (most / 2) * random;
}
