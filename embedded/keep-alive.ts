/** Starts a part again whenever it dies. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from './child';

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
/** A part that ran this long had a fresh trouble, not the old one. */
const HEALTHY_MS = 30_000;

/**
 * Watches a started part until `ending`: what dies comes back, with longer pauses while it does not stay.
 * @param tell a line for the person at the terminal
 */
export async function keepAlive(
  child: Child,
  ending: AbortSignal,
  tell: (line: string) => void,
): Promise<void> {
  let pause = FIRST_PAUSE_MS;
  for (;;) {
    const started = Date.now();
    await child.end();
    if (ending.aborted) return;
    if (Date.now() - started > HEALTHY_MS) pause = FIRST_PAUSE_MS;
    tell(`${child.name} died; it is started again`);
    await sleep(pause, undefined, { signal: ending }).catch(() => undefined);
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    if (ending.aborted) return;
    await child.start().then(
      () => tell(`${child.name} is back`),
      (error: Error) => tell(error.message),
    );
  }
}
