/** `podium-webchat optout record | restore | dismiss`: what an operator declares. */
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { phoneHash } from '../../core/ids';
import { declareOptOut, type Declaration } from '../opt-out-changes';
import type { OptOutReport } from '../opt-outs';
import { EXIT, type CliContext } from './context';
import { optOutInWords } from './optout-words';
import { e164, phoneOption, shown, showPhonesOption, type PhoneOptions } from './phone';

interface ChangeOptions extends PhoneOptions {
  actor: string;
  location?: string;
  proof?: string;
}

export function registerOptOutChanges(optOut: Command, context: CliContext): void {
  const change = (name: Name, description: string) =>
    optOut
      .command(name)
      .description(description)
      .addOption(phoneOption())
      .option('--actor <name>', 'who declares it', userInfo().username)
      .addOption(showPhonesOption())
      .action((options: ChangeOptions) => declare(context, CHANGES[name], options));
  change('record', 'the customer wants no more messages: nothing is sent to the phone any more').option(
    '--location <uid>',
    'the store by which Podium is told; the one where the customer was last, if left out',
  );
  change('restore', 'the customer wants messages again, which has to be proven')
    .requiredOption('--proof <text>', 'what it rests on, as "signed form of 3 May"; it is kept')
    .option('--location <uid>', 'the store by which Podium is told');
  change('dismiss', 'what the customer wrote was no wish for no more messages: texts go on');
}

type Name = 'record' | 'restore' | 'dismiss';

interface Change {
  wish: Declaration['wish'];
  /** Whether the state is what was wanted. */
  isSo: (report: OptOutReport) => boolean;
}

const CHANGES: Record<Name, Change> = {
  record: { wish: 'opt_out', isSo: ({ opted_out }) => opted_out },
  restore: {
    wish: 'opt_in',
    isSo: ({ opted_out, undecided_since }) => !opted_out && undecided_since === null,
  },
  dismiss: { wish: 'dismiss', isSo: ({ undecided_since }) => undecided_since === null },
};

async function declare(context: CliContext, { wish, isSo }: Change, options: ChangeOptions): Promise<void> {
  const phone = e164(options.phone);
  const { idKeys } = context.environment('idKeys');
  const report = await declareOptOut(context.pool, {
    ...{ phone, wish, actor: options.actor, phoneHash: phoneHash(phone, idKeys[0]!) },
    ...{ locationUid: options.location ?? null, proof: options.proof ?? null },
  });
  context.answer(
    { phone: shown(phone, options), ...report },
    `${shown(phone, options)}: ${report.applied ? '' : 'nothing to change; '}${optOutInWords(report)}`,
    isSo(report) ? EXIT.fine : EXIT.notFine,
  );
}
