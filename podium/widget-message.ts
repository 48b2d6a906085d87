/** A message that came from the widget, as an event like those of Podium. */
import { createHash } from 'node:crypto';
import type { Attachment, PodiumEvent } from '../core/events';
import { emptyEvent } from './webhook-event';

/** What a customer has sent from a website. Phone and location are as they were sent. */
export interface WidgetMessage {
  /** UUID made by the widget, the same in a retry. */
  messageId: string;
  phone: string;
  locationUid: string | null;
  body: string;
  name: string | null;
  attachments: Attachment[];
  /** SHA-256 of the browser's token, in hex; null for what shows no replies. */
  browser: string | null;
  /** To what the customer agreed by sending, as it was shown; null where nothing was. */
  consent: string | null;
  /** The page that it was written on, without its query: that may hold anything. */
  pageUrl: string | null;
}

/**
 * The event of a message. Its id is a digest of customer, store and the widget's id: with an id that somebody
 * has seen, no message of another customer can be forestalled.
 */
export function widgetEvent({ messageId, phone, locationUid, ...message }: WidgetMessage): PodiumEvent {
  const eventId = createHash('sha256')
    .update(JSON.stringify([phone, locationUid, messageId]))
    .digest('hex');
  return {
    ...emptyEvent(eventId),
    contract: 'widget',
    eventType: 'widget.message',
    kind: 'customer_message',
    messageUid: eventId,
    phone: phone || null,
    locationUid,
    channel: 'phone',
    text: message.body,
    webchat: true,
    name: message.name,
    attachments: message.attachments,
    ...(message.browser && { browser: message.browser }),
  };
}

/** The bytes under which a message is kept. */
export function rawWidgetMessage(message: WidgetMessage): Buffer {
  return Buffer.from(JSON.stringify(message));
}

/** The event of bytes that `rawWidgetMessage` has made. */
export function readWidgetEvent(raw: Buffer): PodiumEvent {
  return widgetEvent(JSON.parse(raw.toString()) as WidgetMessage);
}

/** Under what a browser's token is known: the token itself is the right to see replies, and is kept nowhere. */
export function browserOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
