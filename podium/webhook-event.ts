import { createHash } from 'node:crypto';
import { z } from 'zod';
import { failure } from '../core/error-codes';
import type { Attachment, Failure, PodiumEvent } from '../core/events';
import { oneLine } from '../core/plain-text';
import { readContactEvent } from './contact-event';
import { bytes, country, isObject, list, part, plainText, text, time } from './wire';

/** What was read. An event that cannot be used has its identity even so, and can be stored under it. */
export type ReadEvent =
  { ok: true; event: PodiumEvent } | { ok: false; event: PodiumEvent; failure: Failure };

/**
 * Reads the body of a delivery, in either contract's shape; the shape alone tells which. Types of event
 * that are not known are of kind `other`. Only what no rule could do without makes an event unreadable
 * (`ERR_WHK_004`): JSON, a type, a message whose body is text. A phone or a location that is missing is
 * left for the verdict to refuse.
 *
 * @param raw the bytes as they came; the signature has been checked.
 */
export function readEvent(raw: Buffer): ReadEvent {
  const event = emptyEvent(createHash('sha256').update(raw).digest('hex'));
  let json: unknown;
  try {
    // Decodes as a browser would: a byte order mark is dropped, a broken byte becomes U+FFFD.
    json = JSON.parse(new TextDecoder().decode(raw));
  } catch {
    return { ok: false, event, failure: NOT_JSON };
  }
  if (!isObject(json)) return { ok: false, event, failure: NO_EVENT };
  return isObject(json['metadata']) ? readPublished(json, event) : readSkill(json, event);
}

const publishedEnvelope = z.object({
  // Podium's own signature example writes `event_type`, its deliveries `eventType`.
  metadata: part({ eventType: text, event_type: text, eventUid: text }),
  data: z.unknown().optional(),
});

/** Podium gives a sentence. More of it helps nobody, and what can be long will be. */
const LONGEST_REASON = 300;

const publishedMessage = part({
  uid: text,
  body: plainText.nullish(),
  createdAt: time,
  webchatUrl: text,
  contactName: text,
  contact: part({ name: text }),
  conversation: part({ uid: text, channel: part({ type: text, identifier: text }) }),
  location: part({ uid: text }),
  items: list(part({ type: text, attachmentUrl: text, attachmentContentType: text })),
  attachmentUrl: text,
  senderUid: text,
  sender: part({ uid: text }),
  failureReason: text.transform((reason) => (reason && oneLine(reason).slice(0, LONGEST_REASON)) || null),
});

function readPublished(json: Record<string, unknown>, empty: PodiumEvent): ReadEvent {
  const { metadata, data } = publishedEnvelope.parse(json);
  const eventType = metadata.eventType ?? metadata.event_type;
  if (eventType === null) return { ok: false, event: empty, failure: NO_EVENT };

  const event: PodiumEvent = { ...empty, eventId: metadata.eventUid ?? empty.eventId, eventType };
  switch (eventType) {
    case 'message.received':
      return publishedMessageEvent({ ...event, kind: 'customer_message' }, data);
    case 'message.sent':
      return publishedMessageEvent({ ...event, kind: 'store_message' }, data);
    case 'message.failed':
      return publishedMessageEvent({ ...event, kind: 'message_failed' }, data);
    default:
      return { ok: true, event: { ...event, ...readContactEvent(eventType, data) } };
  }
}

function publishedMessageEvent(event: PodiumEvent, data: unknown): ReadEvent {
  const read = publishedMessage.safeParse(data);
  if (!read.success) return { ok: false, event, failure: NO_TEXT };
  const message = read.data;
  const { uid, channel } = message.conversation;
  return {
    ok: true,
    event: {
      ...event,
      messageUid: message.uid,
      at: message.createdAt,
      phone: channel.identifier,
      locationUid: message.location.uid,
      channel: channel.type?.toLowerCase() ?? event.channel,
      text: message.body ?? '',
      webchat: message.webchatUrl !== null,
      conversationUid: uid,
      name: message.contact.name ?? message.contactName,
      attachments: publishedAttachments(message),
      senderUid: message.senderUid ?? message.sender.uid,
      failureReason: message.failureReason,
    },
  };
}

/** The items name the files; the field of the message itself is the older way. */
function publishedAttachments({ items, attachmentUrl }: z.infer<typeof publishedMessage>): Attachment[] {
  const files = items.filter((item) => item.attachmentUrl !== null || item.type === 'attachment');
  const older = attachmentUrl === null ? [] : [{ attachmentUrl, attachmentContentType: null }];
  return (files.length > 0 ? files : older).map((file) => ({
    url: file.attachmentUrl,
    contentType: file.attachmentContentType,
    sizeBytes: null,
    name: null,
  }));
}

/** The skill documents describe a customer's message and nothing else. It has neither a uid nor a time. */
const skillEnvelope = z.object({ id: text, event_type: text, data: z.unknown().optional() });

const skillMessage = part({
  from: text,
  body: plainText.nullish(),
  location_uid: text,
  country,
  session_uid: text,
  attachments: list(part({ url: text, content_type: text, size_bytes: bytes, name: text })),
});

function readSkill(json: Record<string, unknown>, empty: PodiumEvent): ReadEvent {
  const { id, event_type: eventType, data } = skillEnvelope.parse(json);
  const identified: PodiumEvent = { ...empty, contract: 'skill', eventId: id ?? empty.eventId };
  if (eventType === null) return { ok: false, event: identified, failure: NO_EVENT };

  const event: PodiumEvent = { ...identified, eventType };
  if (!/(^|\.)message\.received$/.test(eventType)) return { ok: true, event };

  const read = skillMessage.safeParse(data);
  if (!read.success) return { ok: false, event, failure: NO_TEXT };
  const message = read.data;
  return {
    ok: true,
    event: {
      ...event,
      kind: 'customer_message',
      phone: message.from,
      country: message.country,
      locationUid: message.location_uid,
      text: message.body ?? '',
      webchat: eventType.startsWith('webchat.'),
      conversationUid: message.session_uid,
      attachments: message.attachments.map((file) => ({
        url: file.url,
        contentType: file.content_type,
        sizeBytes: file.size_bytes,
        name: file.name,
      })),
    },
  };
}

/** An event of which nothing is known but its identity. */
export function emptyEvent(eventId: string): PodiumEvent {
  return {
    contract: 'published',
    eventId,
    eventType: 'unknown',
    kind: 'other',
    messageUid: null,
    at: null,
    phone: null,
    country: null,
    locationUid: null,
    channel: 'phone',
    text: '',
    webchat: false,
    conversationUid: null,
    name: null,
    attachments: [],
    senderUid: null,
    failureReason: null,
    optOuts: [],
    contact: null,
  };
}

const NOT_JSON = failure('ERR_WHK_004', { message: 'The body is not JSON.' });
const NO_EVENT = failure('ERR_WHK_004', {
  message: 'The body is JSON, but no event: it names no event type.',
});
const NO_TEXT = failure('ERR_WHK_004', { message: 'The body of the message is not text.' });
