/** Podium in memory: records every call with the time of the clock it is given, and fails on request. */
import { randomUUID } from 'node:crypto';
import {
  PodiumError,
  type ConversationMessage,
  type PodiumApi,
  type PodiumContact,
  type PodiumLocation,
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

  /** Whatever happens while a token is fetched. */
  prepare = async (): Promise<void> => {};

  listLocations = () => this.call('listLocations', [], async () => this.locations);

  findContact = (phone: string, locationUid: string) =>
    this.call(
      'findContact',
      [phone, locationUid],
      async () => this.contacts.find(({ phones }) => phones.includes(phone)) ?? null,
    );

  createContact = (contact: { phone: string; locationUid: string; name: string }) =>
    this.call('createContact', [contact], async () => {
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
        });
      return { uid: null };
    });

  sendMessage = (message: Parameters<PodiumApi['sendMessage']>[0]): Promise<SentMessage> =>
    this.call('sendMessage', [message], async (at) => {
      const { phone, locationUid, body } = message;
      const conversationUid = message.conversationUid ?? `conversation of ${phone}`;
      const uid = randomUUID();
      this.texts.push({ at, phone, locationUid, body });
      const said: ConversationMessage = {
        uid,
        body,
        at: new Date(at),
        direction: 'outbound',
        senderUid: null,
      };
      this.conversations.set(conversationUid, [said, ...(this.conversations.get(conversationUid) ?? [])]);
      return { messageUid: uid, conversationUid, at: new Date(at) };
    });

  listMessages = (conversationUid: string) =>
    this.call('listMessages', [conversationUid], async () => this.conversations.get(conversationUid) ?? []);

  addNote = (conversationUid: string, body: string, senderName: string) =>
    this.call('addNote', [conversationUid, body, senderName], async () => {
      this.notes.push({ conversationUid, body });
    });

  closeConversation = (conversationUid: string) =>
    this.call('closeConversation', [conversationUid], async () => {
      this.closed.push(conversationUid);
    });

  setOptOut = (phone: string, locationUid: string, optedOut: boolean, contactUid: string | null) =>
    this.call('setOptOut', [phone, locationUid, optedOut, contactUid], async () => {
      this.optOuts.push({ phone, locationUid, optedOut, contactUid });
    });

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
