import { randomUUID } from 'node:crypto';
import type { Deliveries } from './delivery';
import { contactChanged, messageReceived, messageSent } from './events';
import { e164, filedAs } from './phones';
import type { Settings } from './settings';
import type { Attachment, Contact, Conversation, Message, World } from './world';

const WEBCHAT_URL = 'https://www.example.com/';

type MessageFields = Pick<Message, 'body' | 'direction' | 'from'> & Partial<Message>;

/**
 * What happens in Podium's inbox: customers, agents and the API write, messages fail, contacts opt out.
 * Each changes the world and puts its event into the webhooks' queues.
 */
export class Inbox {
  constructor(
    private readonly world: World,
    private readonly deliveries: Deliveries,
    private readonly settings: Settings,
  ) {}

  /** A customer writes, in the chat of a website or by text. Reopens the conversation. */
  customerWrites(written: {
    phone: string;
    locationUid: string | null;
    body: string;
    name: string | null;
    webchat: boolean;
    at: string;
    attachments: Attachment[];
  }): { conversation: Conversation; message: Message; eventUid: string | null } {
    const country = this.world.locations.get(written.locationUid ?? '')?.country ?? null;
    const address = filedAs(written.phone, country);
    const conversation = this.world.conversationAt(written.locationUid, 'phone', address, { closed: false });
    conversation.identifier = written.phone;
    conversation.contactName = written.name ?? conversation.contactName;
    conversation.closed = false;
    const message = this.add(conversation, {
      body: written.body,
      direction: 'inbound',
      from: 'customer',
      createdAt: written.at,
      webchatUrl: written.webchat ? WEBCHAT_URL : null,
      attachments: written.attachments,
    });
    const happening = messageReceived(this.world, conversation, message);
    const eventUid = this.deliveries.publish({ ...happening, at: Date.parse(written.at) });
    return { conversation, message, eventUid };
  }

  /** A person of the store writes from Podium's inbox; without a uid it is Podium's own automatic answer. */
  agentWrites(conversation: Conversation, body: string, senderUid: string | null): Message {
    const from = senderUid === null ? 'podium' : 'agent';
    return this.sends(conversation, { body, direction: 'outbound', from, senderUid });
  }

  /** The API sends. To a contact who opted out it fails later, as a send to a landline does. */
  apiWrites(
    conversation: Conversation,
    body: string,
    senderName: string | null,
    attachments: Attachment[] = [],
  ): Message {
    const message = this.sends(conversation, {
      body,
      direction: 'outbound',
      from: 'api',
      senderUid: this.settings.api_sender_uid,
      senderName,
      attachments,
    });
    if (this.isOptedOut(conversation)) this.fails(conversation, message, 'The contact has opted out.');
    return message;
  }

  /** A message that happened elsewhere is recorded; nothing is sent. */
  imports(conversation: Conversation, fields: Pick<Message, 'body' | 'direction' | 'createdAt'>): Message {
    const message = this.add(conversation, { ...fields, from: 'import' });
    const happening = fields.direction === 'inbound' ? messageReceived : messageSent;
    this.deliveries.publish(happening(this.world, conversation, message));
    return message;
  }

  /** A message that had been accepted could not be delivered after all. */
  fails(conversation: Conversation, message: Message, reason: string): void {
    message.failureReason = reason;
    this.world.changed({ kind: 'message', conversation_uid: conversation.uid, message_uid: message.uid });
    this.deliveries.publish(messageSent(this.world, conversation, message));
  }

  note(conversation: Conversation, body: string, senderName: string) {
    const note = { uid: randomUUID(), body, senderName, createdAt: new Date().toISOString() };
    conversation.notes.push(note);
    this.world.changed({ kind: 'note', conversation_uid: conversation.uid, note_uid: note.uid });
    return note;
  }

  setClosed(conversation: Conversation, closed: boolean): void {
    conversation.closed = closed;
    conversation.updatedAt = new Date().toISOString();
    this.world.changed({ kind: 'conversation', conversation_uid: conversation.uid, closed });
  }

  setOptOut(contact: Contact, optedOut: boolean): void {
    contact.optedOutAt = optedOut ? new Date().toISOString() : null;
    this.contactChanged(contact, 'updated');
  }

  /** Tells everyone about a contact. `created` and `updated` set its time. */
  contactChanged(contact: Contact, action: Parameters<typeof contactChanged>[2]): void {
    if (action === 'updated') contact.updatedAt = new Date().toISOString();
    this.world.changed({ kind: 'contact', contact_uid: contact.uid, action });
    this.deliveries.publish(contactChanged(this.world, contact, action));
  }

  /** The contact of a phone, made when there is none. */
  contactOfPhone(phone: string): Contact {
    const address = e164(phone, null) ?? phone;
    return (
      this.world.contactByChannel(address) ??
      this.world.addContact({ name: null, phone: address, email: null, locationUids: [], readableAt: 0 })
    );
  }

  isOptedOut(conversation: Conversation): boolean {
    return (this.world.contactByChannel(conversation.address)?.optedOutAt ?? null) !== null;
  }

  private sends(conversation: Conversation, fields: MessageFields): Message {
    const message = this.add(conversation, fields);
    this.deliveries.publish(messageSent(this.world, conversation, message));
    return message;
  }

  private add(conversation: Conversation, fields: MessageFields): Message {
    const message: Message = {
      uid: randomUUID(),
      createdAt: new Date().toISOString(),
      senderUid: null,
      senderName: null,
      webchatUrl: null,
      attachments: [],
      failureReason: null,
      ...fields,
    };
    conversation.messages.push(message);
    conversation.updatedAt = new Date().toISOString();
    this.world.changed({ kind: 'message', conversation_uid: conversation.uid, message_uid: message.uid });
    return message;
  }
}
