/** `podium-webchat optout import`: what another system has kept. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { ImportReport } from '../opt-out-import';
import { importOptOuts } from '../operations/opt-outs';
import { EXIT, type CliContext } from './context';

export function registerOptOutImport(optOut: Command, context: CliContext): void {
  optOut
    .command('import')
    .description('opt-outs that another system has kept, out of a CSV file: all of them, or none')
    .requiredOption(
      '--file <path>',
      'with the columns phone, opted_out_at, and source and proof if there are any',
    )
    .option('--default-country <code>', 'of phones in local form, as AU')
    .action((options: ImportOptions) => importFile(context, options));
}

interface ImportOptions {
  file: string;
  defaultCountry?: string;
}

async function importFile(context: CliContext, { file, defaultCountry }: ImportOptions): Promise<void> {
  const csv = await readFile(file, 'utf8');
  const report = await context.perform(importOptOuts, { csv, default_country: defaultCountry ?? null });
  const isFine = report.refused.length === 0;
  context.answer(report, importInWords(report), isFine ? EXIT.fine : EXIT.notFine);
}

function importInWords({ lines, applied, unchanged, refused }: ImportReport): string {
  if (refused.length === 0) return `${lines} line(s): ${applied} applied, ${unchanged} known or older.`;
  return [
    ...refused.map(({ line, phone, problem }) => `line ${line}${phone ? ` (${phone})` : ''}: ${problem}`),
    `Nothing was imported: ${refused.length} of ${lines} line(s) refused.`,
  ].join('\n');
}
