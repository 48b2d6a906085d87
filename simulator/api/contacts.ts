import Router from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import { publishedContact } from '../events';
import type { Parts } from '../parts';
import type { Contact } from '../world';
import { ApiError, invalid, notFound } from './errors';
import { one, page } from './paging';
import { checkBody } from './request';

const phoneNumber = z.string().regex(/^\+[1-9]\d{1,15}$/);
const email = z.string().regex(/(.+)@(.+)\.(.+)/);
const line = z.string().nullable().optional();

const contactFields = {
  address: z
    .object({
      addressLine1: line,
      addressLine2: line,
      city: line,
      country: line,
      postalCode: line,
      state: line,
    })
    .nullable()
    .optional(),
  contactStatus: z.object({ name: z.string(), uid: z.guid() }).partial().optional(),
  email: email.optional(),
  phoneNumber: phoneNumber.optional(),
};
/** The two bodies in which Podium refuses a field that it does not know. */
const createSchema = z.strictObject({
  ...contactFields,
  name: z.string(),
  locations: z.array(z.guid()),
  attributes: z.array(z.object({ uid: z.guid(), value: z.string() })).optional(),
  tags: z.array(z.guid()).optional(),
});
const updateSchema = z.strictObject({
  ...contactFields,
  name: z.string().optional(),
  locations: z.array(z.guid()).optional(),
  conversationUid: z.guid().optional(),
});
const optOutSchema = z.object({
  channel: z.object({ identifier: z.string(), type: z.literal('PHONE') }),
  locationUid: z.guid(),
});

/** `/v4/contacts` as it is published: an upsert answered 202, and reads by phone, e-mail or conversation. */
export function contactRoutes(parts: Parts): Router {
  const { world, inbox, settings } = parts;

  const setOptOut = (optedOut: boolean) => (ctx: Context) => {
    const { channel } = checkBody(optOutSchema, ctx);
    if (!settings.opt_out_whitelisted) {
      throw new ApiError(403, 'unauthorized', 'This application is not whitelisted for this endpoint.');
    }
    const contact = world.contactByChannel(channel.identifier);
    if (!contact) throw notFound('Contact');
    inbox.setOptOut(contact, optedOut);
    ctx.body = one(ctx, publishedContact(world, contact));
  };

  return new Router({ prefix: '/v4/contacts' })
    .post('/transactional/opt_out', setOptOut(true))
    .post('/transactional/opt_in', setOptOut(false))
    .get('/', (ctx) => {
      const contacts = [...world.contacts.values()].filter(isReadable);
      ctx.body = page(ctx, contacts, (contact) => publishedContact(world, contact));
    })
    .post('/', (ctx) => {
      const fields = checkBody(createSchema, ctx);
      const identifier = fields.phoneNumber ?? fields.email;
      if (identifier === undefined) throw invalid('phoneNumber or email: one of them is required');
      refuseUnknownLocations(parts, fields.locations);
      upsert(parts, identifier, fields);
      accepted(ctx, identifier);
    })
    .get('/:identifier', (ctx) => {
      const contact = find(parts, ctx.params.identifier ?? '');
      ctx.body = one(ctx, publishedContact(world, contact));
    })
    .patch('/:identifier', (ctx) => {
      const identifier = ctx.params.identifier ?? '';
      const contact = find(parts, identifier);
      const fields = checkBody(updateSchema, ctx);
      refuseUnknownLocations(parts, fields.locations ?? []);
      change(parts, contact, fields);
      accepted(ctx, identifier);
    })
    .delete('/:identifier', (ctx) => {
      const identifier = ctx.params.identifier ?? '';
      const contact = find(parts, identifier);
      inbox.deleteContact(contact);
      accepted(ctx, identifier);
    });
}

function accepted(ctx: Context, identifier: string): void {
  ctx.status = 202;
  ctx.body = one(ctx, { identifier });
}

function upsert(parts: Parts, identifier: string, fields: z.infer<typeof createSchema>): void {
  const { world, inbox, settings } = parts;
  const known = world.contactByChannel(identifier);
  if (known) return change(parts, known, fields);
  const contact = world.addContact({
    name: fields.name,
    phone: fields.phoneNumber ?? null,
    email: fields.email ?? null,
    locationUids: [...new Set(fields.locations)],
    readableAt: Date.now() + settings.contact_delay_ms,
  });
  inbox.contactCreated(contact);
}

/** Locations are added to those that the contact has. */
function change({ world, inbox }: Parts, contact: Contact, fields: z.infer<typeof updateSchema>): void {
  inbox.changeContact(contact, () => {
    contact.name = fields.name ?? contact.name;
    contact.phone = fields.phoneNumber ?? contact.phone;
    contact.email = fields.email ?? contact.email;
    contact.locationUids = [...new Set([...contact.locationUids, ...(fields.locations ?? [])])];
    world.index(contact);
  });
}

/** By phone, e-mail address or conversation uid, never by the contact's own uid. */
function find({ world }: Parts, identifier: string): Contact {
  const address = world.conversations.get(identifier)?.address ?? identifier;
  const contact = world.contactByChannel(address);
  if (!contact || !isReadable(contact)) throw notFound('Contact');
  return contact;
}

function isReadable(contact: Contact): boolean {
  return contact.readableAt <= Date.now();
}

function refuseUnknownLocations({ world }: Parts, uids: string[]): void {
  if (uids.some((uid) => !world.locations.has(uid))) throw invalid('locations: unknown location');
}
