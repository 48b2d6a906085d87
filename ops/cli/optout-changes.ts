/** `podium-webchat optout record | restore | dismiss`: what an operator declares. */
import type { Command } from 'commander';
import type { z } from 'zod';
import { dismissOptOut, recordOptOut, restoreOptOut } from '../operations/opt-outs';
import { EXIT, type CliContext } from './context';
import { phoneOption, storeOption, wholeNumber, type PhoneOptions } from './options';
import { optOutInWords } from './optout-words';

interface ChangeOptions extends PhoneOptions {
  actor?: string;
  location?: string;
}

type Report = z.output<typeof recordOptOut.output>;

export function registerOptOutChanges(optOut: Command, context: CliContext): void {
  const change = (name: string, description: string) =>
    optOut
      .command(name)
      .description(description)
      .addOption(phoneOption())
      .option(
        '--actor <name>',
        'who declares it, else WEBCHAT_ACTOR or the user; with --url the name of the token',
      );
  change('record', 'the customer wants no more messages: nothing is sent to the phone any more')
    .addOption(
      storeOption(
        'the store by which Podium is told; if left out, one where the customer was, as far as any is known',
      ),
    )
    .action(async ({ actor, phone, location }: ChangeOptions) => {
      const report = await context.perform(recordOptOut, { phone, location_uid: location }, actor);
      answer(context, report, report.opted_out);
    });
  change('restore', 'the customer wants messages again, which has to be proven')
    .requiredOption('--proof <text>', 'what it rests on, as "signed form of 3 May"; it is kept')
    .addOption(storeOption('the store by which Podium is told'))
    .action(async ({ actor, phone, location, proof }: ChangeOptions & { proof: string }) => {
      const report = await context.perform(restoreOptOut, { phone, location_uid: location, proof }, actor);
      answer(context, report, !report.opted_out && report.undecided_since === null);
    });
  change('dismiss', 'what the customer wrote was no wish for no more messages: texts go on')
    .option(
      '--seen-version <n>',
      'as "optout check" has shown it: refused when the customer has said something since',
      wholeNumber,
    )
    .action(async ({ actor, phone, seenVersion }: ChangeOptions & { seenVersion?: number }) => {
      const report = await context.perform(dismissOptOut, { phone, seen_version: seenVersion }, actor);
      answer(context, report, report.undecided_since === null);
    });
}

/** @param isSo whether the state is what was wanted */
function answer(context: CliContext, { phone, ...report }: Report, isSo: boolean): void {
  const shown = context.shown(phone);
  context.answer(
    { phone: shown, ...report },
    `${shown}: ${report.applied ? '' : 'nothing to change; '}${optOutInWords(report)}`,
    isSo ? EXIT.fine : EXIT.notFine,
  );
}
