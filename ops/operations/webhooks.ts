/** Webhooks: how Podium's events come to us. */
import { z } from 'zod';
import { ConfigurationError } from '../../config/load';
import {
  nullableTime,
  operation,
  OperationRefused,
  storeInput,
  textInput,
  type Operator,
  type OpsTools,
} from '../operation';
import { storeMeant } from '../store-meant';
import { tryWayIn } from '../webhook-trial';
import {
  deleteWebhook as remove,
  disableWebhook as disable,
  enableWebhook as enable,
  examineWebhooks,
  listWebhooks as list,
  registerWebhook as register,
  showWebhook as show,
  updateWebhooks as update,
  WebhookRefusal,
  type WebhookTools,
} from '../webhooks';

const webhook = z.object({
  uid: z.string(),
  of: z.enum(['us', 'astray', 'others']).describe('astray: it looks like ours and posts elsewhere'),
  url: z.string().nullable(),
  location_uid: z.string().nullable(),
  organization_uid: z.string().nullable(),
  disabled: z.boolean(),
  event_types: z.array(z.string()),
  event_types_missing: z.array(z.string()),
  created_at: nullableTime,
  updated_at: nullableTime,
});
const webhooks = z.object({ webhooks: z.array(webhook) });
const uid = textInput(200);
const byUid = z.strictObject({ uid });
const sure = byUid.extend({ yes: z.literal(true).describe('Confirms it: see the summary') });

export const listWebhooks = operation({
  name: 'webhook list',
  summary: 'Every webhook that Podium shows us',
  input: z.strictObject({}),
  output: webhooks,
  run: (tools, _, by) => act(async () => ({ webhooks: await list(webhookTools(tools, by)) })),
});

export const showWebhook = operation({
  name: 'webhook show',
  summary: 'One webhook',
  input: byUid,
  output: webhook,
  run: (tools, { uid }, by) => act(() => show(webhookTools(tools, by), uid)),
});

export const registerWebhook = operation({
  name: 'webhook register',
  summary: 'Has Podium post the events of a location, or of an organization, to us',
  input: z
    .strictObject({
      location_uid: storeInput.optional().describe('For one location'),
      organization_uid: uid.optional().describe('For all of its locations, present and future'),
    })
    .meta({
      anyOf: [
        { required: ['location_uid'], properties: { organization_uid: false } },
        { required: ['organization_uid'], properties: { location_uid: false } },
      ],
    }),
  output: webhook,
  async run(tools, { location_uid: store, organization_uid: organizationUid }, by) {
    if ((store === undefined) === (organizationUid === undefined))
      throw new OperationRefused('wrong_input', {
        code: 'ERR_OPS_WHICH_OWNER',
        message: 'A webhook is for one location, or for one organization.',
        hint: 'Give exactly one of both.',
      });
    const locationUid = await storeMeant(tools, store);
    const owner = locationUid === null ? { organizationUid: organizationUid! } : { locationUid };
    return act(() => register(webhookTools(tools, by), owner));
  },
});

export const updateWebhook = operation({
  name: 'webhook update',
  summary: 'Gives a webhook our address, event types and first secret; without a uid, all that are ours',
  input: z.strictObject({
    uid: uid.optional(),
    take_over: z
      .boolean()
      .default(false)
      .describe('With a uid: also when it posts to another address than ours'),
  }),
  output: webhooks,
  run: (tools, { uid, take_over: takeOver }, by) =>
    act(async () => ({ webhooks: await update(webhookTools(tools, by), uid ?? null, { takeOver }) })),
});

export const enableWebhook = operation({
  name: 'webhook enable',
  summary: 'Lets come what waits at Podium',
  input: byUid,
  output: webhook,
  run: (tools, { uid }, by) => act(() => enable(webhookTools(tools, by), uid)),
});

export const disableWebhook = operation({
  name: 'webhook disable',
  summary: 'Has events wait at Podium, for ten days at most: no message comes in until it is enabled again',
  input: sure,
  output: webhook,
  run: (tools, { uid }, by) => act(() => disable(webhookTools(tools, by), uid)),
});

export const deleteWebhook = operation({
  name: 'webhook delete',
  summary: 'Ends a webhook; what waits for it at Podium is lost',
  input: sure,
  output: webhook,
  run: (tools, { uid }, by) => act(() => remove(webhookTools(tools, by), uid)),
});

export const verifyWebhook = operation({
  name: 'webhook verify',
  summary: 'Posts a signed test event to our public address, and one with a wrong signature',
  input: z.strictObject({}),
  output: z.object({
    fine: z.boolean(),
    trials: z.array(
      z.object({ signed_with: z.string(), expected: z.string(), answered: z.string(), ok: z.boolean() }),
    ),
  }),
  async run(tools) {
    const { webhookSecrets } = tools.environment('webhookSecrets');
    const trials = await tryWayIn(publicUrlOf(tools), webhookSecrets);
    return { fine: trials.every(({ ok }) => ok), trials };
  },
});

export const examineWebhook = operation({
  name: 'webhook doctor',
  summary: 'Tells what is wrong with the webhooks, and what mends it',
  input: z.strictObject({}),
  output: z.object({
    fine: z.boolean(),
    findings: z.array(
      z.object({
        code: z.string(),
        severity: z.enum(['problem', 'remark']),
        message: z.string(),
        value: z.string(),
        mend: z.string().nullable(),
      }),
    ),
  }),
  async run(tools, _, by) {
    const findings = await examineWebhooks(webhookTools(tools, by));
    return { fine: findings.every(({ severity }) => severity === 'remark'), findings };
  },
});

/** What Podium or the state of things does not allow is no accident. */
async function act<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof WebhookRefusal)) throw error;
    throw new OperationRefused('refused', {
      code: 'ERR_OPS_WEBHOOK',
      message: error.message,
      hint: '"webhook doctor" tells what is wrong and what mends it.',
    });
  }
}

function webhookTools(tools: OpsTools, { actor }: Operator): WebhookTools {
  return {
    pool: tools.pool,
    podium: tools.podium,
    publicUrl: publicUrlOf(tools),
    secrets: tools.environment('webhookSecrets').webhookSecrets,
    secretMaxAgeDays: tools.settings.webhook.secret_max_age_days,
    actor,
  };
}

/** Here it has to be set: without it nobody knows which webhook is ours. */
function publicUrlOf(tools: OpsTools): string {
  const { publicUrl } = tools.environment('publicUrl');
  if (publicUrl !== null) return publicUrl;
  throw new ConfigurationError(['PUBLIC_URL is missing. It should be as https://webchat.example.com.']);
}
