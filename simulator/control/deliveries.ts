import Router from '@koa/router';
import { z } from 'zod';
import { notFound } from '../api/errors';
import { check, checkBody } from '../api/request';
import { findWebhook } from '../api/webhooks';
import type { Parts } from '../parts';
import { postEvent, signature } from '../post';
import { settingsSchema } from '../settings';
import type { Webhook, World } from '../world';

const listSchema = z.object({ after: z.coerce.number().int().min(0).default(0) });
const redeliverySchema = z.strictObject({
  times: z.int().min(1).max(1000).default(1),
  /** All at the same moment, or one after the other. */
  parallel: z.boolean().default(false),
});
const rawSchema = z.strictObject({
  webhook_uid: z.string().optional(),
  body: z.string().optional(),
  /** In place of `body`, for bytes that are no text. */
  body_base64: z.base64().optional(),
  contract: settingsSchema.shape.contract.optional(),
  /** Another secret than the webhook's; null leaves the signature out. */
  secret: z.string().nullable().optional(),
  /** When it says that it was signed, ms since 1970. */
  signed_at: z.number().optional(),
  /** Put over those of the signature. */
  headers: z.record(z.string().toLowerCase(), z.string()).default({}),
});

/** Webhooks and what was delivered to them. */
export function deliveryRoutes({ world, deliveries, settings }: Parts): Router {
  return new Router({ prefix: '/sim' })
    .get('/deliveries', (ctx) => {
      ctx.body = { deliveries: deliveries.log.after(check(listSchema, ctx.query).after) };
    })
    .post('/deliveries/:event_uid/redeliver', async (ctx) => {
      const delivery = deliveries.log.after(0).find(({ event_uid }) => event_uid === ctx.params.event_uid);
      if (!delivery) throw notFound('Event');
      const webhook = findWebhook(world, delivery.webhook_uid);
      const { times, parallel } = checkBody(redeliverySchema, ctx);
      const again = () => deliveries.redeliver(delivery, webhook);
      const attempts = parallel ? await Promise.all(Array.from({ length: times }, again)) : [];
      while (attempts.length < times) attempts.push(await again());
      ctx.body = { attempts };
    })
    .get('/webhooks', (ctx) => {
      ctx.body = { webhooks: [...world.webhooks.values()].map(stateOfWebhook) };
    })
    .post('/webhooks/raw', async (ctx) => {
      const asked = checkBody(rawSchema, ctx);
      const webhook =
        asked.webhook_uid === undefined ? firstWebhook(world) : findWebhook(world, asked.webhook_uid);
      const body = Buffer.from(
        asked.body ?? asked.body_base64 ?? '',
        asked.body === undefined ? 'base64' : 'utf8',
      );
      const secret = asked.secret === undefined ? webhook.secret : asked.secret;
      const signed = signature(
        secret,
        asked.contract ?? settings.contract,
        body,
        asked.signed_at ?? Date.now(),
      );
      ctx.body = await postEvent(webhook.url, body, { ...signed, ...asked.headers });
    })
    .post('/webhooks/:uid/enable', (ctx) => {
      const webhook = findWebhook(world, ctx.params.uid);
      deliveries.enable(webhook);
      ctx.body = stateOfWebhook(webhook);
    })
    .post('/webhooks/:uid/disable', (ctx) => {
      const webhook = findWebhook(world, ctx.params.uid);
      deliveries.disable(webhook);
      ctx.body = stateOfWebhook(webhook);
    });
}

export function stateOfWebhook({ uid, url, eventTypes, locationUid, disabled, queue }: Webhook) {
  return {
    uid,
    url,
    event_types: eventTypes,
    location_uid: locationUid,
    disabled,
    waiting: queue.length,
    failures: queue[0]?.failures ?? 0,
  };
}

function firstWebhook(world: World): Webhook {
  const [webhook] = world.webhooks.values();
  if (!webhook) throw notFound('Webhook');
  return webhook;
}
