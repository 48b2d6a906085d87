import type { Logger } from 'pino';
import { createLogger } from './logger';

/** Less than the 10 s in which everything has to be over. */
const LONGEST_SHUTDOWN_MS = 9_000;

type Step = () => unknown;

/** What of the process the lifecycle touches, so that a test need not end its own. */
export interface Host {
  env: Record<string, string | undefined>;
  stdin: { once(event: 'close', listener: () => void): unknown; resume(): unknown };
  on(event: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
  exit(code: number): void;
}

/**
 * The end of a process. It comes once, by a signal or with the parent, and takes the process apart in
 * the reverse order of its making. A second Ctrl-C does nothing: a terminal signals children too, which
 * would be cut off in the middle, and the deadline ends what hangs.
 */
export function createLifecycle(host: Host, logger: () => Logger) {
  const steps: Step[] = [];
  const firstSteps: Step[] = [];
  let ending: Promise<void> | undefined;
  let listening = false;

  /** Registers what ends a part. Steps run one after the other, last one first; one that fails stops no other. */
  function onShutdown(step: Step): void {
    steps.push(step);
    if (listening) return;
    listening = true;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) host.on(signal, () => void shutDown(signal));
  }

  /** Registers what is waited for before anything ends, however long it takes. */
  function beforeShutdown(step: Step): void {
    firstSteps.push(step);
  }

  /** With `EXIT_WITH_PARENT=1`: ends the process when its stdin closes, as it does even after a `kill -9` of the parent. */
  function endWithParent(): void {
    if (host.env['EXIT_WITH_PARENT'] !== '1') return;
    host.stdin.once('close', () => void shutDown('parent gone'));
    host.stdin.resume();
  }

  /** Ends the process: exit code 0, or 1 when a step failed or took too long. */
  function shutDown(reason: string): Promise<void> {
    return (ending ??= end(reason));
  }

  async function end(reason: string): Promise<void> {
    logger().info({ event: 'stopping', reason }, 'Stopping');
    for (const step of firstSteps) await step();
    const deadline = setTimeout(() => {
      logger().error('Stopping took too long');
      host.exit(1);
    }, LONGEST_SHUTDOWN_MS);
    const errors: unknown[] = [];
    for (const step of steps.reverse()) {
      try {
        await step();
      } catch (error) {
        errors.push(error);
      }
    }
    clearTimeout(deadline);
    for (const err of errors) logger().error({ err }, 'Could not stop a part');
    host.exit(errors.length > 0 ? 1 : 0);
  }

  return { onShutdown, beforeShutdown, endWithParent, shutDown };
}

export const { onShutdown, beforeShutdown, endWithParent, shutDown } = createLifecycle(process, () =>
  createLogger(process.title),
);
