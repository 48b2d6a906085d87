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

export interface CliSurroundings {
  /** Where it is called; a directory in which no system runs unless told otherwise. */
  directory?: string;
  /** What comes on stdin. */
  lines?: Iterable<string> | AsyncIterable<string>;
  /** Called with all that it has said so far. */
  onErr?: (err: string) => void;
}

/**
 * Runs one command with just these variables.
 */
export async function cli(
  env: Record<string, string>,
  args: string[],
  { directory = tmpdir(), lines = [], onErr }: CliSurroundings = {},
): Promise<CliResult> {
  const result = { out: '', err: '' };
  const exitCode = await runCli(args, {
    env,
    directory,
    out: (text) => (result.out += text),
    err: (text) => {
      result.err += text;
      onErr?.(result.err);
    },
    lines: async function* () {
      yield* lines;
    },
  });
  return { exitCode, ...result };
}
