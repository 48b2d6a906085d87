/** Podium in memory: records every call with the time of the clock it is given, and fails on request. */
import { randomUUID } from 'node:crypto';
import {
  PodiumError,
  type ConversationMessage,
  type NewWebhook,
  type OutgoingAttachment,
  type Page,
  type PodiumApi,
  type PodiumContact,
  type PodiumConversation,
  type PodiumLocation,
  type PodiumWebhook,
  type SentMessage,
} from '../../podium/api';

type Method = Exclude<keyof PodiumApi, 'prepare'>;

export interface PodiumCall {
  method: Method;
  /** Ms since 1970, by the fake's clock. */
  at: number;
  args: unknown[];
}

export interface SentText {
  at: number;
  phone: string;
  locationUid: string;
  body: string;
}

export class FakePodium implements PodiumApi {
  /** Every call, failed ones too, in order. */
  readonly calls: PodiumCall[] = [];
  /** Every text that reached a customer, in order. */
  readonly texts: SentText[] = [];
  readonly conversations = new Map<string, ConversationMessage[]>();
  readonly contacts: PodiumContact[] = [];
  readonly notes: { conversationUid: string; body: string }[] = [];
  readonly closed: string[] = [];
  readonly optOuts: { phone: string; locationUid: string; optedOut: boolean; contactUid: string | null }[] =
    [];
  /** What `readConversation` and `pageOfConversations` show, and how many of a location on one page. */
  readonly listed: PodiumConversation[] = [];
  listedAtOnce = Infinity;
  /** Every file that reached a customer, in order. */
  readonly files: OutgoingAttachment[] = [];
  readonly imported: Parameters<PodiumApi['importMessage']>[0][] = [];
  readonly webhooks: PodiumWebhook[] = [];
  locations: PodiumLocation[] = [];
  private readonly faults: { method: Method; error: PodiumError | 'lost answer'; left: number }[] = [];

  constructor(private readonly now: () => Promise<number>) {}

  /** Makes the next calls of this method fail; `lost answer` does its work and then fails. */
  fail(method: Method, error: PodiumError | 'lost answer', times = Infinity): void {
    this.faults.push({ method, error, left: times });
  }

  /** Ends all faults. */
  recover(): void {
    this.faults.length = 0;
  }

  /** Whatever happens before a text goes out: a turn is waited for, a token is fetched. */
  prepare: PodiumApi['prepare'] = async () => {};

  listLocations = () => this.call('listLocations', [], async () => this.locations);

  findContact = (phone: string, locationUid: string) =>
    this.call(
      'findContact',
      [phone, locationUid],
      async () => this.contacts.find(({ phones }) => phones.includes(phone)) ?? null,
    );

  createContact = (contact: { phone: string; locationUid: string; name: string }) =>
    this.call('createContact', [contact], async (at) => {
      const existing = this.contacts.find(({ phones }) => phones.includes(contact.phone));
      existing?.locationUids.push(contact.locationUid);
      if (!existing)
        this.contacts.push({
          uid: randomUUID(),
          name: contact.name,
          phones: [contact.phone],
          locationUids: [contact.locationUid],
          conversationUids: [],
          optedOutAt: null,
          updatedAt: new Date(at),
        });
      return { uid: null };
    });

  sendMessage = (message: Parameters<PodiumApi['sendMessage']>[0]): Promise<SentMessage> =>
    this.call('sendMessage', [message], async (at) => {
      const { phone, locationUid, body } = message;
      this.texts.push({ at, phone, locationUid, body });
      return this.say(message, at);
    });

  listMessages = (conversationUid: string) =>
    this.call('listMessages', [conversationUid], async () => this.conversations.get(conversationUid) ?? []);

  readConversation: PodiumApi['readConversation'] = (conversationUid) =>
    this.call(
      'readConversation',
      [conversationUid],
      async () => this.listed.find(({ uid }) => uid === conversationUid) ?? null,
    );

  /** Shows a conversation by text with this location; null for one of which Podium does not tell. */
  show(uid: string, locationUid: string | null): void {
    const times = { lastItemAt: null, createdAt: null, updatedAt: null };
    this.listed.push({ uid, locationUid, channel: 'phone', identifier: null, closed: false, ...times });
  }

  pageOfConversations = (locationUid: string, cursor: string | null): Promise<Page<PodiumConversation>> =>
    this.call('pageOfConversations', [locationUid, cursor], async () => {
      const all = this.listed.filter((each) => each.locationUid === locationUid);
      const start = Number(cursor ?? 0);
      const end = start + this.listedAtOnce;
      return { items: all.slice(start, end), nextCursor: end < all.length ? String(end) : null };
    });

