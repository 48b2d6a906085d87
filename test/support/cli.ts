/** `podium-webchat` in this process. */
import { tmpdir } from 'node:os';
import { runCli } from '../../ops/cli/run';

export interface CliResult {
  exitCode: number;
  /** What it printed. */
  out: string;
  /** What it said besides. */
  err: string;
}

/**
 * Runs one command with just these variables.
 * @param directory where it is called; one where no system runs unless told otherwise
 */
export async function cli(
  env: Record<string, string>,
  args: string[],
  directory = tmpdir(),
): Promise<CliResult> {
  const result = { out: '', err: '' };
  const exitCode = await runCli(args, {
    env,
    directory,
    out: (text) => (result.out += text),
    err: (text) => (result.err += text),
  });
  return { exitCode, ...result };
}
