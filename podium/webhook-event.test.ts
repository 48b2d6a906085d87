import { createHash } from 'node:crypto';
import type { PodiumEvent } from '../core/events';
import { readEvent } from './webhook-event';

const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

/** The event, or the code of the failure. */
function read(value: unknown): PodiumEvent | string {
  const result = readEvent(bytes(value));
  return result.ok ? result.event : result.failure.code;
}

const publishedMessage = {
  uid: '7d1c0000-0000-4000-8000-000000000001',
  body: 'Can I book a test drive?',
  createdAt: '2026-07-23T10:00:00.000Z',
  webchatUrl: 'https://www.example.com.au/vehicles',
  contact: { uid: 'c0000000-0000-4000-8000-000000000001', name: 'Jane Citizen' },
  conversation: {
    uid: '5b000000-0000-4000-8000-000000000001',
    channel: { type: 'phone', identifier: '0400 123 456' },
  },
  location: {
    uid: '9e000000-0000-4000-8000-000000000001',
    organizationUid: '1f000000-0000-4000-8000-000000000001',
  },
};
const published = (data: unknown, eventType = 'message.received') => ({
  data,
  metadata: { eventType, eventUid: 'e1000000-0000-4000-8000-000000000001', version: '2021.04.01' },
});

const skill = (data: unknown, eventType = 'webchat.message.received') => ({
  id: 'evt_1',
  event_type: eventType,
  data,
});

describe('a published event', () => {
  it('of a website chat is read whole, the phone as it was written', () => {
    expect(read(published(publishedMessage))).toEqual({
      contract: 'published',
      eventId: 'e1000000-0000-4000-8000-000000000001',
      eventType: 'message.received',
      kind: 'customer_message',
      messageUid: '7d1c0000-0000-4000-8000-000000000001',
      at: new Date('2026-07-23T10:00:00.000Z'),
      phone: '0400 123 456',
      country: null,
      locationUid: '9e000000-0000-4000-8000-000000000001',
      channel: 'phone',
      text: 'Can I book a test drive?',
      webchat: true,
      conversationUid: '5b000000-0000-4000-8000-000000000001',
      name: 'Jane Citizen',
      attachments: [],
      senderUid: null,
      failureReason: null,
      optOuts: [],
      contact: null,
    });
  });

  it('without a webchat URL is a plain text message', () => {
    expect(read(published({ ...publishedMessage, webchatUrl: undefined }))).toMatchObject({ webchat: false });
  });

  it('names its files, in their own list or in the old field', () => {
    const attachmentUrl = 'https://files.example.com/a.png';
    const item = { uid: 'i1', type: 'attachment', attachmentUrl, attachmentContentType: 'image/png' };
    const items = [item, { ...item, attachmentUrl: null }, { type: 'text', body: 'Hello' }];
    const file = { url: attachmentUrl, contentType: 'image/png', sizeBytes: null, name: null };
    expect(read(published({ ...publishedMessage, items, attachmentUrl }))).toMatchObject({
      attachments: [file, { ...file, url: null }],
    });
    expect(read(published({ ...publishedMessage, attachmentUrl }))).toMatchObject({
      attachments: [{ ...file, contentType: null }],
    });
  });

  it('of the store tells who wrote it, in the new field before the deprecated one', () => {
    const sent = (fields: object) => published({ ...publishedMessage, ...fields }, 'message.sent');
    expect(read(sent({}))).toMatchObject({ kind: 'store_message', senderUid: null });
    expect(read(sent({ sender: { uid: 'u2' } }))).toMatchObject({ senderUid: 'u2' });
    expect(read(sent({ senderUid: 'u1', sender: { uid: 'u2' } }))).toMatchObject({ senderUid: 'u1' });
  });

  it('of a message that failed tells why, on one line of bearable length', () => {
    const failed = (failureReason: unknown) =>
      read(published({ ...publishedMessage, failureReason }, 'message.failed'));
    expect(failed(' Attempted to send\nSMS to a landline.')).toMatchObject({
      kind: 'message_failed',
      messageUid: publishedMessage.uid,
      phone: '0400 123 456',
      failureReason: 'Attempted to send SMS to a landline.',
    });
    for (const nothing of [null, undefined, '', ' \n', 7, {}])
      expect(failed(nothing)).toMatchObject({ kind: 'message_failed', failureReason: null });
    expect((failed('no '.repeat(10_000)) as PodiumEvent).failureReason).toHaveLength(300);
  });

  it('with every nullable field null is readable', () => {
    const nothing = Object.fromEntries(Object.keys(publishedMessage).map((key) => [key, null]));
    expect(read(published(nothing))).toMatchObject({
      kind: 'customer_message',
      text: '',
      phone: null,
      at: null,
    });
    const inner = {
      conversation: { uid: null, channel: { type: null, identifier: null } },
      location: { uid: null },
    };
    expect(read(published({ ...nothing, ...inner, items: [null] }))).toMatchObject({ channel: 'phone' });
    expect(read(published(null))).toMatchObject({ text: '', locationUid: null });
    expect(read({ metadata: { eventType: 'message.received' } })).toMatchObject({
      text: '',
      locationUid: null,
    });
  });

  it('with new fields, and known ones of another type, is readable', () => {
    const odd = {
      ...publishedMessage,
      location: 'Northside',
      items: 'none',
      createdAt: 17,
      mood: { good: true },
    };
    expect(read(published(odd))).toMatchObject({
      locationUid: null,
      attachments: [],
      at: null,
      phone: '0400 123 456',
    });
  });

  it('keeps the channel, and the identifier of whatever channel it is', () => {
    const conversation = { uid: 'x', channel: { type: 'Email', identifier: 'jane@example.com' } };
    expect(read(published({ ...publishedMessage, conversation }))).toMatchObject({
      channel: 'email',
      phone: 'jane@example.com',
    });
  });

  it('of a type nobody has announced is of kind other, whatever its data', () => {
    expect(read(published(['?'], 'mood.changed'))).toMatchObject({
      kind: 'other',
      eventType: 'mood.changed',
    });
  });

  it('may name its type in snake case, as the example of the signature page does', () => {
    expect(read({ data: { foo: '1' }, metadata: { event_type: 'test.event' } })).toMatchObject({
      eventType: 'test.event',
      kind: 'other',
    });
  });
});

