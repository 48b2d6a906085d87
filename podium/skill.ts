import { z } from 'zod';
import { PodiumError, type PodiumApi, type PodiumContact } from './api';
import type { Call } from './call';
import { createPublished } from './published';
import { e164Forms, isObject, list, part, text, time } from './wire';

/**
 * Podium's API as the skill documents describe it. They differ in contacts, sending, closing and the
 * opt-out mirror, and say nothing of the rest, which is as it is published.
 */
export function createSkill(call: Call): Omit<PodiumApi, 'prepare'> {
  const published = createPublished(call);
  return {
    ...published,

    async findContact(phone, locationUid) {
      const { data } = await call(
        {
          operation: 'find contact',
          method: 'GET',
          path: '/v4/contacts',
          query: { phone, location_uid: locationUid },
        },
        z.object({ data: list(contact) }),
      );
      // A filter that Podium does not know is ignored, and everybody's contact comes.
      const found = data.flatMap((each) => toContact(each, phone) ?? []);
      return found.find(({ locationUids }) => locationUids.includes(locationUid)) ?? found[0] ?? null;
    },

    async createContact({ phone, locationUid, name }) {
      const [first, ...rest] = name.trim().split(/\s+/);
      const body = { phone, location_uid: locationUid, first_name: first, last_name: rest.join(' ') || null };
      const created = await call(
        { operation: 'create contact', method: 'POST', path: '/v4/contacts', body },
        unwrapped(contact),
      );
      return { uid: toContact(created, phone)?.uid ?? null };
    },

    async sendMessage({ conversationUid, body }) {
      if (conversationUid === null) throw nothingToCall('send message: no conversation is known.');
      const path = `/v4/conversations/${encodeURIComponent(conversationUid)}/messages`;
      const sent = await call(
        { operation: 'send message', method: 'POST', path, body: { body } },
        unwrapped(part({ uid: text, conversation_uid: text, created_at: time })),
      );
      return {
        messageUid: sent.uid,
        conversationUid: sent.conversation_uid ?? conversationUid,
        at: sent.created_at ?? new Date(),
      };
    },

    readConversation: null,

    // These documents mean files of customers when they speak of this call.
    forwardCustomerFile: published.sendAttachment,

    async closeConversation(conversationUid) {
      const path = `/v4/conversations/${encodeURIComponent(conversationUid)}/close`;
      await call({ operation: 'close conversation', method: 'POST', path }, z.unknown());
    },

    openConversation: null,

    async setOptOut(_phone, _locationUid, optedOut, contactUid) {
      if (contactUid === null) throw nothingToCall('mirror opt-out: no contact is known.');
      const path = `/v4/contacts/${encodeURIComponent(contactUid)}`;
      await call(
        { operation: 'mirror opt-out', method: 'PATCH', path, body: { opted_out: optedOut } },
        z.unknown(),
      );
    },
  };
}

/** This contract addresses by uid what the published one addresses by phone. */
function nothingToCall(message: string): PodiumError {
  return new PodiumError('not_found', message, { mayHaveHappened: false });
}

/** Answers come as the thing itself or under `data`: the documents show both. */
const unwrapped = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((value) => (isObject(value) && isObject(value['data']) ? value['data'] : value), schema);

const contact = part({
  uid: text,
  phone: text,
  first_name: text,
  last_name: text,
  location_uid: text,
  conversation_uid: text,
  opted_out: z.boolean().catch(false),
  updated_at: time,
});

/** The contact, if it has this very phone. */
function toContact(read: z.infer<typeof contact>, phone: string): PodiumContact | null {
  const phones = e164Forms([read.phone]);
  if (read.uid === null || !phones.includes(phone)) return null;
  return {
    uid: read.uid,
    name: [read.first_name, read.last_name].filter(Boolean).join(' ') || null,
    phones,
    locationUids: read.location_uid === null ? [] : [read.location_uid],
    conversationUids: read.conversation_uid === null ? [] : [read.conversation_uid],
    optedOutAt: read.opted_out ? (read.updated_at ?? new Date()) : null,
    updatedAt: read.updated_at,
  };
}
