import type { PodiumEvent, Verdict } from '../core/events';
import { judge } from '../core/verdict';
import { shippedWords } from '../test/support/shipped-words';
import type { ConversationMessage } from './api';
import { foundMessage } from './found-message';
import { readEvent } from './webhook-event';

const NORTHSIDE = '9e000000-0000-4000-8000-000000000001';
const at = new Date('2026-07-23T10:00:00Z');
const place = { uid: 'c1', locationUid: NORTHSIDE, channel: 'phone', identifier: '0400 123 456' };
const store = { uid: NORTHSIDE, name: 'Northside Motors', country: 'AU', archived: false };
const judged = (event: PodiumEvent): Verdict =>
  judge(event, (uid) => (uid === NORTHSIDE ? store : undefined), shippedWords);

function found(change: Partial<ConversationMessage>, raw: object = {}, where: Partial<typeof place> = {}) {
  const message = {
    uid: 'm1',
    body: 'Hi',
    at,
    direction: 'inbound',
    senderUid: null,
    hasFile: false,
    ...change,
  } as const;
  const shown = { uid: message.uid, body: message.body, createdAt: message.at?.toISOString(), ...raw };
  return foundMessage({ ...message, raw: shown }, { ...place, ...where }, judged);
}

test("a customer's message reads as its webhook's event would; what it does not say, its conversation says", () => {
  const { event, verdict, raw } = found({});
  expect(verdict).toEqual({
    ...{ kind: 'customer_message', phone: '+61400123456', locationUid: NORTHSIDE, optOut: null, said: null },
  });
  expect(event).toMatchObject({
    ...{ eventId: 'reconciled:m1', eventType: 'message.received', messageUid: 'm1', at },
    ...{ conversationUid: 'c1', channel: 'phone', text: 'Hi' },
  });
  expect(readEvent(raw)).toEqual({ ok: true, event });
});

test('what the message says of itself goes first', () => {
  const { event } = found({}, { location: { uid: 'elsewhere' }, conversation: { uid: 'c2' } });
  expect(event).toMatchObject({ locationUid: 'elsewhere', conversationUid: 'c2', phone: '0400 123 456' });
});

test('nothing is for a store that neither the message nor its conversation names', () => {
  const where = { locationUid: null } as unknown as typeof place;
  expect(found({}, {}, where).verdict).toMatchObject({
    ...{ kind: 'quarantined', failure: { code: 'ERR_WEBCHAT_002' } },
  });
});

test("a store's message is one", () => {
  const { event, verdict } = found({ direction: 'outbound' }, { senderUid: 'a1' });
  expect(event).toMatchObject({ eventType: 'message.sent', senderUid: 'a1' });
  expect(verdict.kind).toBe('store_message');
});

test.each([
  ['does not say who wrote it', { direction: 'unknown' } as const],
  ['has no uid', { uid: null }],
  ['has no time', { at: null }],
])('a message that %s goes to quarantine', (_, change) => {
  const { event, verdict, raw } = found(change);
  expect(verdict).toMatchObject({
    ...{ kind: 'quarantined', phone: '+61400123456', failure: { code: 'ERR_WHK_013' } },
  });
  expect(event.eventType).toBe('message.unclear');
  expect(event.eventId).toMatch(/^reconciled:unclear:/); // should it become clear, it is new
  expect(readEvent(raw).event.kind).toBe('other');
});

test('a STOP counts all the same', () => {
  const { verdict } = found({ direction: 'unknown', body: 'STOP' });
  expect(verdict).toMatchObject({
    kind: 'quarantined',
    phone: '+61400123456',
    optOut: { rule: 'A:STOP' },
  });
});