describe('a skill event', () => {
  const message = {
    from: '0400 123 456',
    body: 'Hello',
    location_uid: '9e000000-0000-4000-8000-000000000001',
    country: 'au',
    session_uid: 's1',
    attachments: [
      { size_bytes: 1024 },
      { size_bytes: '1024', url: 'https://files.example.com/a', name: 'a' },
    ],
  };

  it('is told by its shape', () => {
    expect(read(skill(message))).toMatchObject({
      contract: 'skill',
      eventId: 'evt_1',
      eventType: 'webchat.message.received',
      kind: 'customer_message',
      messageUid: null,
      at: null,
      phone: '0400 123 456',
      country: 'AU',
      locationUid: '9e000000-0000-4000-8000-000000000001',
      channel: 'phone',
      text: 'Hello',
      webchat: true,
      conversationUid: 's1',
      attachments: [
        { url: null, contentType: null, sizeBytes: 1024, name: null },
        { url: 'https://files.example.com/a', contentType: null, sizeBytes: null, name: 'a' },
      ],
    });
  });

  it('does not need what is optional, and knows no country called Australia', () => {
    expect(read(skill({ from: '+61400123456', body: 'Hi', country: 'Australia' }))).toMatchObject({
      country: null,
      conversationUid: null,
      locationUid: null,
      attachments: [],
    });
  });

  it('is of kind other unless it is a message of a customer', () => {
    expect(read(skill({ to: '+61400123456', body: 'Hi' }, 'message.sent'))).toMatchObject({ kind: 'other' });
    expect(read(skill({ from: '+61400123456', body: 'Hi' }, 'sms.message.received'))).toMatchObject({
      kind: 'customer_message',
      webchat: false,
    });
  });
});

describe('the id of an event', () => {
  it('is the hash of the bytes when Podium sends none', () => {
    const body = JSON.stringify({ data: {}, metadata: { eventType: 'message.received', eventUid: '' } });
    const hash = createHash('sha256').update(body).digest('hex');
    expect(read(body)).toMatchObject({ eventId: hash });
    expect(readEvent(bytes('{broken'))).toMatchObject({
      ok: false,
      event: { eventId: createHash('sha256').update('{broken').digest('hex') },
    });
  });

  it('is kept for an event that cannot be read otherwise', () => {
    const result = readEvent(bytes(published({ ...publishedMessage, body: { text: 'Hi' } })));
    expect(result).toMatchObject({ ok: false, event: { eventId: 'e1000000-0000-4000-8000-000000000001' } });
  });
});

describe('a body', () => {
  it.each([
    ['broken JSON', '{"data":'],
    ['nothing', ''],
    ['no object', '[1]'],
    ['null', 'null'],
    ['no type', '{"data":{},"metadata":{}}'],
    ['a message that is no text', published({ ...publishedMessage, body: 1 })],
    ['a skill message that is no text', skill({ from: '+61400123456', body: ['Hi'] })],
  ])('that is unusable is refused as such: %s', (_, body) => {
    expect(read(body)).toBe('ERR_WHK_004');
  });

  it('says nothing of its content when it is refused', () => {
    const result = readEvent(bytes('{"body":"secret 0400 123 456'));
    expect(JSON.stringify(result)).not.toMatch(/secret|0400/);
  });

  it('may begin with a byte order mark and hold broken bytes', () => {
    const json = JSON.stringify(published({ ...publishedMessage, body: 'Hi @' }));
    const raw = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(json)]);
    raw[raw.indexOf('@')] = 0xff;
    expect(readEvent(raw)).toMatchObject({ ok: true, event: { text: 'Hi \ufffd' } });
  });

  it('loses what Postgres cannot store, and nothing else', () => {
    const raw = JSON.stringify(published({ ...publishedMessage, body: 'AB😀' }))
      .replace('AB', 'A\\u0000B\\ud800')
      .replace('Jane', 'Jane\\u0000');
    expect(read(raw)).toMatchObject({ text: 'A\ufffdB\ufffd😀', name: 'Jane\ufffd Citizen' });
  });

  it('gives a time without a zone in UTC, wherever it is read', () => {
    const at = (createdAt: string) => read(published({ ...publishedMessage, createdAt })) as PodiumEvent;
    const noon = new Date('2026-07-23T12:00:00Z');
    expect(at('2026-07-23T12:00:00').at).toEqual(noon);
    expect(at('2026-07-23T22:00:00.000+10:00').at).toEqual(noon);
    expect(at('2026-07-23 12:00:00Z').at).toEqual(noon);
    expect(at('yesterday').at).toBeNull();
  });

  it.each([
    '0001-01-01T00:00:00Z',
    '1970-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
    '+275760-09-12T00:00:00Z',
  ])('has no time when it says one that nobody means: %s', (createdAt) =>
    expect(read(published({ ...publishedMessage, createdAt }))).toMatchObject({ at: null }),
  );
});
