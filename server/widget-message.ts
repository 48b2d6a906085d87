/** A message that came from the widget, as an event like those of Podium. */
import { createHash } from 'node:crypto';
import type { Attachment, PodiumEvent } from '../core/events';
import { emptyEvent } from '../podium/webhook-event';

/** What a customer has sent from a website. Phone and location are as they were sent. */
export interface WidgetMessage {
  /** UUID made by the widget, the same in a retry. */
  messageId: string;
  phone: string;
  locationUid: string | null;
  body: string;
  name: string | null;
  attachments: Attachment[];
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
