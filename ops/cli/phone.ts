/** `podium-webchat phone …`: phone numbers in one form. */
import type { Command } from 'commander';
import type { z } from 'zod';
import { normalizePhone } from '../operations/phone';
import { EXIT, type CliContext } from './context';
import { WrongUsage } from './usage';

interface NormalizeOptions {
  phone?: string;
  defaultCountry?: string;
  stdin?: boolean;
}

type Report = z.output<typeof normalizePhone.output>;

export function registerPhoneCommands(program: Command, context: CliContext): void {
  const phone = program.command('phone').description('phone numbers in one form');
  phone
    .command('normalize')
    .description(
      'the E.164 form of a phone number, alone; with --json also its line type and original carrier',
    )
    .option('--phone <phone>', 'as somebody typed it')
    .option('--default-country <code>', 'of a number in local form: two letters, as AU')
    .option('--stdin', 'read phones from stdin, one a line, and print a JSON object for each')
    .addHelpText('after', HELP)
    .action((options: NormalizeOptions) => normalize(context, options));
}

const HELP = `
The carrier is the original holder of the range, by Google's data: numbers move with their owners. Where nobody
publishes that, as in North America, it is null. With --stdin a line may end in a tab and its own country.

Exit codes: 0 a valid number, 1 none (ERR_WEBCHAT_001); with --stdin 1 when any line is none.`;

async function normalize(context: CliContext, { phone, defaultCountry, stdin }: NormalizeOptions) {
  if ((phone === undefined) === (stdin === undefined))
    throw new WrongUsage('Give either --phone or --stdin.');
  const country = defaultCountry ?? null;
  if (phone === undefined) return normalizeLines(context, country);
  const report = await context.perform(normalizePhone, { phone, default_country: country });
  const { error } = report;
  if (!error) return context.answer(data(report), report.e164!);
  if (context.json) return context.answer(data(report), '', EXIT.notFine);
  context.tell(`${error.code}: ${error.message} ${error.hint}`);
  context.exitCode = EXIT.notFine;
}

async function normalizeLines(context: CliContext, country: string | null): Promise<void> {
  for await (const line of context.host.lines(new AbortController().signal)) {
    const [, phone = line, own] = /^(.*)\t\s*([A-Za-z]{2})\s*$/.exec(line) ?? [];
    const report = await context.perform(normalizePhone, { phone, default_country: own ?? country });
    context.host.out(`${JSON.stringify(data(report))}\n`);
    if (report.error) context.exitCode = EXIT.notFine;
  }
}

/** Where there is nothing wrong, nothing is said of it. */
function data({ error, ...report }: Report) {
  return error ? { ...report, error } : report;
}
