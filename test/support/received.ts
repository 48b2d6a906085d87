/** Events as the server hands them to the store, for tests that need no signature and no parsing. */
import { createHash, randomUUID } from 'node:crypto';
import type { ContactChange, OtherWish, PodiumEvent, Verdict } from '../../core/events';
import type { ReceivedEvent } from '../../store/inbox';
import type { ReceiveContext } from '../../store/receive-context';

export const JANE = '+61400123456';
export const JOHN = '+61412345678';
export const MARY = '+14155551234';
export const NORTHSIDE = '9e000000-0000-4000-8000-000000000001';
export const BAYVIEW = '9e000000-0000-4000-8000-000000000002';

/** Stands in for the keyed hash. */
export function testHash(...parts: string[]): string {
  return createHash('sha256').update(parts.join(' ')).digest('hex').slice(0, 32);
}

export function workflowIdOf(phone: string, locationUid: string): string {
  return `webchat:${locationUid}:${testHash(phone, locationUid)}`;
}

export const context: ReceiveContext = {
  workflowId: workflowIdOf,
  startOn: 'webchat',
  auditHash: testHash,
  answersWaitDays: 30,
  replyWithinSeconds: 1800,
  files: {
    maxBytes: 26_214_400,
    encryptionKeys: [{ id: 'test', secret: Buffer.alloc(32, 1) }],
    publicUrl: 'https://webchat.example.com',
    linkSeconds: 60,
    forwards: false,
  },
  texts: { help: () => '{location}: about your chat. STOP ends it.', confirmation: null },
};

export interface MessageOptions extends Partial<PodiumEvent> {
  phone?: string;
  locationUid?: string;
  receivedAt?: Date;
  /** The text is an opt-out. */
  stop?: boolean;
  /** What else it wishes. */
  said?: OtherWish;
}

/** A message of a customer, from a website's chat unless `webchat` says otherwise. */
export function customerMessage(options: MessageOptions = {}): ReceivedEvent {
  const { phone = JANE, locationUid = NORTHSIDE, stop = false, said = null } = options;
  return received(options, {
    kind: 'customer_message',
    phone,
    locationUid,
    optOut: stop ? { rule: 'keyword' } : null,
    said,
  });
}

/** A message that left the store: an agent's, unless `senderUid` is null or it echoes a send of ours. */
export function storeMessage(options: MessageOptions = {}): ReceivedEvent {
  const { phone = JANE, locationUid = NORTHSIDE } = options;
  const event = {
    kind: 'store_message',
    eventType: 'message.sent',
    senderUid: 'a-person',
    webchat: false,
    ...options,
  } as const;
  return received(event, { kind: 'store_message', phone, locationUid });
}

/** What became of a contact of Podium's; of none of our phones unless they are given. */
export function contactChange(change: Partial<ContactChange> = {}): ContactChange {
  return {
    ...{ what: 'updated', uid: 'c1', mergedUid: null, name: null, phones: [], formerPhones: [] },
    ...{ locationUids: [], ...change },
  };
}

/** News that a message of the store did not arrive. */
export function failedMessage(options: MessageOptions = {}): ReceivedEvent {
  const { phone = JANE, locationUid = NORTHSIDE, stop = false } = options;
  const event = {
    kind: 'message_failed',
    eventType: 'message.failed',
    failureReason: 'Attempted to send SMS to a landline.',
    webchat: false,
    ...options,
  } as const;
  return received(event, {
    kind: 'message_failed',
    phone,
    locationUid,
    optOut: stop ? { rule: 'podium' } : null,
  });
}

/** Any event with any verdict. */
export function received(options: MessageOptions, verdict: Verdict): ReceivedEvent {
  const { receivedAt = new Date(), stop: _, ...given } = options;
  const event: PodiumEvent = {
    contract: 'published',
    eventId: randomUUID(),
    eventType: 'message.received',
    kind: 'customer_message',
    messageUid: randomUUID(),
    at: receivedAt,
    phone: JANE,
    country: null,
    locationUid: NORTHSIDE,
    channel: 'phone',
    text: 'Can I book a test drive?',
    webchat: true,
    conversationUid: null,
    name: null,
    attachments: [],
    senderUid: null,
    failureReason: null,
    optOuts: [],
    contact: null,
    ...given,
  };
  return { event, verdict, raw: Buffer.from(JSON.stringify({ data: { body: event.text } })), receivedAt };
}
