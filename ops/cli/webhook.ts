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

type Webhook = z.output<typeof showWebhook.output>;
type Finding = z.output<typeof examineWebhook.output>['findings'][number];

export function registerWebhookCommands(program: Command, context: CliContext): void {
  const webhook = program.command('webhook').description("how Podium's events come to us");
  const one = async (asked: Promise<Webhook>) => {
    const found = await asked;
    context.answer(found, inWords(found));
  };
  webhook
    .command('list')
    .description('every webhook that Podium shows us')
    .action(async () => several(context, await context.perform(listWebhooks, {})));
  webhook
    .command('show <uid>')
    .description('one of them')
    .action((uid: string) => one(context.perform(showWebhook, { uid })));
  webhook
    .command('register')
    .description('has Podium post the events of a location, or of all, to us')
    .option('--location <uid>', 'for one location')
    .option('--organization <uid>', 'for all of them, present and future')
    .action(({ location, organization }: { location?: string; organization?: string }) =>
      one(context.perform(registerWebhook, { location_uid: location, organization_uid: organization })),
    );
  webhook
    .command('update [uid]')
    .description('gives it our address, event types and first secret; without a uid, all that are ours')
    .option('--take-over', 'with a uid: also when it posts to another address than ours')
    .action(async (uid: string | undefined, { takeOver = false }: { takeOver?: boolean }) =>
      several(context, await context.perform(updateWebhook, { uid, take_over: takeOver })),
    );
  webhook
    .command('enable <uid>')
    .description('lets come what waits at Podium')
    .action((uid: string) => one(context.perform(enableWebhook, { uid })));
  webhook
    .command('disable <uid>')
    .description('has events wait at Podium, for ten days at most')
    .requiredOption('--yes', 'no message comes in until it is enabled again')
    .action((uid: string) => one(context.perform(disableWebhook, { uid, yes: true })));
  webhook
    .command('delete <uid>')
    .description('ends it, and all that waits for it')
    .requiredOption('--yes', 'what waits at Podium is lost')
    .action((uid: string) => one(context.perform(deleteWebhook, { uid, yes: true })));
  webhook
    .command('verify')
    .description('posts a signed test event to our public address, and one with a wrong signature')
    .action(() => verify(context));
  webhook
    .command('doctor')
    .description('tells what is wrong, and what mends it')
    .action(() => doctor(context));
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
  const text = [...findings.map(findingInWords), ...(fine ? ['Nothing is wrong with the webhook.'] : [])];
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
