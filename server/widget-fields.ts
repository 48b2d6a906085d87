/** The fields of a message as the widget sends them, in JSON or in a form. */
import { z } from 'zod';
import { oneLine } from '../core/plain-text';
import { HTTP_FAILURES, Refusal } from './errors';
import { browserOf, type WidgetMessage } from '../podium/widget-message';

/** Characters, as a browser counts them. */
export const MOST_TEXT = 2_000;
export const MOST_NAME = 200;
const MOST_CONSENT = 4_000;
const MOST_URL = 4_000;

/** 32 random bytes in base64url, made by the browser. */
export const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** What is missing may be told in the widget's words, so it is no mistake of the form. */
export const messageFields = z.object({
  message_id: z.uuid(),
  conversation: z.string().regex(TOKEN, 'should be 32 bytes in base64url').optional(),
  phone: z.string().max(100).default(''),
  location_uid: z.string().trim().max(255).default(''),
  body: z.string().max(MOST_TEXT).default(''),
  name: z.string().max(MOST_NAME).default(''),
  consent: z.string().max(MOST_CONSENT).default(''),
  page_url: z.string().max(MOST_URL).default(''),
});

/** @throws {Refusal} 400 that names the first field that is wrong */
export function readMessage(sent: unknown): WidgetMessage {
  const read = messageFields.safeParse(sent);
  if (!read.success) {
    const [{ path, message: problem }] = read.error.issues as [z.core.$ZodIssue];
    throw wrongField(path.join('.'), problem);
  }
  const { message_id: messageId, location_uid: locationUid, ...message } = read.data;
  return {
    ...{ messageId: messageId.toLowerCase(), phone: message.phone, body: message.body, attachments: [] },
    ...{ locationUid: locationUid || null, name: oneLine(message.name) || null },
    browser: message.conversation === undefined ? null : browserOf(message.conversation),
    ...{ consent: message.consent || null, pageUrl: withoutQuery(message.page_url) },
  };
}

const HINT = 'Compare the fields with docs/widget.md. In a form all of them come before the file.';

export function wrongField(field: string, problem: string): Refusal {
  const message = field ? `${field}: ${problem}.` : `${problem}.`;
  return new Refusal(400, { ...HTTP_FAILURES.wrongForm, message, hint: HINT, ...(field && { field }) });
}

/** What cannot be read is left out: it is no reason to refuse somebody's message. */
function withoutQuery(url: string): string | null {
  if (!URL.canParse(url)) return null;
  const { protocol, origin, pathname } = new URL(url);
  return /^https?:$/.test(protocol) ? origin + pathname : null;
}
