import { endWithParent, onShutdown } from './lifecycle';
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

/** How a process that runs hears of keys that are found to be wrong later on. */
interface Later {
  onForeign: (problems: string[]) => void;
  signal: AbortSignal;
}

/**
 * Keeps a process from working with other keys than those of its database: it does not start, or ends at once where
 * the database was away at first and is asked later.
 * @param useKeys what is wrong with the keys
 * @throws ConfigurationError when something is, and what `useKeys` throws
 */
export async function assertKeys(useKeys: (later: Later) => Promise<string[]>): Promise<void> {
  const stopping = new AbortController();
  onShutdown(() => stopping.abort());
  const foreign = await useKeys({ onForeign: endMisconfigured, signal: stopping.signal });
  if (foreign.length > 0) throw new ConfigurationError(foreign);
}

/** Ends a process at once that runs, and that is found to be configured wrongly: what it did would do harm. */
function endMisconfigured(problems: readonly string[]): never {
  return refuse('go on', problems);
}

function refuse(what: string, problems: readonly string[]): never {
  process.stderr.write(
    `${process.title} cannot ${what}:\n${problems.map((line) => `  - ${line}\n`).join('')}`,
  );
  process.exit(2);
}
