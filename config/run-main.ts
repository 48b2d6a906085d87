import { endWithParent } from './lifecycle';
import { ConfigurationError } from './load';
import { createLogger } from './logger';

/**
 * Runs a process: names it in `ps`, ends it with its parent, and exits with 2 when it is configured
 * wrongly (every problem on stderr) and with 1 when it could not start.
 *
 * @param name `server`, `worker`, …; the process is called `podium-webchat-<name>`
 */
export async function runMain(name: string, main: () => Promise<void>): Promise<void> {
  const title = `podium-webchat-${name}`;
  process.title = title;
  endWithParent();
  try {
    await main();
  } catch (err) {
    if (err instanceof ConfigurationError) refuse('start', err.problems);
    createLogger(title).fatal({ err }, 'Could not start');
    process.exit(1);
  }
}

/** Ends a process at once that runs, and that is found to be configured wrongly: what it did would do harm. */
export function endMisconfigured(problems: readonly string[]): never {
  return refuse('go on', problems);
}

function refuse(what: string, problems: readonly string[]): never {
  process.stderr.write(
    `${process.title} cannot ${what}:\n${problems.map((line) => `  - ${line}\n`).join('')}`,
  );
  process.exit(2);
}
