import Router from '@koa/router';
import { z } from 'zod';
import { invalid, notFound } from '../api/errors';
import { findConversation } from '../api/conversations';
import { checkBody } from '../api/request';
import type { Parts } from '../parts';
import { e164 } from '../phones';
import type { Contact, Conversation, Message, World } from '../world';

const AGENT_UID = 'a9e00000-0000-4000-8000-000000000001';

/** More than Podium takes, so that it can be tried what happens then. */
const MOST_FILE_BYTES = 100_000_000;

const customerMessage = z.strictObject({
  /** As the customer types it. */
  phone: z.string(),
  /** Any text or null, so that unknown and missing locations can be tried. */
  location_uid: z.string().nullable(),
  body: z.string(),
  name: z.string().nullable().default(null),
  /** False for a text message. */
  webchat: z.boolean().default(true),
  at: z.iso.datetime({ offset: true }).optional(),
  attachments: z
    .array(
      z
        .strictObject({
          /** As Podium says; what is in it may be something else. */
          content_type: z.string(),
          size_bytes: z.int().min(0).max(MOST_FILE_BYTES).optional(),
          data_base64: z.base64().optional(),
          name: z.string().nullable().default(null),
        })
        .refine((file) => (file.size_bytes === undefined) !== (file.data_base64 === undefined), {
          error: 'either size_bytes or data_base64 is needed',
        }),
    )
    .default([]),
});
const agentMessage = z.strictObject({
  conversation_uid: z.string(),
  body: z.string(),
  /** Null for one of Podium's own automatic answers. */
  sender_uid: z.guid().nullable().default(AGENT_UID),
});
const optOut = z.strictObject({ phone: z.string(), opted_out: z.boolean() });
const contact = z.strictObject({
  phone: z.string(),
  name: z.string().nullable().default(null),
  location_uids: z.array(z.string()).default([]),
});
const contactChange = z.strictObject({ name: z.string().optional(), phone: z.string().optional() });
const merge = z.strictObject({ from_uid: z.string(), into_uid: z.string() });
const failure = z.strictObject({ reason: z.string().default('Attempted to send SMS to a landline.') });
const location = z.strictObject({
  name: z.string().optional(),
  country: z.string().length(2).nullable().optional(),
  archived: z.boolean().optional(),
});

/** What people do: customers, agents, and who minds the list of stores. */
export function peopleRoutes({ world, inbox }: Parts): Router {
  return new Router({ prefix: '/sim' })
    .post('/customer/messages', (ctx) => {
      const { location_uid, at, attachments, ...asked } = checkBody(customerMessage, ctx);
      const { conversation, message, eventUid } = inbox.customerWrites({
        ...asked,
        locationUid: location_uid,
        at: (at === undefined ? new Date() : new Date(at)).toISOString(),
        attachments: attachments.map((file) => ({
          contentType: file.content_type,
          sizeBytes: file.size_bytes ?? Buffer.from(file.data_base64 ?? '', 'base64').length,
          name: file.name,
          base64: file.data_base64 ?? null,
        })),
      });
      ctx.body = { message_uid: message.uid, event_uid: eventUid, conversation_uid: conversation.uid };
    })
    .post('/agent/messages', (ctx) => {
      const { conversation_uid, body, sender_uid } = checkBody(agentMessage, ctx);
      const message = inbox.agentWrites(findConversation(world, conversation_uid), body, sender_uid);
      ctx.body = { message_uid: message.uid };
    })
    .post('/messages/:uid/fail', (ctx) => {
      const { reason } = checkBody(failure, ctx);
      const { conversation, message } = findMessage(world, ctx.params.uid);
      inbox.fails(conversation, message, reason);
      ctx.status = 204;
    })
    .post('/contacts/opt_out', (ctx) => {
      const { phone, opted_out } = checkBody(optOut, ctx);
      const contact = inbox.contactOfPhone(phone);
      inbox.setOptOut(contact, opted_out);
      ctx.body = { contact_uid: contact.uid };
    })
    .post('/contacts', (ctx) => {
      const { phone, name, location_uids: locationUids } = checkBody(contact, ctx);
      const twin = { name, phone: phoneOf(phone), email: null, locationUids, readableAt: 0 };
      const added = inbox.addTwin(twin);
      ctx.body = { contact_uid: added.uid };
    })
    .post('/contacts/merge', (ctx) => {
      const { from_uid, into_uid } = checkBody(merge, ctx);
      inbox.mergeContacts(findContact(world, from_uid), findContact(world, into_uid));
      ctx.status = 204;
    })
    .put('/contacts/:uid', (ctx) => {
      const found = findContact(world, ctx.params.uid);
      const { name, phone } = checkBody(contactChange, ctx);
      inbox.changeContact(found, () => {
        found.name = name ?? found.name;
        found.phone = phone === undefined ? found.phone : phoneOf(phone);
        world.index(found);
      });
      ctx.status = 204;
    })
    .delete('/contacts/:uid', (ctx) => {
      inbox.deleteContact(findContact(world, ctx.params.uid));
      ctx.status = 204;
    })
    .put('/locations/:uid', (ctx) => {
      const uid = ctx.params.uid ?? '';
      const now = new Date().toISOString();
      const known = world.locations.get(uid) ?? {
        ...{ uid, name: 'New Store', country: null, archived: false, podiumPhoneNumber: '+12025550199' },
        ...{ createdAt: now, updatedAt: now },
      };
      const asked = checkBody(location, ctx);
      world.locations.set(uid, { ...known, ...withoutUndefined(asked), updatedAt: now });
      world.changed({ kind: 'location', location_uid: uid });
      ctx.body = world.locations.get(uid);
    });
}

function findContact(world: World, uid: string | undefined): Contact {
  const found = world.contacts.get(uid ?? '');
  if (!found) throw notFound('Contact');
  return found;
}

function phoneOf(phone: string): string {
  const address = e164(phone, null);
  if (address === null) throw invalid('phone: must be E.164');
  return address;
}

function findMessage(
  world: World,
  uid: string | undefined,
): { conversation: Conversation; message: Message } {
  for (const conversation of world.conversations.values()) {
    const message = conversation.messages.find((other) => other.uid === uid);
    if (message) return { conversation, message };
  }
  throw notFound('Message');
}

function withoutUndefined<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
