/** `podium-webchat optout audit` and `report`: whether our ledger and Podium say the same. */
import type { Command } from 'commander';
import type { z } from 'zod';
import { auditOptOut, reportOptOuts } from '../operations/opt-outs';
import { EXIT, type CliContext, type ExitCode } from './context';
import { phoneOption, type PhoneOptions } from './options';

type Report = z.output<typeof reportOptOuts.output>;

export function registerOptOutAuditCommands(optOut: Command, context: CliContext): void {
  optOut
    .command('audit')
    .description('whether the ledger and Podium say the same of a phone, as JSON; it mends nothing')
    .addOption(phoneOption())
    .addHelpText('after', '\nExit codes: 0 they agree, 1 they do not, 2 one of them cannot be looked at.')
    .action((options: PhoneOptions) => audit(context, options));
  optOut
    .command('report')
    .description('what the last look at everyone has found, and the phones that drift')
    .addHelpText(
      'after',
      '\nExit codes: 0 all agree, 1 some drift, 2 nobody can tell: the last look is older than two intervals, or there was none, or not every phone could be looked at.',
    )
    .action(() => report(context));
}

async function audit(context: CliContext, options: PhoneOptions): Promise<void> {
  const { phone, ...found } = await context.perform(auditOptOut, options);
  const data = { phone: context.shown(phone), ...found };
  const { consistent } = data;
  const exitCode = consistent === null ? EXIT.unknown : consistent ? EXIT.fine : EXIT.notFine;
  context.answer(data, JSON.stringify(data), exitCode);
}

async function report(context: CliContext): Promise<void> {
  const found = await context.perform(reportOptOuts, {});
  const data = {
    ...found,
    drifts: found.drifts.map((each) => ({ ...each, phone: context.shown(each.phone) })),
  };
  context.answer(data, inWords(data), reportExitCode(data));
}

/** What was found long ago need not be so any more. */
function reportExitCode({ last_run, outdated, drifts }: Report): ExitCode {
  if (last_run === null || outdated) return EXIT.unknown;
  if (drifts.length > 0) return EXIT.notFine;
  return last_run.not_asked === 0 ? EXIT.fine : EXIT.unknown;
}

function inWords({ last_run, under_way, outdated, drifts }: Report): string {
  return [
    last_run ? `${last_run.finished_at}: ${runInWords(last_run)}` : 'No look at everyone has ended yet.',
    ...(last_run && outdated ? ['That is too long ago to tell how things are now.'] : []),
    ...(under_way ? [`One is under way since ${under_way.started_at}: ${runInWords(under_way)}`] : []),
    ...drifts.map(
      ({ phone, reason, since, told_again }) =>
        `${phone}  ${reason} since ${since}${told_again ? ', Podium was told again' : ''}`,
    ),
  ].join('\n');
}

function runInWords({
  looked_at,
  agreed,
  drifted,
  mended,
  not_asked,
}: NonNullable<Report['last_run']>): string {
  const reasons = Object.entries(drifted).map(([reason, count]) => `${count} ${reason}`);
  const found = reasons.length > 0 ? `${reasons.join(', ')}, of which ${mended} mended` : 'no drift';
  return `${looked_at} phone(s) looked at, ${agreed} agree, ${found}; ${not_asked} could not be asked about.`;
}
