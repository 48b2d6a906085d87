/** `podium-webchat optout …`: the ledger of opt-outs, and how far Podium knows of it. */
import type { Command } from 'commander';
import { readWish, type WishReading } from '../../core/wish';
import { wordsForTag, type WishWords } from '../../core/wish-words';
import { checkOptOut, optOutHistory, retryMirrors } from '../opt-outs';
import type { CliContext } from './context';
import { registerOptOutChanges } from './optout-changes';
import { optOutEntryInWords, optOutInWords } from './optout-words';
import { registerOptOutAuditCommands } from './optout-audit';
import { registerOptOutImport } from './optout-import';
import { e164, phoneOption, shown, showPhonesOption, type PhoneOptions } from './phone';

export function registerOptOutCommands(program: Command, context: CliContext): void {
  const optOut = program.command('optout').description('who gets no texts, and whether Podium knows');
  optOut
    .command('check')
    .description('whether a phone is opted out')
    .addOption(phoneOption())
    .addOption(showPhonesOption())
    .action((options: PhoneOptions) => check(context, options));
  optOut
    .command('history')
    .description('everything that ever wanted to change that')
    .addOption(phoneOption())
    .addOption(showPhonesOption())
    .action((options: PhoneOptions) => history(context, options));
  registerOptOutChanges(optOut, context);
  optOut
    .command('retry')
    .description(
      'tell Podium again what it did not permit or refused: of a phone, or of all that it did not permit',
    )
    .addOption(phoneOption().makeOptionMandatory(false))
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

async function classify(context: CliContext, { text, stdin, language }: ClassifyOptions): Promise<void> {
  if ((text === undefined) === (stdin === undefined)) throw new Error('Give either --text or --stdin.');
  const words = wordsForTag(context.settings.optout, language ?? null);
  if (text !== undefined) {
    const reading = readWish(text, words);
    context.answer({ text, ...reading }, readingInWords(reading));
    return;
  }
  for await (const line of context.host.lines(new AbortController().signal)) printLine(context, line, words);
}

function printLine(context: CliContext, text: string, words: WishWords): void {
  context.host.out(`${JSON.stringify({ text, ...readWish(text, words) })}\n`);
}

function readingInWords({ wish, rule }: WishReading): string {
  return rule === null ? wish : `${wish} (${rule})`;
}

async function check(context: CliContext, options: PhoneOptions): Promise<void> {
  const phone = e164(options.phone);
  const report = await checkOptOut(context.pool, phone);
  context.answer(
    { phone: shown(phone, options), ...report },
    `${shown(phone, options)}: ${optOutInWords(report)}`,
  );
}

async function history(context: CliContext, options: PhoneOptions): Promise<void> {
  const phone = e164(options.phone);
  const entries = await optOutHistory(context.pool, phone);
  const lines = entries.length > 0 ? entries.map(optOutEntryInWords) : ['Nobody ever wanted a change.'];
  context.answer({ phone: shown(phone, options), history: entries }, lines.join('\n'));
}

async function retry(context: CliContext, { phone }: Partial<PhoneOptions>): Promise<void> {
  const tried = await retryMirrors(context.pool, phone === undefined ? null : e164(phone));
  context.answer(
    { tried },
    tried > 0 ? `Podium is being told, of ${tried} phone(s) first.` : 'Nothing to tell.',
  );
}
