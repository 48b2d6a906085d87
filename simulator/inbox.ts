import { randomUUID } from 'node:crypto';
import type { Deliveries } from './delivery';
import {
  contactChanged,
  conversationsOfContact,
  messageReceived,
  messageSent,
  publishedContact,
  type ContactAction,
  type ContactSides,
} from './events';
import { e164, filedAs } from './phones';
import type { Settings } from './settings';
import type { Contact, Conversation, Message, NewAttachment, World } from './world';

const WEBCHAT_URL = 'https://www.example.com/';

type MessageFields = Pick<Message, 'body' | 'direction' | 'from'> &
  Partial<Omit<Message, 'attachments'>> & { attachments?: NewAttachment[] };

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
    attachments: NewAttachment[];
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
    const happening = messageReceived(this.world, conversation, message, this.settings);
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
    attachments: NewAttachment[] = [],
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
    this.deliveries.publish(happening(this.world, conversation, message, this.settings));
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
    if ((contact.optedOutAt !== null) === optedOut) return this.changeContact(contact, () => undefined);
    this.changeContact(contact, () => (contact.optedOutAt = optedOut ? new Date().toISOString() : null));
  }

  contactCreated(contact: Contact): void {
    this.tellContact('created', contact, { before: null, after: publishedContact(this.world, contact) });
  }

  /**
   * A contact made inside Podium. When the phone has one already it is a twin, with conversations of its own;
   * by the phone the first one is found as long as it is there.
   */
  addTwin(fields: Parameters<World['addContact']>[0] & { phone: string }): Contact {
    const contact = this.world.addContact(fields);
    for (const locationUid of contact.locationUids)
      this.world.addConversation(locationUid, 'phone', fields.phone, {
        closed: true,
        contactUid: contact.uid,
      });
    this.contactCreated(contact);
    return contact;
  }

  /** Changes a contact, and tells everyone how it was and how it is. */
  changeContact(contact: Contact, change: () => unknown): void {
    const before = publishedContact(this.world, contact);
    const kept = JSON.stringify(contact);
    change();
    const isChanged = JSON.stringify(contact) !== kept;
    if (isChanged) contact.updatedAt = new Date().toISOString();
    const after = publishedContact(this.world, contact);
    this.tellContact(isChanged ? 'updated' : 'unchanged', contact, { before, after });
  }

  /** The contact goes, and its conversations stay. */
  deleteContact(contact: Contact): void {
    const before = publishedContact(this.world, contact);
    for (const conversation of conversationsOfContact(this.world, contact)) conversation.contactUid = null;
    this.world.removeContact(contact);
    this.tellContact('deleted', contact, { before, after: null });
  }

  /**
   * One contact goes into another one, with its conversations: where both have one at a store, the one of the
   * contact that is left gets all messages, and the other is gone. An opt-out of the one that is gone is lost.
   */
  mergeContacts(gone: Contact, left: Contact): void {
    const before = publishedContact(this.world, gone);
    const kept = conversationsOfContact(this.world, left);
    const moved = conversationsOfContact(this.world, gone);
    this.world.removeContact(gone);
    for (const conversation of moved) {
      const into = kept.find(({ locationUid }) => locationUid === conversation.locationUid);
      if (into) this.joinConversations(conversation, into);
      else conversation.contactUid = left.uid;
    }
    left.locationUids = [...new Set([...left.locationUids, ...gone.locationUids])];
    left.updatedAt = new Date().toISOString();
    this.tellContact('merged', left, { before, after: publishedContact(this.world, left) });
  }

  private joinConversations(gone: Conversation, left: Conversation): void {
    left.messages.push(...gone.messages);
    left.messages.sort((a, b) => a.createdAt.localeCompare(b.createdAt));
    left.notes.push(...gone.notes);
    left.closed &&= gone.closed;
    this.world.removeConversation(gone);
    this.world.changed({ kind: 'conversation', conversation_uid: left.uid, closed: left.closed });
  }

  private tellContact(action: ContactAction, contact: Contact, sides: ContactSides): void {
    this.world.changed({ kind: 'contact', contact_uid: contact.uid, action });
    this.deliveries.publish(contactChanged(action, sides));
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
    if (fields.from !== 'api' || this.settings.api_echoes)
      this.deliveries.publish(messageSent(this.world, conversation, message));
    return message;
  }

  private add(conversation: Conversation, { attachments = [], ...fields }: MessageFields): Message {
    const now = new Date().toISOString();
    const message: Message = {
      uid: randomUUID(),
      createdAt: now,
      senderUid: null,
      senderName: null,
      webchatUrl: null,
      attachments: attachments.map((file) => ({ ...file, uid: randomUUID(), createdAt: now })),
      failureReason: null,
      ...fields,
    };
    conversation.messages.push(message);
    conversation.updatedAt = new Date().toISOString();
    this.world.changed({ kind: 'message', conversation_uid: conversation.uid, message_uid: message.uid });
    return message;
  }
}
