import Router from '@koa/router';
import { z } from 'zod';
import { publishedMessage } from '../events';
import type { Parts } from '../parts';
import type { Settings } from '../settings';
import type { Conversation, Note, World } from '../world';
import { notFound } from './errors';
import { one, page } from './paging';
import { checkBody } from './request';

const noteSchema = z.object({ body: z.string().min(1), senderName: z.string() });
const updateSchema = z.object({ closed: z.boolean().optional() });

/** What both contracts do with conversations: read them, and leave notes for the agent. */
export function conversationRoutes({ world, inbox, settings }: Parts): Router {
  return new Router({ prefix: '/v4/conversations' })
    .get('/', (ctx) => {
      const all = [...world.conversations.values()];
      const asked = all.filter(({ locationUid }) =>
        [undefined, locationUid].includes(ctx.query.locationUid as string),
      );
      ctx.body = page(ctx, inOrder(asked, lastItemAt, settings.list_order), publishedConversation);
    })
    .get('/:uid', (ctx) => {
      ctx.body = one(ctx, publishedConversation(findConversation(world, ctx.params.uid)));
    })
    .get('/:uid/messages', (ctx) => {
      const conversation = findConversation(world, ctx.params.uid);
      const messages = inOrder(conversation.messages, ({ createdAt }) => createdAt, settings.list_order);
      ctx.body = page(ctx, messages, (message) => publishedMessage(world, conversation, message));
    })
    .get('/:uid/messages/:messageUid', (ctx) => {
      const conversation = findConversation(world, ctx.params.uid);
      const message = conversation.messages.find(({ uid }) => uid === ctx.params.messageUid);
      if (!message) throw notFound('Message');
      ctx.body = one(ctx, publishedMessage(world, conversation, message));
    })
    .post('/:uid/notes', (ctx) => {
      const conversation = findConversation(world, ctx.params.uid);
      const { body, senderName } = checkBody(noteSchema, ctx);
      ctx.body = one(ctx, publishedNote(world, conversation, inbox.note(conversation, body, senderName)));
    });
}

/** How the published contract closes a conversation. */
export function conversationUpdateRoutes({ world, inbox }: Parts): Router {
  return new Router().put('/v4/conversations/:uid', (ctx) => {
    const conversation = findConversation(world, ctx.params.uid);
    const { closed } = checkBody(updateSchema, ctx);
    if (closed !== undefined) inbox.setClosed(conversation, closed);
    ctx.body = one(ctx, publishedConversation(conversation));
  });
}

export function findConversation(world: World, uid: string | undefined): Conversation {
  const conversation = world.conversations.get(uid ?? '');
  if (!conversation) throw notFound('Conversation');
  return conversation;
}

function lastItemAt({ messages }: Conversation): string | null {
  return messages.at(-1)?.createdAt ?? null;
}

/** By time, and by what happened later where that is the same; `none` is an order of its own that tells nothing. */
function inOrder<T extends { uid: string }>(
  items: T[],
  timeOf: (item: T) => string | null,
  order: Settings['list_order'],
): T[] {
  if (order === 'none') return items.toSorted((a, b) => a.uid.localeCompare(b.uid));
  const oldestFirst = items.toSorted((a, b) => (timeOf(a) ?? '').localeCompare(timeOf(b) ?? ''));
  return order === 'oldest_first' ? oldestFirst : oldestFirst.toReversed();
}

/** Schema `conversation` of `conversations.json`. */
function publishedConversation(conversation: Conversation) {
  return {
    assignedUserUid: null,
    assigneeUids: [],
    channel: { identifier: conversation.identifier, type: conversation.channelType },
    closed: conversation.closed,
    contactName: conversation.contactName,
    createdAt: conversation.startedAt,
    lastItemAt: lastItemAt(conversation),
    locationUid: conversation.locationUid,
    uid: conversation.uid,
    updatedAt: conversation.updatedAt,
  };
}

/** Schema `conversation_note` of `conversations.json`. */
function publishedNote(world: World, conversation: Conversation, note: Note) {
  return {
    body: note.body,
    conversation: { uid: conversation.uid },
    createdAt: note.createdAt,
    location: { uid: conversation.locationUid },
    organization: { uid: world.organizationUid },
    senderName: note.senderName,
    uid: note.uid,
    updatedAt: note.createdAt,
  };
}
