/** `podium-webchat webhook …`: how Podium's events come to us. */
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { ConfigurationError } from '../../config/load';
import type { WebhookFinding } from '../../core/webhook-check';
import { tryWayIn, type Trial } from '../webhook-trial';
import {
  deleteWebhook,
  disableWebhook,
  enableWebhook,
  examineWebhooks,
  listWebhooks,
  registerWebhook,
  showWebhook,
  updateWebhooks,
  WebhookRefusal,
  type WebhookTools,
  type WebhookView,
} from '../webhooks';
import { EXIT, type CliContext } from './context';

export function registerWebhookCommands(program: Command, context: CliContext): void {
  const webhook = program.command('webhook').description("how Podium's events come to us");
  const act = (work: (tools: WebhookTools) => Promise<WebhookView | WebhookView[]>) => answer(context, work);

  webhook
    .command('list')
    .description('every webhook that Podium shows us')
    .action(() => act(listWebhooks));
  webhook
    .command('show <uid>')
    .description('one of them')
    .action((uid: string) => act((tools) => showWebhook(tools, uid)));
  registerCommand(webhook, act);
  webhook
    .command('update [uid]')
    .description('gives it our address, event types and first secret; without a uid, all that are ours')
    .option('--take-over', 'with a uid: also when it posts to another address than ours')
    .action((uid: string | undefined, { takeOver = false }: { takeOver?: boolean }) =>
      act((tools) => updateWebhooks(tools, uid ?? null, { takeOver })),
    );
  webhook
    .command('enable <uid>')
    .description('lets come what waits at Podium')
    .action((uid: string) => act((tools) => enableWebhook(tools, uid)));
  webhook
    .command('disable <uid>')
    .description('has events wait at Podium, for ten days at most')
    .requiredOption('--yes', 'no message comes in until it is enabled again')
    .action((uid: string) => act((tools) => disableWebhook(tools, uid)));
  webhook
    .command('delete <uid>')
    .description('ends it, and all that waits for it')
    .requiredOption('--yes', 'what waits at Podium is lost')
    .action((uid: string) => act((tools) => deleteWebhook(tools, uid)));
  webhook
    .command('verify')
    .description('posts a signed test event to our public address, and one with a wrong signature')
    .action(() => verify(context));
  webhook
    .command('doctor')
    .description('tells what is wrong, and what mends it')
    .action(() => doctor(context));
}

function registerCommand(
  webhook: Command,
  act: (work: (tools: WebhookTools) => Promise<WebhookView>) => Promise<void>,
): void {
  webhook
    .command('register')
    .description('has Podium post the events of a location, or of all, to us')
    .option('--location <uid>', 'for one location')
    .option('--organization <uid>', 'for all of them, present and future')
    .action((options: { location?: string; organization?: string }, command: Command) => {
      const { location, organization } = options;
      if (location !== undefined && organization === undefined)
        return act((tools) => registerWebhook(tools, { locationUid: location }));
      if (organization !== undefined && location === undefined)
        return act((tools) => registerWebhook(tools, { organizationUid: organization }));
      return command.error("error: exactly one of '--location' and '--organization' is needed");
    });
}

/** Answers with what an operation gives; what it refuses is not fine. */
async function answer(
  context: CliContext,
  work: (tools: WebhookTools) => Promise<WebhookView | WebhookView[]>,
): Promise<void> {
  try {
    const done = await work(toolsOf(context));
    context.answer(done, [done].flat().map(inWords).join('\n') || 'Podium shows us no webhook.');
  } catch (error) {
    if (!(error instanceof WebhookRefusal)) throw error;
    context.answer({ error: error.message }, error.message, EXIT.notFine);
  }
}

async function verify(context: CliContext): Promise<void> {
  const { webhookSecrets } = context.environment('webhookSecrets');
  const trials = await tryWayIn(publicUrlOf(context), webhookSecrets);
  const text = trials.map(
    ({ signed_with, answered, expected, ok }: Trial) =>
      `${ok ? 'good' : 'WRONG'}  ${signed_with}: answered ${answered}${ok ? '' : `, and not ${expected}`}`,
  );
  const fine = trials.every(({ ok }) => ok);
  context.answer({ fine, trials }, text.join('\n'), fine ? EXIT.fine : EXIT.notFine);
}

async function doctor(context: CliContext): Promise<void> {
  const findings = await examineWebhooks(toolsOf(context));
  const fine = findings.every(({ severity }) => severity === 'remark');
  const text = [...findings.map(findingInWords), ...(fine ? ['Nothing is wrong with the webhook.'] : [])];
  context.answer({ fine, findings }, text.join('\n'), fine ? EXIT.fine : EXIT.notFine);
}

function findingInWords({ severity, message, mend }: WebhookFinding): string {
  return `${severity === 'problem' ? 'WRONG' : 'remark'}  ${message}${mend === null ? '' : `\n       → ${mend}`}`;
}

function inWords({
  uid,
  of,
  url,
  location_uid,
  disabled,
  event_types_missing: missing,
}: WebhookView): string {
  const whose = { us: 'ours', astray: 'looks like ours', others: "another application's" }[of];
  const state = [
    disabled ? 'disabled' : 'enabled',
    whose,
    `for ${location_uid === null ? 'the organization' : `location ${location_uid}`}`,
    ...(of === 'us' && missing.length > 0 ? [`without ${missing.join(', ')}`] : []),
  ];
  return `${uid}  ${url}  ${state.join(', ')}`;
}

function toolsOf(context: CliContext): WebhookTools {
  return {
    pool: context.pool,
    podium: context.podium,
    publicUrl: publicUrlOf(context),
    secrets: context.environment('webhookSecrets').webhookSecrets,
    secretMaxAgeDays: context.settings.webhook.secret_max_age_days,
    actor: userInfo().username,
  };
}

/** Here it has to be set: without it nobody knows which webhook is ours. */
function publicUrlOf(context: CliContext): string {
  const { publicUrl } = context.environment('publicUrl');
  if (publicUrl !== null) return publicUrl;
  throw new ConfigurationError(['PUBLIC_URL is missing. It should be as https://webchat.example.com.']);
}
