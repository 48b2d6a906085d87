import { loadSettings } from '../config/load';
import type { ContactChange, ContactOptOut, Location, PodiumEvent } from './events';
import { shippedWords } from '../test/support/shipped-words';
import { judge } from './verdict';
import { wordsByCountry } from './wish-words';

const NORTHSIDE: Location = { uid: 'northside', name: 'Northside Motors', country: 'AU', archived: false };
const ARCHIVED: Location = { ...NORTHSIDE, uid: 'archived', archived: true };
const NOWHERE: Location = { ...NORTHSIDE, uid: 'nowhere', country: null };
const OVERSEAS: Location = { ...NORTHSIDE, uid: 'overseas', country: 'NZ' };
const LOCATIONS = new Map(
  [NORTHSIDE, ARCHIVED, NOWHERE, OVERSEAS].map((location) => [location.uid, location]),
);

const CHAT: PodiumEvent = {
  contract: 'published',
  eventId: 'event',
  eventType: 'message.received',
  kind: 'customer_message',
  messageUid: 'message',
  at: new Date(0),
  phone: '0400 123 456',
  country: null,
  locationUid: 'northside',
  channel: 'phone',
  text: 'Can I book a test drive?',
  webchat: true,
  conversationUid: 'conversation',
  name: null,
  attachments: [],
  senderUid: null,
  failureReason: null,
  optOuts: [],
  contact: null,
};

const CONTACT: ContactChange = {
  ...{ what: 'updated', uid: 'c1', mergedUid: null, name: 'Jane', phones: [], formerPhones: [] },
  locationUids: [],
};

const judged = (event: Partial<PodiumEvent>) =>
  judge({ ...CHAT, ...event }, (uid) => LOCATIONS.get(uid), shippedWords);

test('a message gets its phone by the country of the location', () => {
  expect(judged({})).toEqual({
    kind: 'customer_message',
    phone: '+61400123456',
    locationUid: 'northside',
    optOut: null,
    said: null,
  });
});

test.each(['phone', 'sms', 'text'])('a message through the channel %s counts', (channel) => {
  expect(judged({ channel }).kind).toBe('customer_message');
});

test.each(['email', 'facebook', 'whatsapp', 'apple', ''])('one through %j is ignored', (channel) => {
  expect(judged({ channel, phone: 'jane@example.com' }).kind).toBe('ignored');
});

test("the location's country goes before the event's own", () => {
  expect(judged({ country: 'US' })).toMatchObject({ phone: '+61400123456' });
});

test("the event's own country serves where the location has none", () => {
  expect(judged({ locationUid: 'nowhere', country: 'AU' })).toMatchObject({ phone: '+61400123456' });
});

test('a local form without any country is quarantined, and no default country is taken', () => {
  expect(judged({ locationUid: 'nowhere' })).toMatchObject({
    kind: 'quarantined',
    failure: { code: 'ERR_WEBCHAT_001' },
    phone: null,
  });
});

test.each([null, '', 'call me', '12'])('the phone %j is quarantined', (phone) => {
  expect(judged({ phone })).toMatchObject({ kind: 'quarantined', failure: { code: 'ERR_WEBCHAT_001' } });
});

test('no location is quarantined, and no default location is taken', () => {
  expect(judged({ locationUid: null })).toMatchObject({
    kind: 'quarantined',
    failure: { code: 'ERR_WEBCHAT_002' },
  });
});

test.each(['unknown', 'archived'])('an %s location is quarantined', (locationUid) => {
  expect(judged({ locationUid })).toMatchObject({
    kind: 'quarantined',
    failure: { code: 'ERR_WEBCHAT_003' },
    locationUid,
    optOut: null,
  });
});

test('a location that is both unknown and named with a bad phone waits for the location', () => {
  expect(judged({ locationUid: 'unknown', phone: '12' })).toMatchObject({
    failure: { code: 'ERR_WEBCHAT_003' },
  });
});

test.each([true, false])('STOP is an opt-out (webchat: %s)', (webchat) => {
  expect(judged({ text: 'Stop!', webchat })).toMatchObject({
    kind: 'customer_message',
    optOut: { rule: 'A:STOP' },
  });
});

test.each([null, 'unknown', 'archived'])(
  'STOP at the location %j counts when its phone is clear',
  (locationUid) => {
    expect(judged({ text: 'STOP', phone: '+61412345678', locationUid })).toMatchObject({
      kind: 'quarantined',
      phone: '+61412345678',
      optOut: { rule: 'A:STOP' },
    });
  },
);

test('STOP at an archived location counts for a local form too, since its country is known', () => {
  expect(judged({ text: 'STOP', locationUid: 'archived' })).toMatchObject({ phone: '+61400123456' });
});

test('STOP of an unclear phone keeps its wish, for an alarm', () => {
  expect(judged({ text: 'STOP', phone: '12' })).toMatchObject({
    kind: 'quarantined',
    phone: null,
    optOut: { rule: 'A:STOP' },
  });
});

test.each([
  ['please leave me alone', { wish: 'ask', rule: 'C:leave-me-alone' }],
  ['start', { wish: 'opt_in', rule: 'A:START' }],
  ['HELP', { wish: 'help', rule: 'A:HELP' }],
])('%j is no opt-out, and is told apart, at an unknown store too', (text, said) => {
  expect(judged({ text })).toMatchObject({ kind: 'customer_message', optOut: null, said });
  expect(judged({ text, phone: '+61412345678', locationUid: 'unknown' })).toMatchObject({
    ...{ kind: 'quarantined', optOut: null, said },
  });
});

