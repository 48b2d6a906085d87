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
    if (err instanceof ConfigurationError) {
      process.stderr.write(`${title} cannot start:\n${err.problems.map((line) => `  - ${line}\n`).join('')}`);
      process.exit(2);
    }
    createLogger(title).fatal({ err }, 'Could not start');
    process.exit(1);
  }
}
