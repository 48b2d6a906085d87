/** `npm start`: what a person sees and can do at the terminal while the system runs. */
import { join, relative } from 'node:path';
import { openInBrowser } from '../ops/cli/browser';
import { parseFlags, USAGE, type Flags } from './flags';
import { LocalSystem } from './local-system';
import { holdAlone } from './only-one';
import { ROOT } from './paths';
import { welcome } from './welcome';

/**
 * Runs until Ctrl-C. Exit codes: 0 ended as asked, 1 could not run, 2 asked wrongly.
 * @param directory where everything is kept
 */
export async function start(args: string[], directory = join(ROOT, '.data')): Promise<void> {
  const flags = readFlags(args);
  if (!flags) return;
  if (!(await holdAlone(directory))) {
    console.error('It runs already, from this folder. Its addresses are in .data/runtime.json.');
    process.exitCode = 1;
    return;
  }
  const system = new LocalSystem(flags, directory, (line) => console.error(`  ${line}`));
  let ending: Promise<void> | undefined;
  const end = (): Promise<void> => (ending ??= system.stop());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (!ending) console.error('\n  Ending…');
      void end();
    });
  }
  try {
    const { runtime, settings, logDirectory } = await system.start();
    console.log(welcome(runtime, settings.session, relative(process.cwd(), logDirectory)));
    if (flags.open && runtime.demo) openInBrowser(runtime.demo);
  } catch (error) {
    if (ending === undefined) {
      console.error(`\n${(error as Error).message}\n`);
      process.exitCode = 1;
    }
    await end();
  }
}

function readFlags(args: string[]): Flags | null {
  try {
    return parseFlags(args);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    process.exitCode = 2;
    return null;
  }
}
