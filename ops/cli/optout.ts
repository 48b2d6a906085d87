/** `podium-webchat optout …`: who gets no texts, and whether Podium knows. */
import type { Command } from 'commander';
import type { z } from 'zod';
import { checkOptOut, classifyText, optOutHistory, retryMirrors } from '../operations/opt-outs';
import type { CliContext } from './context';
import { optionalPhoneOption, phoneOption, type PhoneOptions } from './options';
import { registerOptOutAuditCommands } from './optout-audit';
import { registerOptOutChanges } from './optout-changes';
import { registerOptOutImport } from './optout-import';
import { optOutEntryInWords, optOutInWords } from './optout-words';
import { WrongUsage } from './usage';

export function registerOptOutCommands(program: Command, context: CliContext): void {
  const optOut = program.command('optout').description('who gets no texts, and whether Podium knows');
  optOut
    .command('check')
    .description('whether a phone is opted out')
    .addOption(phoneOption())
    .action((options: PhoneOptions) => check(context, options));
  optOut
    .command('history')
    .description('everything that ever wanted to change that')
    .addOption(phoneOption())
    .action((options: PhoneOptions) => history(context, options));
  registerOptOutChanges(optOut, context);
  optOut
    .command('retry')
    .description(
      'tell Podium again what it did not permit or refused: of a phone, or of all that it did not permit',
    )
    .addOption(optionalPhoneOption())
    .action((options: Partial<PhoneOptions>) => retry(context, options));
  registerOptOutAuditCommands(optOut, context);
  registerOptOutImport(optOut, context);
  optOut
    .command('classify')
    .description('what a text wishes for, as the settings have it; nothing is looked up')
    .option('--text <text>', 'the text')
    .option('--stdin', 'read texts from stdin, one a line, and print a JSON object for each')
    .option('--language <tag>', 'by the words of a language (es), of a country (CA), or of both (fr-CA)')
    .action((options: ClassifyOptions) => classify(context, options));
}

interface ClassifyOptions {
  text?: string;
  stdin?: boolean;
  language?: string;
}

async function classify(context: CliContext, options: ClassifyOptions): Promise<void> {
  const { text, stdin, language = null } = options;
  if ((text === undefined) === (stdin === undefined)) throw new WrongUsage('Give either --text or --stdin.');
  if (text !== undefined) {
    const reading = await context.perform(classifyText, { text, language });
    return context.answer(reading, readingInWords(reading));
  }
  for await (const line of context.host.lines(new AbortController().signal)) {
    const reading = await context.perform(classifyText, { text: line, language });
    context.host.out(`${JSON.stringify(reading)}\n`);
  }
}

function readingInWords({ wish, rule }: z.output<typeof classifyText.output>): string {
  return rule === null ? wish : `${wish} (${rule})`;
}

async function check(context: CliContext, options: PhoneOptions): Promise<void> {
  const { phone, ...report } = await context.perform(checkOptOut, options);
  const shown = context.shown(phone);
  context.answer({ phone: shown, ...report }, `${shown}: ${optOutInWords(report)}`);
}

async function history(context: CliContext, options: PhoneOptions): Promise<void> {
  const { phone, history } = await context.perform(optOutHistory, options);
  const lines = history.length > 0 ? history.map(optOutEntryInWords) : ['Nobody ever wanted a change.'];
  context.answer({ phone: context.shown(phone), history }, lines.join('\n'));
}

async function retry(context: CliContext, { phone }: Partial<PhoneOptions>): Promise<void> {
  const { tried } = await context.perform(retryMirrors, { phone });
  context.answer(
    { tried },
    tried > 0 ? `Podium is being told, of ${tried} phone(s) first.` : 'Nothing to tell.',
  );
}
