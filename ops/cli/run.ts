/** The program as a function: arguments in, an exit code out. */
import { Command, CommanderError } from 'commander';
import { ConfigurationError } from '../../config/load';
import { registerAuditCommands } from './audit';
import { registerAuthCommands } from './auth';
import { registerContactCommands } from './contacts';
import { CliContext, EXIT, type CliHost } from './context';
import { registerFileCommands } from './files';
import { registerOptOutCommands } from './optout';
import { registerWebhookCommands } from './webhook';

/** Each group of commands has a file of its own, which adds them to the program. */
const GROUPS = [
  registerAuditCommands,
  registerAuthCommands,
  registerContactCommands,
  registerFileCommands,
  registerOptOutCommands,
  registerWebhookCommands,
];

const AFTER_HELP = `
Exit codes:
  0  fine
  1  what was asked about is not fine
  2  could not tell: wrong usage, configuration, or something is away

Without DATABASE_URL in the environment, the system that "npm start" runs in this folder is used.

Examples:
  podium-webchat auth status
  podium-webchat auth status --json | jq .works`;

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
    context.logger.debug({ err: error }, 'the command failed');
    context.tell(explain(error, context));
    return EXIT.unknown;
  } finally {
    await context.end();
  }
}

function createProgram(context: CliContext): Command {
  const program = new Command('podium-webchat')
    .description("Podium webchats on Temporal: the operator's commands.")
    .option('--json', 'print data as JSON')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: context.host.out, writeErr: context.host.err })
    .showHelpAfterError('Add --help to see how it is called.')
    .addHelpText('after', AFTER_HELP)
    .exitOverride()
    .hook('preAction', () => {
      context.json = program.opts<{ json?: boolean }>().json ?? false;
    });
  for (const register of GROUPS) register(program, context);
  return program;
}

/** What a person can do something about. */
function explain(error: unknown, context: CliContext): string {
  if (error instanceof ConfigurationError) {
    const problems = error.problems.map((problem) => `  - ${problem}`);
    const hint = context.usesLocalSystem
      ? []
      : ['No system runs in this folder either (`npm start`): there is no .data/runtime.json.'];
    return ['The configuration is not complete:', ...problems, ...hint].join('\n');
  }
  const { message, code } = error as Error & { code?: unknown };
  return message || String(code ?? error);
}
