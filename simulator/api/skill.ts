import Router from '@koa/router';
import { z } from 'zod';
import { conversationsOfContact } from '../events';
import type { Parts } from '../parts';
import { e164 } from '../phones';
import type { Contact, World } from '../world';
import { findConversation } from './conversations';
import { ApiError, notFound } from './errors';
import { checkBody } from './request';

const createSchema = z.object({
  phone: z.string(),
  location_uid: z.string(),
  first_name: z.string().nullish(),
  last_name: z.string().nullish(),
});
const updateSchema = z.object({ opted_out: z.boolean() });
const sendSchema = z.object({ body: z.string().min(1) });

/** The routes that only the skill contract has. */
export function skillRoutes({ world, inbox, settings }: Parts): Router {
  return new Router({ prefix: '/v4' })
    .get('/contacts', (ctx) => {
      const { phone, location_uid: locationUid } = ctx.query;
      const all = [...world.contacts.values()];
      const known = typeof phone === 'string' ? world.contactByChannel(phone) : undefined;
      const found = settings.contacts_filter_ignored || phone === undefined ? all : known ? [known] : [];
      ctx.body = { data: found.map((contact) => skillContact(world, contact, locationUid)) };
    })
    .post('/contacts', (ctx) => {
      const asked = checkBody(createSchema, ctx);
      const phone = e164(asked.phone, null);
      if (phone === null) throw new ApiError(400, 'invalid_phone_format', 'phone: must be E.164');
      const location = world.locations.get(asked.location_uid);
      if (!location || location.archived)
        throw new ApiError(400, 'invalid_location_uid', 'location_uid: unknown');
      if (world.contactByChannel(phone)) {
        throw new ApiError(409, 'contact_already_exists', 'A contact with this phone already exists.');
      }
      const name = [asked.first_name, asked.last_name].filter(Boolean).join(' ') || null;
      const contact = world.addContact({
        name,
        phone,
        email: null,
        locationUids: [location.uid],
        readableAt: 0,
      });
      world.conversationAt(location.uid, 'phone', phone, { closed: true });
      inbox.contactCreated(contact);
      ctx.status = 201;
      ctx.body = { data: skillContact(world, contact) };
    })
    .patch('/contacts/:uid', (ctx) => {
      const contact = world.contacts.get(ctx.params.uid ?? '');
      if (!contact) throw notFound('Contact');
      const { opted_out } = checkBody(updateSchema, ctx);
      inbox.setOptOut(contact, opted_out);
      ctx.body = { data: skillContact(world, contact) };
    })
    .post('/conversations/:uid/messages', (ctx) => {
      const conversation = findConversation(world, ctx.params.uid);
      const { body } = checkBody(sendSchema, ctx);
      if (inbox.isOptedOut(conversation))
        throw new ApiError(451, 'contact_opted_out', 'The contact has opted out.');
      const message = inbox.apiWrites(conversation, body, null);
      ctx.status = 201;
      ctx.body = {
        data: { uid: message.uid, conversation_uid: conversation.uid, body, created_at: message.createdAt },
      };
    })
    .post('/conversations/:uid/close', (ctx) => {
      const conversation = findConversation(world, ctx.params.uid);
      inbox.setClosed(conversation, true);
      ctx.body = { data: { uid: conversation.uid, closed: true } };
    });
}

/** The contact as it is at a location: at the one that was asked for, where it belongs to it. */
function skillContact(world: World, contact: Contact, asked?: string | string[]) {
  const [firstName, ...rest] = contact.name?.split(' ') ?? [];
  const locationUid = contact.locationUids.find((uid) => uid === asked) ?? contact.locationUids[0] ?? null;
  const conversations = conversationsOfContact(world, contact);
  return {
    uid: contact.uid,
    phone: contact.phone,
    first_name: firstName ?? null,
    last_name: rest.join(' ') || null,
    location_uid: locationUid,
    conversation_uid: conversations.find((each) => each.locationUid === locationUid)?.uid ?? null,
    opted_out: contact.optedOutAt !== null,
    created_at: contact.createdAt,
    updated_at: contact.updatedAt,
  };
}
