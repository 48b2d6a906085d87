/**
 * What comes in with a signal or an update, read by hand. Signals come from people too, as plain JSON from
 * Temporal's Web UI or CLI, so nothing about their shape is taken for granted, and reading never throws.
 * Kept free of a schema library: it runs in every workflow.
 */
import type { SessionMessage } from './session';

/** A wish to end the session, or an opt-out, as a person or the relay declares it. */
export interface Wish {
  /** Who wants it, as declared: nobody has proved it. */
  actor: string;
  reason: string;
  /** When it was wanted, ms since 1970; null for now. */
  at: number | null;
}

const LONGEST_NAME = 200;
/** The last millisecond that a `Date` can hold. */
const LAST_DATE = 8.64e15;

/** A wish, or null when the input is none. `at` is ms since 1970 or an ISO time; a wrong one spoils the wish. */
export function readWish(input: unknown): Wish | null {
  if (!isRecord(input)) return null;
  const { actor, reason = '', at = null } = input;
  if (typeof actor !== 'string' || actor.trim() === '' || typeof reason !== 'string') return null;
  const time = typeof at === 'string' ? Date.parse(at) : at;
  if (time !== null && !isTime(time)) return null;
  return { actor: actor.trim().slice(0, LONGEST_NAME), reason: reason.slice(0, LONGEST_NAME), at: time };
}

/**
 * The messages of the relay's signal. What is not one does not take along those beside it.
 * @returns `complete` false when the signal held something else, or nothing
 */
export function readMessages(input: unknown): { messages: SessionMessage[]; complete: boolean } {
  const list: unknown[] = Array.isArray(input) ? input : [input];
  const messages = list.map(readMessage).filter((message) => message !== null);
  return { messages, complete: messages.length > 0 && messages.length === list.length };
}

function readMessage(input: unknown): SessionMessage | null {
  if (!isRecord(input)) return null;
  const { number, from, text, at, receivedAt, webchat, conversationUid, name } = input;
  const { attachments, mayOptOut, refusal, traceId } = input;
  const fits =
    isCount(number) &&
    number > 0 &&
    (from === 'customer' || from === 'agent' || from === 'delivery') &&
    typeof text === 'string' &&
    isTime(at) &&
    isTime(receivedAt) &&
    typeof webchat === 'boolean' &&
    isTextOrNull(conversationUid) &&
    isTextOrNull(name) &&
    isCount(attachments) &&
    isMark(mayOptOut) &&
    isMark(refusal) &&
    (traceId === undefined || isTraceId(traceId));
  if (!fits) return null;
  return {
    ...{ number, from, text, at, receivedAt, webchat, conversationUid, name, attachments },
    ...(mayOptOut && { mayOptOut }),
    ...(refusal && { refusal }),
    ...(traceId !== undefined && { traceId }),
  };
}

/** Nothing else: it goes into logs. */
export const isTraceId = (value: unknown): value is string =>
  typeof value === 'string' && /^[0-9a-f]{32}$/.test(value);
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isMark = (value: unknown): value is true | undefined => value === undefined || value === true;
const isTime = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value <= LAST_DATE;
const isTextOrNull = (value: unknown): value is string | null => value === null || typeof value === 'string';
