import { randomUUID } from 'node:crypto';
import Router from '@koa/router';
import { z } from 'zod';
import type { Parts } from '../parts';
import type { Webhook, World } from '../world';
import type { Settings } from '../settings';
import { ApiError, invalid, notFound } from './errors';
import { one } from './paging';
import { checkBody } from './request';

/** The 26 event types of `webhooks.json`. */
const eventTypes = [
  ...['call.completed', 'call.missed', 'call.received', 'call.voicemail_left'],
  ...['contact.created', 'contact.deleted', 'contact.merged', 'contact.unchanged', 'contact.updated'],
  ...['invoice.created', 'invoice.disabled', 'invoice.marked_as_paid'],
  ...['invoice.payment_created', 'invoice.payment_failed', 'invoice.payment_succeeded'],
  ...['invoice.refund_created', 'invoice.refund_failed'],
  ...['message.failed', 'message.received', 'message.sent'],
  ...['review.created', 'review.invite_link_created', 'review.invite_link_updated'],
  ...['review.response_created', 'review.response_updated', 'review.updated'],
] as const;

/** Podium posts to addresses of the web only. */
const address = z.url({ protocol: /^https?$/ });

const createSchema = z.object({
  eventTypes: z.array(z.enum(eventTypes)).min(1),
  url: address,
  secret: z.string().optional(),
  locationUid: z.guid().optional(),
  organizationUid: z.guid().optional(),
});
const updateSchema = z.object({
  eventTypes: z.array(z.enum(eventTypes)).min(1).optional(),
  url: address.optional(),
  secret: z.string().optional(),
  disabled: z.boolean().optional(),
});

/** `/v4/webhooks`. A webhook belongs to one location or to the organization; the latter wins when both are given. */
export function webhookRoutes({ world, deliveries, settings }: Parts): Router {
  const show = (webhook: Webhook) => publishedWebhook(world, webhook, settings.webhook_secrets_told);
  return new Router({ prefix: '/v4/webhooks' })
    .get('/', (ctx) => {
      ctx.body = one(ctx, [...world.webhooks.values()].map(show));
    })
    .post('/', (ctx) => {
      const asked = checkBody(createSchema, ctx);
      requireScopes(asked.eventTypes, settings);
      const webhook = addWebhook(world, { ...asked, locationUid: owner(world, asked) });
      ctx.body = one(ctx, show(webhook));
    })
    .get('/:uid', (ctx) => {
      ctx.body = one(ctx, show(findWebhook(world, ctx.params.uid)));
    })
    .put('/:uid', (ctx) => {
      const webhook = findWebhook(world, ctx.params.uid);
      const { disabled, ...fields } = checkBody(updateSchema, ctx);
      requireScopes(fields.eventTypes ?? [], settings);
      Object.assign(webhook, fields, { updatedAt: new Date().toISOString() });
      if (disabled === true) deliveries.disable(webhook);
      if (disabled === false && webhook.disabled) deliveries.enable(webhook);
      ctx.body = one(ctx, show(webhook));
    })
    .delete('/:uid', (ctx) => {
      const webhook = findWebhook(world, ctx.params.uid);
      world.webhooks.delete(webhook.uid);
      deliveries.disable(webhook);
      ctx.body = one(ctx, show(webhook));
    });
}

/** Every event type is what a webhook gets when none are named. */
export function addWebhook(
  world: World,
  fields: {
    uid?: string;
    url: string;
    secret?: string | undefined;
    locationUid: string | null;
    eventTypes?: string[];
  },
): Webhook {
  const now = new Date().toISOString();
  const webhook: Webhook = {
    uid: fields.uid ?? randomUUID(),
    url: fields.url,
    secret: fields.secret ?? null,
    eventTypes: fields.eventTypes ?? [...eventTypes],
    locationUid: fields.locationUid,
    disabled: false,
    createdAt: now,
    updatedAt: now,
    queue: [],
  };
  world.webhooks.set(webhook.uid, webhook);
  world.changed({ kind: 'webhook', webhook_uid: webhook.uid, disabled: false });
  return webhook;
}

export function findWebhook(world: World, uid: string | undefined): Webhook {
  const webhook = world.webhooks.get(uid ?? '');
  if (!webhook) throw notFound('Webhook');
  return webhook;
}

/** Each event type needs the scope to read such objects: `contact.created` that of contacts. */
function requireScopes(wanted: readonly string[], { granted_scopes }: Settings): void {
  for (const type of wanted) {
    const scope = `read_${type.split('.')[0]}s`;
    if (!granted_scopes.includes(scope))
      throw new ApiError(403, 'unauthorized', `The scope ${scope} is missing for ${type}.`);
  }
}

/** The location that it belongs to, or null for the organization. */
function owner(world: World, asked: z.infer<typeof createSchema>): string | null {
  if (asked.organizationUid !== undefined) {
    if (asked.organizationUid !== world.organizationUid)
      throw invalid('organizationUid: no such organization');
    return null;
  }
  if (asked.locationUid === undefined)
    throw invalid('locationUid or organizationUid: one of them is required');
  if (!world.locations.has(asked.locationUid)) throw invalid('locationUid: no such location');
  return asked.locationUid;
}

/** Schema `webhook` of `webhooks.json`. */
function publishedWebhook(world: World, webhook: Webhook, secretTold: boolean) {
  return {
    createdAt: webhook.createdAt,
    disabled: webhook.disabled,
    eventTypes: webhook.eventTypes,
    locationUid: webhook.locationUid,
    organizationUid: webhook.locationUid === null ? world.organizationUid : null,
    secret: secretTold ? webhook.secret : null,
    uid: webhook.uid,
    updatedAt: webhook.updatedAt,
    url: webhook.url,
  };
}