test("the words of the store's country count", () => {
  const canada = { ...NORTHSIDE, country: 'CA' };
  const settings = { ...loadSettings().optout, languages: ['en' as const] };
  const verdict = (location: Location) =>
    judge({ ...CHAT, text: 'ARRÊT', phone: '+14155551234' }, () => location, wordsByCountry(settings));
  expect(verdict(canada)).toMatchObject({ optOut: { rule: 'A:ARRET' } });
  expect(verdict(NORTHSIDE)).toMatchObject({ optOut: null });
});

test("a store's STOP opts nobody out", () => {
  expect(judged({ kind: 'store_message', text: 'STOP' })).toEqual({
    kind: 'store_message',
    phone: '+61400123456',
    locationUid: 'northside',
  });
});

describe('a contact', () => {
  const at = new Date(1_000);
  const ofContact = (optOuts: ContactOptOut[], contact: Partial<ContactChange> = {}) =>
    judged({ kind: 'contact_changed', at, optOuts, contact: { ...CONTACT, ...contact } });

  test("has Podium's opt-outs and its phones in one form", () => {
    const optOuts = ['0400 123 456', '+61 412 345 678', '12'].map((phone) => ({ phone, at, before: null }));
    const phones = ['0400 123 456', '+61400123456', '12'];
    expect(ofContact(optOuts, { phones })).toEqual({
      kind: 'contact_changed',
      change: { ...CONTACT, phones: ['+61400123456'] },
      optOuts: [
        { phone: '+61400123456', at },
        { phone: '+61412345678', at },
      ],
      cleared: [],
      unclear: expect.objectContaining({ code: 'ERR_WEBCHAT_001' }),
    });
  });

  test('whose opt-out has an unclear phone says so, and no other one does', () => {
    expect(ofContact([{ phone: '12', at, before: null }])).toMatchObject({
      optOuts: [],
      unclear: { code: 'ERR_WEBCHAT_001' },
    });
    expect(ofContact([{ phone: '12', at: null, before: null }])).not.toHaveProperty('unclear');
  });

  test.each([
    ['its store', ['northside'], ['+61400123456']],
    ['its stores, where they share one', ['northside', 'archived'], ['+61400123456']],
    ['none, where its stores do not share one', ['northside', 'overseas'], []],
    ['none, where one of its stores is unknown', ['northside', 'unknown'], []],
    ['none, where it has no store', [], []],
  ])('whose event names no place has its phone by the country of %s', (_, locationUids, phones) => {
    const optOuts = [{ phone: '0400 123 456', at, before: null }];
    const contact = { ...CONTACT, locationUids };
    expect(judged({ kind: 'contact_changed', at, locationUid: null, optOuts, contact })).toMatchObject({
      optOuts: phones.map((phone) => ({ phone, at })),
    });
  });

  test.each([
    ['shows that there was one', true, {}, [{ phone: '+61400123456', at, shown: true }]],
    ['does not tell what was before', null, {}, [{ phone: '+61400123456', at, shown: false }]],
    ['shows that there was none either', false, {}, []],
    ['tells of a merge', true, { what: 'merged' }, []],
    ['does not tell whose it is', true, { uid: null }, []],
  ] as const)(
    'without an opt-out may have lost one, when the event %s: %s',
    (_, before, contact, cleared) => {
      expect(ofContact([{ phone: '0400 123 456', at: null, before }], contact)).toMatchObject({ cleared });
    },
  );

  test('has lost no phone as long as one of those that it has cannot be read', () => {
    const formerPhones = ['0400 123 456'];
    expect(ofContact([], { formerPhones, phones: [] })).toMatchObject({
      change: { formerPhones: ['+61400123456'] },
    });
    expect(ofContact([], { formerPhones, phones: ['12'] })).toMatchObject({ change: { formerPhones: [] } });
  });
});

test('any other event is ignored', () => {
  expect(judged({ kind: 'other' }).kind).toBe('ignored');
});

test('no failure repeats the phone or the text', () => {
  const said = JSON.stringify([
    judged({ phone: '0400 123 45' }),
    judged({ text: 'STOP', locationUid: 'unknown' }),
  ]);
  expect(said).not.toContain('0400 123');
  expect(JSON.stringify(judged({ locationUid: null, text: 'secret words' }))).not.toContain('secret');
});

describe('a message of the store that failed', () => {
  const failed = (failureReason: string | null, event: Partial<PodiumEvent> = {}) =>
    judged({ kind: 'message_failed', failureReason, ...event });
  const whose = { phone: '+61400123456', locationUid: 'northside' };

  test('is judged as the message itself was', () => {
    expect(failed('Attempted to send SMS to a landline.')).toEqual({
      ...{ kind: 'message_failed', ...whose, optOut: null },
    });
    expect(failed(null, { locationUid: 'nowhere to be found' }).kind).toBe('quarantined');
    expect(failed(null, { channel: 'email' }).kind).toBe('ignored');
  });

  test('tells of an opt-out where it is said outright, at an unknown store too', () => {
    expect(failed('The contact has opted out.')).toMatchObject({ ...whose, optOut: { rule: 'podium' } });
    expect(failed('Opted out', { phone: '+61400123456', locationUid: 'unheard of' })).toMatchObject({
      ...{ kind: 'quarantined', phone: '+61400123456', optOut: { rule: 'podium' } },
    });
  });

  test('takes no opt-out from the words of the text that failed', () => {
    expect(failed('Blocked by the carrier', { text: 'STOP' })).toMatchObject({ optOut: null });
  });
});
