import { readContactEvent } from './contact-event';

const OUT_AT = '2026-07-23T10:00:00Z';
const PHONE = '+61400123456';
const channel = (identifier: string | null, transactionalOptedOutAt: unknown = null) => ({
  ...{ type: 'PHONE', identifier, transactionalOptedOutAt },
});
const contact = (fields: object = {}) => ({
  ...{ uid: 'c1', name: 'Jane', updatedAt: '2026-07-23T11:00:00Z', channels: [channel(PHONE)] },
  ...{ phoneNumbers: [PHONE], emails: ['jane@example.com'], locations: [{ uid: 'northside' }], ...fields },
});

it("reads the contact as it is now, with Podium's time of it", () => {
  const data = {
    before: contact({ name: 'J.', phoneNumbers: ['+61412345678'] }),
    after: contact(),
    errors: [],
  };
  expect(readContactEvent('contact.updated', data)).toEqual({
    kind: 'contact_changed',
    at: new Date('2026-07-23T11:00:00Z'),
    optOuts: [{ phone: PHONE, at: null, before: false }],
    contact: {
      what: 'updated',
      uid: 'c1',
      mergedUid: null,
      name: 'Jane',
      phones: [PHONE],
      formerPhones: ['+61412345678', PHONE],
      locationUids: ['northside'],
    },
  });
});

it('reads a merge: which contact is gone, and which is left', () => {
  const data = { before: contact({ uid: 'gone' }), after: contact({ uid: 'left' }) };
  expect(readContactEvent('contact.merged', data)?.contact).toMatchObject({ uid: 'left', mergedUid: 'gone' });
  const same = { before: contact(), after: contact() };
  expect(readContactEvent('contact.merged', same)?.contact).toMatchObject({ uid: 'c1', mergedUid: null });
});

it('reads a deletion: the contact that is gone', () => {
  expect(readContactEvent('contact.deleted', { before: contact(), after: null })?.contact).toMatchObject({
    ...{ what: 'deleted', uid: 'c1', phones: [PHONE], formerPhones: [] },
  });
});

it.each(['contact.created', 'contact.updated', 'contact.unchanged', 'contact.merged', 'contact.deleted'])(
  'reads a contact that stands in %s by itself',
  (type) => {
    const read = readContactEvent(type, contact({ channels: [channel(PHONE, OUT_AT)] }));
    expect(read).toMatchObject({
      at: new Date('2026-07-23T11:00:00Z'),
      optOuts: [{ phone: PHONE, at: new Date(OUT_AT) }],
      contact: { uid: 'c1', mergedUid: null, phones: [PHONE] },
    });
  },
);

describe('an opt-out', () => {
  const out = contact({ channels: [channel(PHONE, OUT_AT)] });
  const at = new Date(OUT_AT);

  it.each([
    ['that an update brings', 'contact.updated', { before: contact(), after: out }, { at, before: false }],
    ['that an update leaves', 'contact.updated', { before: out, after: out }, { at, before: true }],
    [
      'that an update takes away',
      'contact.updated',
      { before: out, after: contact() },
      { at: null, before: true },
    ],
    ['of a contact alone', 'contact.updated', { after: contact() }, { at: null, before: null }],
    ['that a merge leaves behind', 'contact.merged', { before: out, after: contact() }, { at, before: true }],
    ['of a deleted contact', 'contact.deleted', { before: out }, { at, before: true }],
  ])('%s', (_, type, data, optOut) => {
    expect(readContactEvent(type, data)?.optOuts).toEqual([{ phone: PHONE, ...optOut }]);
  });

  it('belongs to a phone: an e-mail address has none that counts here', () => {
    const channels = [channel('jane@example.com', OUT_AT), channel(null, OUT_AT), channel('+61412345678')];
    expect(readContactEvent('contact.updated', { after: contact({ channels }) })?.optOuts).toEqual([
      { phone: '+61412345678', at: null, before: null },
    ]);
  });

  it('is one even when its time cannot be read, or the phone stands there once more without', () => {
    const channels = [channel(PHONE, 'some time ago'), channel(PHONE)];
    expect(readContactEvent('contact.updated', { after: contact({ channels }) })?.optOuts).toEqual([
      { phone: PHONE, at: expect.any(Date), before: null },
    ]);
  });
});

it.each([null, 'gone', [], { after: 'gone', before: 7 }, {}])('makes nothing of %j', (data) => {
  expect(readContactEvent('contact.deleted', data)).toMatchObject({
    at: null,
    optOuts: [],
    contact: { uid: null, phones: [] },
  });
});

it('is not asked about other events', () => {
  expect(readContactEvent('message.sent', {})).toBeNull();
});