  pageOfMessages = (conversationUid: string, cursor: string | null) =>
    this.call('pageOfMessages', [conversationUid, cursor], async () => ({
      items: (this.conversations.get(conversationUid) ?? []).map((message) => ({ ...message, raw: message })),
      nextCursor: null,
    }));

  sendAttachment = (attachment: OutgoingAttachment): Promise<SentMessage> =>
    this.call('sendAttachment', [attachment], async (at) => {
      for await (const _ of attachment.file.open()); // it is read as it would be sent
      this.files.push(attachment);
      return this.say(attachment, at, true);
    });

  forwardCustomerFile: PodiumApi['forwardCustomerFile'] = null;

  importMessage = (message: Parameters<PodiumApi['importMessage']>[0]): Promise<SentMessage> =>
    this.call('importMessage', [message], async () => {
      this.imported.push(message);
      return {
        messageUid: randomUUID(),
        conversationUid: `conversation of ${message.phone}`,
        at: message.at,
      };
    });

  addNote = (conversationUid: string, body: string, senderName: string) =>
    this.call('addNote', [conversationUid, body, senderName], async () => {
      this.notes.push({ conversationUid, body });
    });

  readonly opened: string[] = [];
  openConversation: PodiumApi['openConversation'] = (conversationUid) =>
    this.call('openConversation', [conversationUid], async () => void this.opened.push(conversationUid));

  closeConversation = (conversationUid: string) =>
    this.call('closeConversation', [conversationUid], async () => {
      this.closed.push(conversationUid);
    });

  setOptOut = (phone: string, locationUid: string, optedOut: boolean, contactUid: string | null) =>
    this.call('setOptOut', [phone, locationUid, optedOut, contactUid], async () => {
      this.optOuts.push({ phone, locationUid, optedOut, contactUid });
    });

  listWebhooks = () => this.call('listWebhooks', [], async () => this.webhooks);

  createWebhook = (webhook: NewWebhook) =>
    this.call('createWebhook', [webhook], async (at) => {
      const { url, eventTypes } = webhook;
      const owner = { locationUid: null, organizationUid: null, ...webhook };
      const made: PodiumWebhook = {
        ...{ uid: randomUUID(), url, eventTypes, disabled: false, secretFingerprint: null },
        ...{ locationUid: owner.locationUid, organizationUid: owner.organizationUid },
        ...{ createdAt: new Date(at), updatedAt: new Date(at) },
      };
      this.webhooks.push(made);
      return made;
    });

  updateWebhook = (uid: string, changes: Parameters<PodiumApi['updateWebhook']>[1]) =>
    this.call('updateWebhook', [uid, changes], async (at) => {
      const known = this.webhooks.find((each) => each.uid === uid);
      if (!known) throw new PodiumError('not_found', 'No such webhook.', { mayHaveHappened: false });
      const { secret: _, ...shown } = changes;
      return Object.assign(known, shown, { updatedAt: new Date(at) });
    });

  deleteWebhook = (uid: string) =>
    this.call('deleteWebhook', [uid], async () => {
      this.webhooks.splice(0, Infinity, ...this.webhooks.filter((each) => each.uid !== uid));
    });

  /** Puts a message of ours into its conversation. */
  private say(
    { conversationUid, phone, body }: { conversationUid: string | null; phone: string; body: string },
    at: number,
    hasFile = false,
  ): SentMessage {
    const uid = randomUUID();
    const conversation = conversationUid ?? `conversation of ${phone}`;
    const said: ConversationMessage = {
      ...{ uid, body, at: new Date(at) },
      ...{ direction: 'outbound', senderUid: null, hasFile },
    };
    this.conversations.set(conversation, [said, ...(this.conversations.get(conversation) ?? [])]);
    return { messageUid: uid, conversationUid: conversation, at: new Date(at) };
  }

  private async call<T>(method: Method, args: unknown[], work: (at: number) => Promise<T>): Promise<T> {
    const at = await this.now();
    this.calls.push({ method, at, args });
    const fault = this.faults.find((each) => each.method === method && each.left > 0);
    if (!fault) return work(at);
    fault.left -= 1;
    if (fault.error !== 'lost answer') throw fault.error;
    await work(at);
    throw lostAnswer();
  }
}

/** The request left, and no answer came. */
export function lostAnswer(): PodiumError {
  return new PodiumError('unreachable', 'No answer from Podium.', { mayHaveHappened: true });
}

/** Podium cannot be reached at all. */
export function away(): PodiumError {
  return new PodiumError('unreachable', 'Podium is away.', { mayHaveHappened: false });
}
