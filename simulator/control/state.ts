import { PassThrough } from 'node:stream';
import Router from '@koa/router';
import { checkBody } from '../api/request';
import { filedAs } from '../phones';
import type { Parts } from '../parts';
import { settingsSchema } from '../settings';
import type { Contact, Conversation, Location, Message } from '../world';
import { stateOfWebhook } from './deliveries';

/** How often a quiet stream of changes says that it lives. */
const HEARTBEAT_MS = 15_000;

/** What the simulator is and knows. */
export function stateRoutes({ world, settings }: Parts): Router {
  return new Router({ prefix: '/sim' })
    .get('/state', (ctx) => {
      const { phone } = ctx.query;
      const address = typeof phone === 'string' ? filedAs(phone, null) : null;
      const conversations =
        address === null ? [...world.conversations.values()] : world.conversationsOf(address);
      const contacts = [...world.contacts.values()].filter(
        (contact) => address === null || contact.phone === address,
      );
      ctx.body = {
        settings,
        locations: [...world.locations.values()].map(stateOfLocation),
        contacts: contacts.map(stateOfContact),
        conversations: conversations.map(stateOfConversation),
        webhooks: [...world.webhooks.values()].map(stateOfWebhook),
      };
    })
    .put('/settings', (ctx) => {
      Object.assign(settings, checkBody(settingsSchema.partial(), ctx));
      world.changed({ kind: 'settings' });
      ctx.body = settings;
    })
    .get('/events', (ctx) => {
      const stream = new PassThrough();
      const write = (text: string) => stream.writableLength < 1_000_000 && stream.write(text);
      const unwatch = world.watch((change) => write(`data: ${JSON.stringify(change)}\n\n`));
      const heartbeat = setInterval(() => write(': still here\n\n'), HEARTBEAT_MS);
      stream.on('close', () => {
        unwatch();
        clearInterval(heartbeat);
      });
      write(': from here on\n\n');
      ctx.set({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      ctx.body = stream;
    });
}

function stateOfLocation({ uid, name, country, archived }: Location) {
  return { uid, name, country, archived };
}

function stateOfContact(contact: Contact) {
  return {
    uid: contact.uid,
    name: contact.name,
    phone: contact.phone,
    location_uids: contact.locationUids,
    opted_out_at: contact.optedOutAt,
  };
}

function stateOfConversation(conversation: Conversation) {
  return {
    uid: conversation.uid,
    phone: conversation.address,
    location_uid: conversation.locationUid,
    contact_name: conversation.contactName,
    closed: conversation.closed,
    messages: conversation.messages.map(stateOfMessage),
    notes: conversation.notes.map(({ uid, body, senderName, createdAt }) => ({
      uid,
      body,
      sender_name: senderName,
      at: createdAt,
    })),
  };
}

function stateOfMessage(message: Message) {
  return {
    uid: message.uid,
    from: message.from,
    direction: message.direction,
    body: message.body,
    at: message.createdAt,
    webchat: message.webchatUrl !== null,
    sender_uid: message.senderUid,
    sender_name: message.senderName,
    attachments: message.attachments.map((file) => ({
      content_type: file.contentType,
      size_bytes: file.sizeBytes,
      name: file.name,
    })),
    failure_reason: message.failureReason,
  };
}
