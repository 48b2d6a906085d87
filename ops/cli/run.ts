/** The program as a function: arguments in, an exit code out. */
import { Command, CommanderError } from 'commander';
import { ConfigurationError } from '../../config/load';
import { OperationRefused } from '../operation';
import { registerAuditCommands } from './audit';
import { registerAuthCommands } from './auth';
import { registerConfigCommands } from './config';
import { registerContactCommands } from './contacts';
import { CliContext, EXIT, type CliHost, type CommonOptions } from './context';
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
    host.err(`${(error as Error).message}\n`); // a context that could not be made, as with a wrong LOG_LEVEL, or ended
    return EXIT.unknown;
  }
}

async function run(args: string[], context: CliContext): Promise<number> {
  try {
    await createProgram(context).parseAsync(args, { from: 'user' });
    return context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.unknown; // it has spoken
    if (error instanceof OperationRefused) return refused(context, error);
    context.logger.debug({ err: error }, 'the command failed');
    context.tell(explain(error, context));
    return EXIT.unknown;
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

/** What was not understood could not be told; what there is not, or cannot be done, is not fine. */
function refused(context: CliContext, { kind, failure }: OperationRefused): number {
  const words = [failure.message, failure.hint].filter(Boolean).join('\n');
  if (context.json && kind !== 'wrong_input') context.host.out(`${JSON.stringify({ error: failure })}\n`);
  else context.tell(words);
  return kind === 'wrong_input' ? EXIT.unknown : EXIT.notFine;
}

/** What a person can do something about. */
function explain(error: unknown, context: CliContext): string {
  if (error instanceof ConfigurationError) {
    const problems = error.problems.map((problem) => `  - ${problem}`);
    const hint =
      context.usesLocalSystem || context.common.url
        ? []
        : ['No system runs in this folder either (`npm start`): there is no .data/runtime.json.'];
    return ['The configuration is not complete:', ...problems, ...hint].join('\n');
  }
  const { message, code } = error as Error & { code?: unknown };
  return message || String(code ?? error);
}
