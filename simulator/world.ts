import { EventEmitter } from 'node:events';
import { randomUUID } from 'node:crypto';
import { ORGANIZATION_UID, seedLocations } from './seed-locations';
import type { Delivery } from './delivery';

export interface Location {
  uid: string;
  name: string;
  /** ISO 3166-1 alpha-2. */
  country: string | null;
  archived: boolean;
  podiumPhoneNumber: string;
  createdAt: string;
  updatedAt: string;
}

export interface Contact {
  uid: string;
  name: string | null;
  /** E.164. */
  phone: string | null;
  email: string | null;
  locationUids: string[];
  optedOutAt: string | null;
  createdAt: string;
  updatedAt: string;
  /** Before this time (ms since 1970) no call can read it. */
  readableAt: number;
}

/** A file as somebody sends it. */
export interface NewAttachment {
  contentType: string;
  sizeBytes: number;
  name: string | null;
  /** What is in it; null for something that begins as such a file does. */
  base64: string | null;
}

export interface Attachment extends NewAttachment {
  uid: string;
  /** Its link lives from here on. */
  createdAt: string;
}

export interface Message {
  uid: string;
  body: string;
  createdAt: string;
  direction: 'inbound' | 'outbound';
  /** `podium` is an automatic answer of Podium's own; `import` came in through `/v4/import/messages`. */
  from: 'customer' | 'agent' | 'api' | 'podium' | 'import';
  senderUid: string | null;
  senderName: string | null;
  webchatUrl: string | null;
  attachments: Attachment[];
  failureReason: string | null;
}

export interface Note {
  uid: string;
  body: string;
  senderName: string;
  createdAt: string;
}

export interface Conversation {
  uid: string;
  channelType: 'phone' | 'email';
  /** What it is filed by: E.164, or an e-mail address. */
  address: string;
  /** As the customer last typed it, perhaps in local form: this is what Podium shows. */
  identifier: string;
  locationUid: string | null;
  contactName: string | null;
  /** Of a twin: whose conversation it is. Null or absent: of whoever is found by the address. */
  contactUid?: string | null;
  closed: boolean;
  startedAt: string;
  updatedAt: string;
  messages: Message[];
  notes: Note[];
}

export interface Webhook {
  uid: string;
  url: string | null;
  secret: string | null;
  eventTypes: string[];
  /** Belongs to this location; to the whole organization when null. */
  locationUid: string | null;
  disabled: boolean;
  createdAt: string;
  updatedAt: string;
  /** What waits, the oldest first. */
  queue: Delivery[];
}

/** A change that a page or a test may wait for. */
export interface Change {
  kind:
    | 'message'
    | 'note'
    | 'conversation'
    | 'contact'
    | 'location'
    | 'webhook'
    | 'delivery'
    | 'call'
    | 'settings';
  [detail: string]: unknown;
}

/** The part of the world that is kept in the state file. */
export interface SavedWorld {
  locations: Location[];
  contacts: Contact[];
  conversations: Conversation[];
  webhooks: Webhook[];
  refreshToken: string | null;
  revoked: boolean;
  accessTokens: [token: string, expiresAt: number][];
}

/** Everything that Podium knows. Whoever changes it calls `changed`. */
export class World {
  readonly organizationUid = ORGANIZATION_UID;
  /** Where the simulator is, for links to it. */
  url = '';
  readonly locations: Map<string, Location>;
  readonly contacts: Map<string, Contact>;
  readonly conversations: Map<string, Conversation>;
  readonly webhooks: Map<string, Webhook>;
  /** Set by the first refresh with rotation, or by an authorization; until then the one of the environment counts. */
  refreshToken: string | null;
  /** No refresh token is good until the user authorizes anew. */
  revoked: boolean;
  readonly accessTokens: Map<string, number>;
  /** How often a token was given, for what, and how often refused, since the start. */
  readonly grants = { refresh_token: 0, authorization_code: 0, refused: 0 };
  /** How often tokens that lived were ended before their time. */
  expiries = 0;

  private readonly contactsByChannel = new Map<string, Contact>();
  private readonly conversationsByAddress = new Map<string, Conversation[]>();
  private readonly changes = new EventEmitter().setMaxListeners(0);

