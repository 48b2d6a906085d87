/** Events as Podium posts them, in the shapes of `docs/podium-api.md`, for posting them from outside. */
import { randomUUID } from 'node:crypto';
import { signPublished, signSkill } from '../../simulator/sign';
import { NORTHSIDE } from './simulator';

export interface CustomerText {
  /** As the customer typed it. */
  phone: string;
  body: string;
  locationUid?: string | null;
  conversationUid?: string;
  eventUid?: string;
  at?: Date;
}

/** A message from a website's chat, in the published shape. */
export function publishedEvent({
  phone,
  body,
  locationUid = NORTHSIDE,
  conversationUid = randomUUID(),
  eventUid = randomUUID(),
  at = new Date(),
}: CustomerText) {
  return {
    data: {
      uid: randomUUID(),
      body,
      createdAt: at.toISOString(),
      webchatUrl: 'https://www.example.com.au/vehicles',
      contact: { uid: randomUUID(), name: 'Jane Citizen' },
      conversation: { uid: conversationUid, channel: { type: 'phone', identifier: phone } },
      location: { uid: locationUid, organizationUid: '1f000000-0000-4000-8000-000000000001' },
    },
    metadata: { eventType: 'message.received', eventUid, version: '2021.04.01' },
  };
}

/** The same as the skill documents describe it. */
export function skillEvent({
  phone,
  body,
  locationUid = NORTHSIDE,
  conversationUid = randomUUID(),
  eventUid = randomUUID(),
}: CustomerText) {
  return {
    id: eventUid,
    event_type: 'webchat.message.received',
    data: {
      from: phone,
      body,
      location_uid: locationUid,
      country: 'AU',
      session_uid: conversationUid,
      attachments: [],
    },
  };
}

export interface WebhookAnswer {
  status: number;
  body: { status?: string; eventId?: string; error?: { code: string; message: string; hint: string } };
}

/** Signs an event as the contract does it, and posts it. Bytes and texts go as they are. */
export async function postSigned(
  url: string,
  event: object | string | Buffer,
  secret: string,
  contract: 'published' | 'skill' = 'published',
): Promise<WebhookAnswer> {
  const isRaw = typeof event === 'string' || Buffer.isBuffer(event);
  const body = Buffer.from(isRaw ? (event as string) : JSON.stringify(event));
  const signature = contract === 'skill' ? signSkill(secret, body) : signPublished(secret, body);
  const headers = { 'content-type': 'application/json', ...signature };
  const response = await fetch(url, { method: 'POST', headers, body });
  return { status: response.status, body: (await response.json()) as WebhookAnswer['body'] };
}
