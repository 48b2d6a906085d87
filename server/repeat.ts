/** Work that a server does again and again. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Outage } from './outage';

export interface Repetition {
  /** From the end of the work to its next time. */
  pauseMs: number;
  signal: AbortSignal;
  /** Hears whether the work was done. */
  outage: Outage;
  /** Whether the signal cuts off the work that is under way: that it fails then is no outage. */
  isCutOff?: boolean;
}

/** Does the work at once and again after each pause, until the signal; what fails is tried again like all else. */
export async function repeat(
  work: () => Promise<void>,
  { pauseMs, signal, outage, isCutOff = false }: Repetition,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await work();
      outage.ends();
    } catch (error) {
      if (!(isCutOff && signal.aborted)) outage.begins(error);
    }
    await delay(pauseMs, null, { signal }).catch(() => null);
  }
}
