/** `podium-webchat optout …`: the ledger of opt-outs, and how far Podium knows of it. */
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { isPhoneCountry } from '../../core/phone';
import { importOptOutFile, type ImportReport } from '../opt-out-import';
import {
  checkOptOut,
  optOutHistory,
  retryMirrors,
  type MirrorReport,
  type OptOutHistoryReport,
  type OptOutReport,
} from '../opt-outs';
import { EXIT, type CliContext } from './context';
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
  optOut
    .command('retry')
    .description(
      'tell Podium again what it did not permit or refused: of a phone, or of all that it did not permit',
    )
    .addOption(phoneOption().makeOptionMandatory(false))
    .action((options: Partial<PhoneOptions>) => retry(context, options));
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
  if (defaultCountry !== undefined && !isPhoneCountry(defaultCountry))
    throw new Error('--default-country should be a country of ISO 3166-1 in capitals, as AU.');
  const [idKey] = context.environment('idKeys').idKeys as [string];
  const text = await readFile(file, 'utf8');
  const by = { actor: userInfo().username, idKey };
  const rules = { defaultCountry: defaultCountry ?? null, now: new Date() };
  const report = await importOptOutFile(context.pool, text, by, rules);
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
  const lines = entries.length > 0 ? entries.map(entryInWords) : ['Nobody ever wanted a change.'];
  context.answer({ phone: shown(phone, options), history: entries }, lines.join('\n'));
}

async function retry(context: CliContext, { phone }: Partial<PhoneOptions>): Promise<void> {
  const tried = await retryMirrors(context.pool, phone === undefined ? null : e164(phone));
  context.answer(
    { tried },
    tried > 0 ? `Podium is being told, of ${tried} phone(s) first.` : 'Nothing to tell.',
  );
}

/** The state of a phone and of its mirror, in a sentence or two. */
export function optOutInWords({ opted_out, source, recorded_at, podium }: OptOutReport): string {
  if (source === null) return 'not opted out.';
  const since = `${opted_out ? 'opted out' : 'opted in'} since ${recorded_at} (${source})`;
  return podium ? `${since}. Podium: ${mirrorInWords(podium)}.` : `${since}.`;
}

function mirrorInWords({
  state,
  told_at,
  not_permitted_since,
  last_attempt_at,
  error_code,
}: MirrorReport): string {
  const why = error_code === null ? '' : `, ${error_code}`;
  switch (state) {
    case 'told':
      return `knows since ${told_at}`;
    case 'pending':
      return last_attempt_at === null
        ? 'is to be told'
        : `is being told; last tried ${last_attempt_at}${why}`;
    case 'not_permitted':
      return `does not permit us to tell it, since ${not_permitted_since}${why}`;
    case 'refused':
      return `refuses it${why}`;
  }
}

function entryInWords({
  at,
  opted_out,
  source,
  actor,
  rule,
  location_uid,
  applied,
}: OptOutHistoryReport): string {
  const wish = opted_out ? 'opt-out' : 'opt-in';
  const how = [source, `by ${actor}`, rule && `rule ${rule}`, location_uid && `at ${location_uid}`].filter(
    Boolean,
  );
  return `${at}  ${wish}  ${how.join(', ')}${applied ? '' : '  (changed nothing)'}`;
}
