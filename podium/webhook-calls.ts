import { z } from 'zod';
import { secretFingerprint } from '../core/webhook-secrets';
import type { PodiumApi, PodiumWebhook } from './api';
import type { Call } from './call';
import { readPages } from './paging';
import { list, part, text, time } from './wire';

const BASE = '/v4/webhooks';

/** Podium's calls for webhooks, the same in both contracts. Of a secret that Podium shows the fingerprint is kept. */
export function createWebhookCalls(
  call: Call,
): Pick<PodiumApi, 'listWebhooks' | 'createWebhook' | 'updateWebhook' | 'deleteWebhook'> {
  return {
    async listWebhooks() {
      // No paging is documented; a cursor, should one come, is followed.
      const request = { operation: 'list webhooks', method: 'GET', path: BASE } as const;
      return (await readPages(call, request, webhook)).filter(hasUid);
    },

    async createWebhook(body) {
      const { data } = await call(
        { operation: 'create webhook', method: 'POST', path: BASE, body },
        z.object({ data: webhook.refine(hasUid) }),
      );
      return data;
    },

    async updateWebhook(uid, body) {
      const path = `${BASE}/${encodeURIComponent(uid)}`;
      const { data } = await call(
        { operation: 'update webhook', method: 'PUT', path, body },
        z.object({ data: webhook }),
      );
      return { ...data, uid: data.uid ?? uid };
    },

    async deleteWebhook(uid) {
      const path = `${BASE}/${encodeURIComponent(uid)}`;
      await call({ operation: 'delete webhook', method: 'DELETE', path }, z.unknown());
    },
  };
}

const webhookPart = part({
  uid: text,
  url: text,
  eventTypes: list(text).transform((types) => types.filter((type) => type !== null)),
  locationUid: text,
  organizationUid: text,
  disabled: z.boolean().catch(false),
  createdAt: time,
  secret: text,
  updatedAt: time,
});

const webhook = webhookPart.transform(({ secret, ...rest }) => ({
  ...rest,
  secretFingerprint: secret === null ? null : secretFingerprint(secret),
}));

function hasUid(read: z.infer<typeof webhook>): read is PodiumWebhook {
  return read.uid !== null;
}