  constructor(saved: Partial<SavedWorld> = {}) {
    this.locations = byUid(saved.locations ?? structuredClone(seedLocations));
    this.contacts = byUid(saved.contacts ?? []);
    this.conversations = byUid(saved.conversations ?? []);
    this.webhooks = byUid(saved.webhooks ?? []);
    this.refreshToken = saved.refreshToken ?? null;
    this.revoked = saved.revoked ?? false;
    this.accessTokens = new Map(saved.accessTokens ?? []);
    for (const contact of this.contacts.values()) this.indexWhereFree(contact);
    for (const conversation of this.conversations.values()) this.indexConversation(conversation);
  }

  toJSON(): SavedWorld {
    return {
      locations: [...this.locations.values()],
      contacts: [...this.contacts.values()],
      conversations: [...this.conversations.values()],
      webhooks: [...this.webhooks.values()],
      refreshToken: this.refreshToken,
      revoked: this.revoked,
      accessTokens: [...this.accessTokens],
    };
  }

  /** Ends every access token. */
  expireTokens(): void {
    if (this.accessTokens.size > 0) this.expiries += 1;
    this.accessTokens.clear();
  }

  changed(change: Change): void {
    this.changes.emit('change', change);
  }

  /** Calls back with every change. Returns the function that ends it. */
  watch(listener: (change: Change) => void): () => void {
    this.changes.on('change', listener);
    return () => this.changes.off('change', listener);
  }

  contactByChannel(identifier: string): Contact | undefined {
    return this.contactsByChannel.get(identifier.toLowerCase());
  }

  addContact(fields: Pick<Contact, 'name' | 'phone' | 'email' | 'locationUids' | 'readableAt'>): Contact {
    const now = new Date().toISOString();
    const contact = { uid: randomUUID(), optedOutAt: null, createdAt: now, updatedAt: now, ...fields };
    this.contacts.set(contact.uid, contact);
    this.indexWhereFree(contact);
    return contact;
  }

  /** To be called after a contact's phone or e-mail address was changed, too. */
  index(contact: Contact): void {
    if (contact.phone !== null) this.contactsByChannel.set(contact.phone, contact);
    if (contact.email !== null) this.contactsByChannel.set(contact.email.toLowerCase(), contact);
  }

  /** A twin, if there is one, is found in its place from now on. */
  removeContact(contact: Contact): void {
    this.contacts.delete(contact.uid);
    for (const [channel, owner] of this.contactsByChannel) {
      if (owner === contact) this.contactsByChannel.delete(channel);
    }
    for (const other of this.contacts.values()) this.indexWhereFree(other);
  }

  /** The first one of a channel is the one that is found by it. */
  private indexWhereFree(contact: Contact): void {
    for (const channel of [contact.phone, contact.email?.toLowerCase()])
      if (channel && !this.contactsByChannel.has(channel)) this.contactsByChannel.set(channel, contact);
  }

  /** Every conversation of a phone (E.164) or an e-mail address, one for each location. */
  conversationsOf(address: string | null): readonly Conversation[] {
    return this.conversationsByAddress.get(address?.toLowerCase() ?? '') ?? [];
  }

  /** The conversation of an address at a location: the one that came first, begun when there is none. */
  conversationAt(
    locationUid: string | null,
    channelType: Conversation['channelType'],
    address: string,
    { closed }: { closed: boolean },
  ): Conversation {
    const known = this.conversationsOf(address).find((other) => other.locationUid === locationUid);
    return known ?? this.addConversation(locationUid, channelType, address, { closed });
  }

  addConversation(
    locationUid: string | null,
    channelType: Conversation['channelType'],
    address: string,
    fields: Pick<Conversation, 'closed'> & Partial<Conversation>,
  ): Conversation {
    const now = new Date().toISOString();
    const conversation: Conversation = {
      uid: randomUUID(),
      channelType,
      address,
      identifier: address,
      locationUid,
      contactName: this.contactByChannel(address)?.name ?? null,
      startedAt: now,
      updatedAt: now,
      messages: [],
      notes: [],
      ...fields,
    };
    this.conversations.set(conversation.uid, conversation);
    this.indexConversation(conversation);
    return conversation;
  }

  removeConversation({ uid, address }: Conversation): void {
    this.conversations.delete(uid);
    const others = this.conversationsOf(address).filter((other) => other.uid !== uid);
    this.conversationsByAddress.set(address.toLowerCase(), others);
  }

  private indexConversation(conversation: Conversation): void {
    const address = conversation.address.toLowerCase();
    this.conversationsByAddress.set(address, [...this.conversationsOf(address), conversation]);
  }
}

function byUid<T extends { uid: string }>(items: T[]): Map<string, T> {
  return new Map(items.map((item) => [item.uid, item]));
}
