import { z } from 'zod';
import {
  PodiumError,
  type ConversationMessage,
  type PodiumApi,
  type PodiumContact,
  type PodiumConversation,
  type SentMessage,
} from './api';
import type { Call } from './call';
import { readPage, readPages } from './paging';
import { createWebhookCalls } from './webhook-calls';
import { country, e164Forms, isObject, list, optOutTime, part, text, time } from './wire';

/**
 * Podium's API as Podium documents it, version 2021.04.01. Nearly every field may be null or missing
 * there: the schemas below name what is looked at, and nothing more is needed of an answer.
 */
export function createPublished(call: Call): Omit<PodiumApi, 'prepare'> {
  async function setClosed(conversationUid: string, closed: boolean): Promise<void> {
    const operation = closed ? 'close conversation' : 'open conversation';
    const path = `/v4/conversations/${encodeURIComponent(conversationUid)}`;
    await call({ operation, method: 'PUT', path, body: { closed } }, z.unknown());
  }

  return {
    async listLocations() {
      const locations = await readPages(
        call,
        { operation: 'list locations', method: 'GET', path: '/v4/locations', query: { limit: '100' } },
        location,
      );
      // Pages move when a location is added meanwhile, so one may come twice.
      return [...new Map(locations.flatMap(toLocation).map((each) => [each.uid, each])).values()];
    },

    async findContact(phone) {
      const path = `/v4/contacts/${encodeURIComponent(phone)}`;
      const answer = await orNull(call({ operation: 'find contact', method: 'GET', path }, contactAnswer));
      return answer && toContact(answer.data, phone);
    },

    async createContact({ phone, locationUid, name }) {
      const body = { name, locations: [locationUid], phoneNumber: phone };
      await call({ operation: 'create contact', method: 'POST', path: '/v4/contacts', body }, z.unknown());
      // 202: it is being done. The `identifier` that comes back is a phone or an e-mail address, no uid.
      return { uid: null };
    },

    async sendMessage({ phone, locationUid, body, senderName }) {
      const { data } = await call(
        {
          operation: 'send message',
          method: 'POST',
          path: '/v4/messages',
          body: {
            body,
            channel: { type: 'phone', identifier: phone },
            locationUid,
            senderName,
            // A conversation that began with this message would be closed, and no agent would see it.
            setOpenInbox: true,
          },
        },
        sentAnswer,
      );
      return toSent(data);
    },

    async listMessages(conversationUid) {
      const path = `/v4/conversations/${encodeURIComponent(conversationUid)}/messages`;
      const messages = await readPages(
        call,
        { operation: 'list messages', method: 'GET', path },
        message.transform(toMessage),
        isOldestFirst,
      );
      return messages.sort((a, b) => timeOf(b) - timeOf(a));
    },

    async pageOfMessages(conversationUid, cursor) {
      const path = `/v4/conversations/${encodeURIComponent(conversationUid)}/messages`;
      const request = { operation: 'list messages', method: 'GET', path } as const;
      const { items, nextCursor } = await readPage(call, request, z.array(z.unknown()), cursor);
      return { items: items.map((raw) => ({ ...toMessage(message.parse(raw)), raw })), nextCursor };
    },

    async readConversation(conversationUid) {
      const path = `/v4/conversations/${encodeURIComponent(conversationUid)}`;
      const request = { operation: 'read conversation', method: 'GET', path } as const;
      const answer = await orNull(call(request, z.object({ data: conversation })));
      return answer && toConversation(answer.data, conversationUid);
    },

    async pageOfConversations(locationUid, cursor) {
      const { items, nextCursor } = await readPage(
        call,
        {
          operation: 'list conversations',
          method: 'GET',
          path: '/v4/conversations',
          query: { limit: '100', locationUid },
        },
        conversations,
        cursor,
      );
      // About one without a uid nothing could be asked.
      return { items: items.flatMap((each) => (each.uid ? toConversation(each, each.uid) : [])), nextCursor };
    },

    async sendAttachment({ phone, locationUid, body, senderName, file }) {
      const form = {
        data: { body, channel: { type: 'phone', identifier: phone }, locationUid, senderName },
        file,
      };
      const { data } = await call(
        { operation: 'send attachment', method: 'POST', path: '/v4/messages/attachment', form },
        sentAnswer,
      );
      return toSent(data);
    },

    forwardCustomerFile: null,

    async importMessage({ phone, locationUid, contactName, direction, body, at }) {
      const { data } = await call(
        {
          operation: 'import message',
          method: 'POST',
          path: '/v4/import/messages',
          body: {
            body,
            channel: { type: 'phone', identifier: phone },
            contactName,
            direction,
            locationUid,
            publishedAt: at.toISOString(),
          },
        },
        sentAnswer,
      );
      return toSent(data);
    },

    async addNote(conversationUid, body, senderName) {
      const path = `/v4/conversations/${encodeURIComponent(conversationUid)}/notes`;
      await call({ operation: 'add note', method: 'POST', path, body: { body, senderName } }, z.unknown());
    },

    closeConversation: (conversationUid) => setClosed(conversationUid, true),

    openConversation: (conversationUid) => setClosed(conversationUid, false),

    async setOptOut(phone, locationUid, optedOut) {
      const path = `/v4/contacts/transactional/${optedOut ? 'opt_out' : 'opt_in'}`;
      const body = { channel: { identifier: phone, type: 'PHONE' }, locationUid };
      await call({ operation: 'mirror opt-out', method: 'POST', path, body }, z.unknown());
    },

    ...createWebhookCalls(call),
  };
}

