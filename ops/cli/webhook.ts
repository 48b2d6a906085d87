/** `podium-webchat webhook …`: how Podium's events come to us. */
import type { Command } from 'commander';
import type { z } from 'zod';
import {
  deleteWebhook,
  disableWebhook,
  enableWebhook,
  examineWebhook,
  listWebhooks,
  registerWebhook,
  showWebhook,
  updateWebhook,
  verifyWebhook,
} from '../operations/webhooks';
import { EXIT, type CliContext } from './context';
import { storeOption } from './options';

type Webhook = z.output<typeof showWebhook.output>;
type Finding = z.output<typeof examineWebhook.output>['findings'][number];

export function registerWebhookCommands(program: Command, context: CliContext): void {
  const webhook = program.command('webhook').description("how Podium's events come to us");
  registerLooks(webhook, context);
  registerChanges(webhook, context);
  registerSwitches(webhook, context);
}

function registerLooks(webhook: Command, context: CliContext): void {
  webhook
    .command('list')
    .description('every webhook that Podium shows us')
    .action(async () => several(context, await context.perform(listWebhooks, {})));
  webhook
    .command('show <uid>')
    .description('one of them')
    .action(async (uid: string) => one(context, await context.perform(showWebhook, { uid })));
  webhook
    .command('verify')
    .description('posts a signed test event to our public address, and one with a wrong signature')
    .action(() => verify(context));
  webhook
    .command('doctor')
    .description('tells what is wrong, and what mends it')
    .action(() => doctor(context));
}

function registerChanges(webhook: Command, context: CliContext): void {
  webhook
    .command('register')
    .description('has Podium post the events of a location, or of all, to us')
    .addOption(storeOption('for one store'))
    .option('--organization <uid>', 'for all of them, present and future')
    .action(async ({ location, organization }: { location?: string; organization?: string }) => {
      const owner = { location_uid: location, organization_uid: organization };
      one(context, await context.perform(registerWebhook, owner));
    });
  webhook
    .command('update [uid]')
    .description('gives it our address, event types and first secret; without a uid, all that are ours')
    .option('--take-over', 'with a uid: also when it posts to another address than ours')
    .action(async (uid: string | undefined, { takeOver = false }: { takeOver?: boolean }) =>
      several(context, await context.perform(updateWebhook, { uid, take_over: takeOver })),
    );
}

function registerSwitches(webhook: Command, context: CliContext): void {
  webhook
    .command('enable <uid>')
    .description('lets come what waits at Podium')
    .action(async (uid: string) => one(context, await context.perform(enableWebhook, { uid })));
  webhook
    .command('disable <uid>')
    .description('has events wait at Podium, for ten days at most')
    .requiredOption('--yes', 'no message comes in until it is enabled again')
    .action(async (uid: string) => one(context, await context.perform(disableWebhook, { uid, yes: true })));
  webhook
    .command('delete <uid>')
    .description('ends it, and all that waits for it')
    .requiredOption('--yes', 'what waits at Podium is lost')
    .action(async (uid: string) => one(context, await context.perform(deleteWebhook, { uid, yes: true })));
}

function one(context: CliContext, webhook: Webhook): void {
  context.answer(webhook, inWords(webhook));
}

function several(context: CliContext, { webhooks }: { webhooks: Webhook[] }): void {
  context.answer({ webhooks }, webhooks.map(inWords).join('\n') || 'Podium shows us no webhook.');
}

async function verify(context: CliContext): Promise<void> {
  const found = await context.perform(verifyWebhook, {});
  const text = found.trials.map(
    ({ signed_with, answered, expected, ok }) =>
      `${ok ? 'good' : 'WRONG'}  ${signed_with}: answered ${answered}${ok ? '' : `, and not ${expected}`}`,
  );
  context.answer(found, text.join('\n'), found.fine ? EXIT.fine : EXIT.notFine);
}

async function doctor(context: CliContext): Promise<void> {
  const { fine, findings } = await context.perform(examineWebhook, {});
  const isFine = `Nothing is wrong with the webhook${findings.length === 0 ? '.' : ', but:'}`;
  const text = [...(fine ? [isFine] : []), ...findings.map(findingInWords)];
  context.answer({ fine, findings }, text.join('\n'), fine ? EXIT.fine : EXIT.notFine);
}

function findingInWords({ severity, message, mend }: Finding): string {
  return `${severity === 'problem' ? 'WRONG' : 'remark'}  ${message}${mend === null ? '' : `\n       → ${mend}`}`;
}

function inWords({ uid, of, url, location_uid, disabled, event_types_missing: missing }: Webhook): string {
  const whose = { us: 'ours', astray: 'looks like ours', others: "another application's" }[of];
  const state = [
    disabled ? 'disabled' : 'enabled',
    whose,
    `for ${location_uid === null ? 'the organization' : `location ${location_uid}`}`,
    ...(of === 'us' && missing.length > 0 ? [`without ${missing.join(', ')}`] : []),
  ];
  return `${uid}  ${url}  ${state.join(', ')}`;
}
