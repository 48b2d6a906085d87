/** Who has the codec show what payloads say: a line in the log, by the name of the token. */
import type { Logger } from 'pino';

/** A page of the Web UI asks many times. */
const ONE_LINE_EVERY_MS = 60_000;

/**
 * @returns to be told of each use. The first is logged at once, and those that follow within a minute with the first
 * one after it.
 */
export function codecUses(
  logger: Logger,
  now: () => number = Date.now,
): (name: string, payloads: number) => void {
  const uses = new Map<string, { loggedAt: number; payloads: number }>();
  return (name, payloads) => {
    const use = uses.get(name) ?? { loggedAt: -Infinity, payloads: 0 };
    use.payloads += payloads;
    uses.set(name, use);
    if (now() - use.loggedAt < ONE_LINE_EVERY_MS) return;
    logger.info({ operator: name, payloads: use.payloads }, 'payloads were decoded for an operator');
    uses.set(name, { loggedAt: now(), payloads: 0 });
  };
}
