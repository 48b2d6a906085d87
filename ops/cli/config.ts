/** `podium-webchat config check`: whether everything is as it should be, before a deploy or when something is odd. */
import type { Command } from 'commander';
import type { z } from 'zod';
import { checkConfig } from '../operations/config';
import { EXIT, type CliContext } from './context';

const HELP = `
Here the variables of this shell are looked at; with --url those of the server.

Exit codes: 0 all is well, 1 something is wrong, 2 nothing is, and something could not be looked at.`;

export function registerConfigCommands(program: Command, context: CliContext): void {
  const config = program.command('config').description('whether everything is as it should be');
  config
    .command('check')
    .description('a line for each: settings, secrets, keys, database, Temporal, Podium, stores, webhook')
    .addHelpText('after', HELP)
    .action(() => check(context));
}

async function check(context: CliContext): Promise<void> {
  const result = await context.perform(checkConfig, {});
  const exitCode = { true: EXIT.fine, false: EXIT.notFine, null: EXIT.unknown }[`${result.ok}`];
  context.answer(result, result.checks.map(inWords).join('\n'), exitCode);
}

function inWords({ name, ok, message, mend }: z.output<typeof checkConfig.output>['checks'][number]): string {
  const mark = { true: 'ok     ', false: 'NOT OK ', null: 'UNKNOWN' }[`${ok}`];
  return `${mark}  ${name.padEnd(17)}  ${message}${mend === null ? '' : `\n         → ${mend}`}`;
}
