/** `podium-webchat` in this process. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EncryptionKey } from '../../core/encryption';
import { runCli } from '../../ops/cli/run';
import { credentials } from './simulator';

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

/** The environment of a command that asks the simulator, and does not wait for its share of 300 calls a minute. */
export function cliEnvironment(
  databaseUrl: string,
  simulatorUrl: string,
  { id, secret }: EncryptionKey,
): Record<string, string> {
  return {
    DATABASE_URL: databaseUrl,
    WEBCHAT_SETTINGS: join(__dirname, 'unhurried.yaml'),
    WEBCHAT_ENCRYPTION_KEYS: `${id}:${secret.toString('base64')}`,
    PODIUM_API_URL: simulatorUrl,
    PODIUM_TOKEN_URL: `${simulatorUrl}/oauth/token`,
    PODIUM_AUTHORIZE_URL: `${simulatorUrl}/oauth/authorize`,
    PODIUM_CLIENT_ID: credentials.clientId,
    PODIUM_CLIENT_SECRET: credentials.clientSecret,
    PODIUM_REFRESH_TOKEN: credentials.refreshToken,
  };
}