/** What was found, or null for a 404. */
async function orNull<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof PodiumError && error.kind === 'not_found') return null;
    throw error;
  }
}

const location = part({
  uid: text,
  name: text,
  displayName: text,
  addressDetails: part({ country }),
  archived: z.boolean().nullable().catch(null),
  archivedAt: text,
  organizationUid: text,
});

function toLocation({ uid, archived, archivedAt, ...rest }: z.infer<typeof location>) {
  if (uid === null) return []; // nothing could ever be for it
  return {
    uid,
    name: rest.displayName ?? rest.name ?? uid,
    country: rest.addressDetails.country,
    archived: archived ?? archivedAt !== null,
    organizationUid: rest.organizationUid,
  };
}

const contact = part({
  uid: text,
  name: text,
  phoneNumbers: list(text),
  channels: list(part({ identifier: text, transactionalOptedOutAt: optOutTime })),
  locations: list(part({ uid: text })),
  conversations: list(part({ uid: text })),
  updatedAt: time,
});
const contactAnswer = z.object({ data: contact });

/** The contact, if it has this very phone. */
function toContact({ uid, name, ...rest }: z.infer<typeof contact>, phone: string): PodiumContact | null {
  const phones = e164Forms([...rest.phoneNumbers, ...rest.channels.map(({ identifier }) => identifier)]);
  if (uid === null || !phones.includes(phone)) return null;
  const optOut = rest.channels.find(
    (channel) => channel.identifier === phone && channel.transactionalOptedOutAt,
  );
  return {
    uid,
    name,
    phones,
    locationUids: uidsOf(rest.locations),
    conversationUids: uidsOf(rest.conversations),
    optedOutAt: optOut?.transactionalOptedOutAt ?? null,
    updatedAt: rest.updatedAt,
  };
}

function uidsOf(references: { uid: string | null }[]): string[] {
  return references.flatMap(({ uid }) => uid ?? []);
}

const sentAnswer = z.object({
  data: part({ uid: text, createdAt: time, conversation: part({ uid: text }) }),
});

function toSent({ uid, createdAt, conversation }: z.infer<typeof sentAnswer>['data']): SentMessage {
  return { messageUid: uid, conversationUid: conversation.uid, at: createdAt ?? new Date() };
}

const conversation = part({
  uid: text,
  locationUid: text,
  channel: part({ type: text, identifier: text }),
  closed: z.boolean().catch(false),
  lastItemAt: time,
  createdAt: time,
  updatedAt: time,
});
/** Podium's schema has one conversation where its words have a list of them. */
const conversations = z.preprocess((value) => (isObject(value) ? [value] : value), z.array(conversation));

function toConversation({ channel, ...rest }: z.infer<typeof conversation>, uid: string): PodiumConversation {
  return { ...rest, uid, channel: channel.type, identifier: channel.identifier };
}

const message = part({
  uid: text,
  body: z.string().nullable().catch(null),
  createdAt: time,
  items: list(part({ sourceType: text, attachmentUrl: text })),
  attachmentUrl: text,
  senderUid: text,
  webchatUrl: text,
});

function toMessage({
  uid,
  body,
  createdAt,
  senderUid,
  ...rest
}: z.infer<typeof message>): ConversationMessage {
  const sources = rest.items.map(({ sourceType }) => sourceType?.toLowerCase());
  // The direction has no field of its own. A sender is a user of Podium, and only customers write on websites.
  const inbound = sources.includes('inbound') || rest.webchatUrl !== null;
  const outbound = sources.includes('outbound') || senderUid !== null;
  const direction = inbound === outbound ? 'unknown' : inbound ? 'inbound' : 'outbound';
  const hasFile = [rest, ...rest.items].some(({ attachmentUrl }) => attachmentUrl !== null);
  return { uid, body: body ?? '', at: createdAt, direction, senderUid, hasFile };
}

/** Nobody says at which end of a conversation the first page is. What we look for is at the newest. */
function isOldestFirst(page: ConversationMessage[]): boolean {
  const times = page.map(timeOf).filter((at) => at > 0);
  return times.length > 1 && times[0]! < times.at(-1)!;
}

function timeOf({ at }: ConversationMessage): number {
  return at?.getTime() ?? 0;
}
