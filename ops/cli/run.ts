/** The program as a function: arguments in, an exit code out. */
import { Command, CommanderError } from 'commander';
import { ConfigurationError } from '../../config/load';
import type { Failure } from '../../core/events';
import { explain } from '../failures';
import { registerAuditCommands } from './audit';
import { registerAuthCommands } from './auth';
import { registerConfigCommands } from './config';
import { registerContactCommands } from './contacts';
import { CliContext, EXIT, type CliHost, type CommonOptions, type ExitCode } from './context';
import { registerEventCommands } from './events';
import { addExamples } from './examples';
import { registerFileCommands } from './files';
import { registerLocationCommands } from './locations';
import { registerOptOutCommands } from './optout';
import { registerPhoneCommands } from './phone';
import { registerRobotCommands } from './robot';
import { registerScheduleCommands } from './schedules';
import { registerSessionCommands } from './sessions';
import { registerTimelineCommand } from './timeline';
import { registerWebhookCommands } from './webhook';
import { wrongUsage } from './usage';
import { registerWorkerCommands } from './workers';

/** Each group of commands has a file of its own, which adds them to the program. */
const GROUPS = [
  registerTimelineCommand,
  registerSessionCommands,
  registerOptOutCommands,
  registerContactCommands,
  registerEventCommands,
  registerRobotCommands,
  registerLocationCommands,
  registerWebhookCommands,
  registerFileCommands,
  registerAuditCommands,
  registerAuthCommands,
  registerPhoneCommands,
  registerWorkerCommands,
  registerScheduleCommands,
  registerConfigCommands,
];

const AFTER_HELP = `
Exit codes:
  0  fine
  1  what was asked about is not fine
  2  could not tell: wrong usage, configuration, or something is away

Without DATABASE_URL in the environment, the system that "npm start" runs in this folder is used. With --url
(or PODIUM_WEBCHAT_URL) it is the one whose server is there; OPS_TOKEN has to hold a token of it then.
Acts stand in the audit under the name of the token, or else of WEBCHAT_ACTOR, or else of the user, as declared.

Examples:
  podium-webchat sessions list --status open
  podium-webchat timeline --phone '+61 412 345 678'
  podium-webchat auth status --json | jq .works
  OPS_TOKEN_FILE=token podium-webchat --url https://webchat.example.com events quarantine`;

/**
 * Runs one command, and ends everything that it has opened.
 *
 * @param args without the program's own name
 * @returns the exit code; never throws
 */
export async function runCli(args: string[], host: CliHost): Promise<number> {
  try {
    return await run(args, new CliContext(host));
  } catch (error) {
    return fail(error, args, host); // a context that could not be made, as with a wrong LOG_LEVEL, or ended
  }
}

async function run(args: string[], context: CliContext): Promise<number> {
  try {
    await createProgram(context).parseAsync(args, { from: 'user' });
    return context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.fine;
    context.logger.debug({ err: error }, 'the command failed');
    const isNowhere = !context.usesLocalSystem && context.remoteUrl === undefined;
    return fail(error, args, context.host, isNowhere ? NO_SYSTEM : null);
  } finally {
    await context.end();
  }
}

export function createProgram(context: CliContext): Command {
  const program = new Command('podium-webchat')
    .description("Podium webchats on Temporal: the operator's commands.")
    .option('--json', 'print data as JSON')
    .option('--show-phones', 'show phones whole')
    .option('--url <url>', 'work on the system whose server is there, with the token in OPS_TOKEN')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: context.host.out, writeErr: context.host.err })
    .showHelpAfterError('Add --help to see how it is called.')
    .addHelpText('after', AFTER_HELP)
    .exitOverride()
    .hook('preAction', () => {
      context.common = program.opts<CommonOptions>();
    });
  for (const register of GROUPS) register(program, context);
  addExamples(program);
  context.host.addCompletion?.(program);
  return program;
}

/** Tells what went wrong, as data with `--json`. What there is not, or cannot be done, is not fine; the rest could not be told. */
function fail(error: unknown, args: string[], host: CliHost, whereHint: string | null = null): ExitCode {
  const explained = explain(error);
  const failure = explained ? { ...explained.failure } : accident(error);
  if (whereHint !== null && error instanceof ConfigurationError) failure.hint = whereHint;
  if (args.includes('--json')) host.out(`${JSON.stringify({ error: failure })}\n`);
  else if (!(error instanceof CommanderError)) host.err(`${inWords(failure, error)}\n`); // else it has spoken
  return explained?.kind === 'unknown' || explained?.kind === 'refused' ? EXIT.notFine : EXIT.unknown;
}

const NO_SYSTEM = 'No system runs in this folder either (`npm start`): there is no .data/runtime.json.';

function accident(error: unknown): Failure {
  const { message, code } = error as Error & { code?: unknown };
  if (error instanceof CommanderError)
    return wrongUsage(code === 'commander.help' ? 'No command was named.' : message.replace(/^error: /, ''));
  return {
    code: 'ERR_OPS_FAILED',
    message: message || String(code ?? error),
    hint: 'With LOG_LEVEL=debug there is more.',
  };
}

function inWords({ code, message, hint }: Failure, error: unknown): string {
  const lines =
    error instanceof ConfigurationError
      ? ['The configuration is not complete:', ...error.problems.map((problem) => `  - ${problem}`)]
      : [message];
  return [`${code}: ${lines.join('\n')}`, hint].filter(Boolean).join('\n');
}
