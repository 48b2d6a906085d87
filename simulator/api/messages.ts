import Router from '@koa/router';
import { z } from 'zod';
import { publishedMessage } from '../events';
import type { Parts } from '../parts';
import { e164 } from '../phones';
import type { Conversation } from '../world';
import { ApiError, invalid } from './errors';
import { one } from './paging';
import { bodyOf, check, checkBody, fieldsOf } from './request';

/** 25 MiB. Refused only after the upload. */
const MAX_ATTACHMENT_BYTES = 26_214_400;

const channel = z.object({ type: z.enum(['email', 'phone']), identifier: z.string() });
const sendSchema = z.object({
  body: z.string(),
  channel,
  locationUid: z.guid(),
  contactName: z.string().optional(),
  senderName: z.string().optional(),
  setOpenInbox: z.boolean().default(false),
  subject: z.string().optional(),
});
const importSchema = z.object({
  body: z.string(),
  channel,
  locationUid: z.guid(),
  contactName: z.string(),
  direction: z.enum(['inbound', 'outbound']),
  publishedAt: z.iso.datetime({ offset: true }),
  subject: z.string().optional(),
});

/** `/v4/messages`, which only the published contract has. */
export function messageRoutes(parts: Parts): Router {
  const { world, inbox } = parts;
  return new Router().post('/v4/messages', (ctx) => {
    const asked = checkBody(sendSchema, ctx);
    if (asked.body === '') throw invalid('body: must not be empty');
    const conversation = conversationFor(parts, asked);
    const message = inbox.apiWrites(conversation, asked.body, asked.senderName ?? null);
    ctx.body = one(ctx, publishedMessage(world, conversation, message));
  });
}

/** `/v4/import/messages`, of which the skill documents say nothing else. */
export function importRoutes(parts: Parts): Router {
  const { world, inbox } = parts;
  return new Router().post('/v4/import/messages', (ctx) => {
    const asked = checkBody(importSchema, ctx);
    const conversation = conversationFor(parts, asked);
    const createdAt = new Date(asked.publishedAt).toISOString();
    const message = inbox.imports(conversation, {
      body: asked.body,
      direction: asked.direction,
      createdAt,
    });
    ctx.body = one(ctx, publishedMessage(world, conversation, message));
  });
}

/** `/v4/messages/attachment`, the same in both contracts: it sends the file to the customer. */
export function attachmentRoutes(parts: Parts): Router {
  return new Router().post('/v4/messages/attachment', (ctx) => {
    const { data, attachment } = fieldsOf(bodyOf(ctx).form);
    const asked = check(sendSchema, data);
    if (attachment && attachment.sizeBytes > MAX_ATTACHMENT_BYTES) {
      throw new ApiError(413, 'attachment_exceeds_limit', 'The attachment is larger than 25 MiB.');
    }
    const conversation = conversationFor(parts, asked);
    if (parts.settings.contract === 'skill' && parts.inbox.isOptedOut(conversation)) {
      throw new ApiError(451, 'contact_opted_out', 'The contact has opted out.');
    }
    const files = attachment ? [attachment] : [];
    const message = parts.inbox.apiWrites(conversation, asked.body, asked.senderName ?? null, files);
    ctx.body = one(ctx, publishedMessage(parts.world, conversation, message));
  });
}

/** The conversation of a channel at a location. One that a send begins is closed unless asked otherwise. */
function conversationFor(
  { world, settings }: Parts,
  asked: Pick<z.infer<typeof sendSchema>, 'channel' | 'locationUid' | 'contactName'> & {
    setOpenInbox?: boolean;
  },
): Conversation {
  const location = world.locations.get(asked.locationUid);
  const skill = settings.contract === 'skill';
  if (!location || location.archived) {
    const code = skill ? 'invalid_location_uid' : 'invalid_request_values';
    throw new ApiError(400, code, 'locationUid: no such location');
  }
  // Podium: "Non-US/Canada numbers must include the country code".
  const { type, identifier } = asked.channel;
  const address = type === 'phone' ? e164(identifier, 'US') : /.@.+\../.test(identifier) ? identifier : null;
  if (address === null) {
    const code = skill ? 'invalid_phone_format' : 'invalid_request_values';
    throw new ApiError(400, code, 'channel.identifier: is invalid');
  }
  const conversation = world.conversationAt(location.uid, type, address, { closed: !asked.setOpenInbox });
  if (asked.contactName !== undefined)
    rename(world.contactByChannel(address), conversation, asked.contactName);
  return conversation;
}

function rename(
  contact: { name: string | null } | undefined,
  conversation: Conversation,
  name: string,
): void {
  conversation.contactName = name;
  if (contact) contact.name = name;
}
