/** `podium-webchat audit …`: whether the audit is whole, and what it tells of a customer. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { z } from 'zod';
import { showAudit, verifyAudit } from '../operations/audit';
import { EXIT, type CliContext } from './context';
import { AUDIT_KINDS, type AuditKind } from '../../store/audit';
import { optionalPhoneOption, storeOption, wholeNumber } from './options';
import { at } from './table';

type Verification = z.output<typeof verifyAudit.output>;

export function registerAuditCommands(program: Command, context: CliContext): void {
  const audit = program.command('audit').description('what happened, and whether that was changed');
  audit
    .command('verify')
    .description('whether rows were changed, removed, put in between or cut off')
    .option('--head <number:hex>', 'an end of the chain that was kept elsewhere, as in the log')
    .addHelpText('after', '\nExit codes: 0 whole, 1 not as it was, 2 not everything could be told.')
    .action(({ head }: { head?: string }) => verify(context, head));
  audit
    .command('show')
    .description(
      'in plain words and in order, why a customer did or did not get a message; without --phone, what was done',
    )
    .addOption(optionalPhoneOption())
    .addOption(storeOption())
    .addOption(new Option('--kind <kind>', 'only those').choices(AUDIT_KINDS))
    .option('--actor <name>', 'only what this one has done or declared')
    .option('--since <time>', 'as 2026-11-28, or 2026-11-28T21:00:00Z', pointInTime)
    .option('--limit <count>', 'the latest so many; if left out, all of a phone, or else 200', wholeNumber)
    .action((options: ShowOptions) => show(context, options));
}

interface ShowOptions {
  phone?: string;
  location?: string;
  kind?: AuditKind;
  actor?: string;
  since?: string;
  limit?: number;
}

/** @returns ISO form @throws InvalidArgumentError */
function pointInTime(value: string): string {
  const at = new Date(value);
  if (Number.isNaN(at.getTime())) throw new InvalidArgumentError('It is a time, as 2026-11-28T21:00:00Z.');
  return at.toISOString();
}

async function verify(context: CliContext, head: string | undefined): Promise<void> {
  const result = await context.perform(verifyAudit, { head });
  const exitCode = { true: EXIT.fine, false: EXIT.notFine, null: EXIT.unknown }[`${result.ok}`];
  context.answer(result, verificationInWords(result), exitCode);
}

function verificationInWords({ ok, sealed, unsealed, head, problems, unknown }: Verification): string {
  const verdict = {
    true: 'The audit is whole.',
    false: 'The audit is not as it was.',
    null: 'Nothing was found, and not everything could be told.',
  }[`${ok}`];
  return [
    `${verdict} ${sealed} row(s) are sealed, ${unsealed} wait for their seal.`,
    ...(head ? [`The newest end that was exported is number ${head.number}, at ${head.exported_at}.`] : []),
    ...problems.map(problemInWords),
    ...unknown,
  ].join('\n');
}

function problemInWords({ kind, number, id, at, what }: Verification['problems'][number]): string {
  const which = [number !== null && `number ${number}`, id !== null && `row ${id}`, at].filter(Boolean);
  return `${kind}  ${which.join(', ')}: ${what}`;
}

async function show(context: CliContext, { location: location_uid, ...options }: ShowOptions): Promise<void> {
  const { phone, entries, more } = await context.perform(showAudit, { ...options, location_uid });
  const shown = context.shown(phone);
  const lines = entries.map((entry) => `${at(entry.at)}  ${entry.words}`);
  context.answer({ phone: shown, more, entries }, lines.join('\n') || 'None.');
  if (context.json) return;
  context.tell(shown === null ? 'Times are UTC.' : `Of ${shown}. Times are UTC.`);
  if (more) context.tell('There are older ones: raise --limit, or give --since.');
}
