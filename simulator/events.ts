import { randomUUID } from 'node:crypto';
import type { Contract, Settings } from './settings';
import type { Attachment, Contact, Conversation, Message, World } from './world';

export const PODIUM_VERSION = '2021.04.01';

/** Something that happened in Podium, before it is written for a webhook. */
export interface Happening {
  eventType: string;
  /** Null for what belongs to the whole organization. */
  locationUid: string | null;
  /** When it happened, ms since 1970; now when left out. From then on Podium keeps the event for ten days. */
  at?: number;
  /** `data` in the published shape. */
  data: unknown;
  /** The same in the shape of the skill contract, where that contract describes it. */
  skill?: { eventType: string; data: unknown };
}

/**
 * The body of a webhook's POST. What the skill documents do not describe (all but a customer's message)
 * comes in the published shape under that contract too.
 */
export function eventBody(happening: Happening, contract: Contract, eventUid: string): string {
  if (contract === 'skill' && happening.skill) {
    return JSON.stringify({
      id: eventUid,
      event_type: happening.skill.eventType,
      data: happening.skill.data,
    });
  }
  const metadata = { eventType: happening.eventType, eventUid, version: PODIUM_VERSION };
  return JSON.stringify({ data: happening.data, metadata });
}

export function messageReceived(
  world: World,
  conversation: Conversation,
  message: Message,
  settings: Pick<Settings, 'skill_file_links'>,
): Happening {
  const country = world.locations.get(conversation.locationUid ?? '')?.country;
  return {
    eventType: 'message.received',
    locationUid: conversation.locationUid,
    data: publishedMessage(world, conversation, message),
    skill: {
      eventType: 'webchat.message.received',
      data: {
        from: conversation.identifier,
        body: message.body,
        location_uid: conversation.locationUid,
        ...(country ? { country } : {}),
        session_uid: conversation.uid,
        attachments: message.attachments.map((file) => ({
          size_bytes: file.sizeBytes,
          ...(settings.skill_file_links ? { url: attachmentUrl(world, file) } : {}),
        })),
      },
    },
  };
}

/** `message.sent`, or `message.failed` once the message has a reason for that. */
export function messageSent(world: World, conversation: Conversation, message: Message): Happening {
  return {
    eventType: message.failureReason === null ? 'message.sent' : 'message.failed',
    locationUid: conversation.locationUid,
    data: publishedMessage(world, conversation, message),
  };
}

/** What a contact's event tells of: the contact as it was, and as it is; of a merge the one that is gone, and the one that is left. */
export interface ContactSides {
  before: PublishedContact | null;
  after: PublishedContact | null;
}

export type ContactAction = 'created' | 'updated' | 'unchanged' | 'merged' | 'deleted';

export function contactChanged(action: ContactAction, { before, after }: ContactSides): Happening {
  return {
    eventType: `contact.${action}`,
    locationUid: (after ?? before)?.locations[0]?.uid ?? null,
    data: { ...(after && { after }), ...(before && { before }), errors: [] },
  };
}

/** Schema `message` of `messenger.json`. */
export function publishedMessage(world: World, conversation: Conversation, message: Message) {
  const contact = world.contactByChannel(conversation.address);
  const file = message.attachments[0];
  return {
    attachmentUrl: file ? attachmentUrl(world, file) : null,
    body: message.body,
    contact: { externalIdentifier: null, name: conversation.contactName, uid: contact?.uid ?? null },
    contactName: conversation.contactName,
    conversation: {
      assignedUserUid: null,
      channel: { type: conversation.channelType, identifier: conversation.identifier },
      startedAt: conversation.startedAt,
      uid: conversation.uid,
    },
    createdAt: message.createdAt,
    failureReason: message.failureReason,
    items: messageItems(world, message),
    location: {
      organizationUid: conversation.locationUid === null ? null : world.organizationUid,
      uid: conversation.locationUid,
    },
    sender: { uid: message.senderUid },
    senderUid: message.senderUid,
    uid: message.uid,
    webchatUrl: message.webchatUrl,
  };
}

function messageItems(world: World, message: Message) {
  const common = {
    createdAt: message.createdAt,
    deliveryStatus: message.failureReason === null ? 'sent' : 'failed',
    encryptedAt: null,
    sendBody: null,
    sourceType: message.direction,
  };
  const text = {
    ...common,
    type: 'text',
    uid: message.uid,
    body: message.body,
    attachmentUrl: null,
    attachmentContentType: null,
  };
  const files = message.attachments.map((file) => ({
    ...common,
    type: 'attachment',
    uid: randomUUID(),
    body: null,
    attachmentUrl: attachmentUrl(world, file),
    attachmentContentType: file.contentType,
  }));
  return [text, ...files];
}

/** A link that needs no token, and expires. */
function attachmentUrl(world: World, { uid }: Attachment): string {
  return `${world.url}/files/${uid}`;
}

export type PublishedContact = ReturnType<typeof publishedContact>;

/** Schema `contact` of `contacts.json`. */
export function publishedContact(world: World, contact: Contact) {
  const channel = (type: string, identifier: string, optedOutAt: string | null) => ({
    createdAt: contact.createdAt,
    identifier,
    label: null,
    marketingOptedInLocationUids: [],
    transactionalOptedOutAt: optedOutAt,
    type,
    updatedAt: contact.updatedAt,
  });
  return {
    address: null,
    attributes: [],
    channels: [
      ...(contact.phone === null ? [] : [channel('phone', contact.phone, contact.optedOutAt)]),
      ...(contact.email === null ? [] : [channel('email', contact.email, null)]),
    ],
    conversations: conversationsOfContact(world, contact).map(({ uid }) => ({ uid })),
    createdAt: contact.createdAt,
    emails: contact.email === null ? [] : [contact.email],
    locations: contact.locationUids.map((uid) => ({ uid })),
    name: contact.name,
    organization: { uid: world.organizationUid },
    phoneNumbers: contact.phone === null ? [] : [contact.phone],
    tags: [],
    uid: contact.uid,
    updatedAt: contact.updatedAt,
  };
}

export function conversationsOfContact(world: World, contact: Contact): Conversation[] {
  const conversations = [contact.phone, contact.email].flatMap((address) => [
    ...world.conversationsOf(address),
  ]);
  return conversations.filter(
    ({ contactUid, address }) => (contactUid ?? world.contactByChannel(address)?.uid) === contact.uid,
  );
}
