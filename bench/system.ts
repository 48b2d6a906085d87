/** The system under measurement: the product's own processes, in a scratch directory. */
import { dirname, join } from 'node:path';
import { Child } from '../embedded/child';
import { built } from '../embedded/paths';
import { startSystem, type System, type SystemOptions } from '../test/support/system';

export type { System } from '../test/support/system';

/** With a Postgres and a Temporal of its own that lose nothing, as in production: both write to the disk. */
export function startMeasuredSystem(options: SystemOptions = {}): Promise<System> {
  return startSystem({ ...options, stoppable: true });
}

/** Starts a process of the bench beside it, with the environment of the server. Whoever starts it stops it. */
export async function startBeside(
  system: System,
  name: string,
  args: string[] = [],
  env: Record<string, string> = {},
): Promise<Child> {
  const { program } = system.servers[0]!;
  const child = new Child({
    name: [name, ...args].join('-'),
    args: [built(`bench/${name}.js`), ...args],
    env: { ...program.env, ...env },
    logFile: join(dirname(program.logFile), `${name}.log`),
  });
  await child.start();
  return child;
}
