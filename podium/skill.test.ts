import { Readable } from 'node:stream';
import { smallPodium } from '../test/support/small-podium';
import { PodiumError } from './api';

const PHONE = '+61400123456';
const LOCATION = '9e000000-0000-4000-8000-000000000001';
const send = {
  phone: PHONE,
  locationUid: LOCATION,
  conversationUid: 's1',
  body: 'Hello!',
  senderName: 'Robot',
};

const { podiumThat, podiumAnswering, asked, requests, close } = smallPodium('skill');
const kindOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'fine',
    (error: unknown) => (error instanceof PodiumError ? error.kind : error),
  );

const contact = (uid: string, phone: string | null, fields: object = {}) => ({
  uid,
  phone,
  first_name: 'Jane',
  last_name: 'Citizen',
  location_uid: LOCATION,
  conversation_uid: 's1',
  opted_out: false,
  ...fields,
});

describe('a contact, in the skill contract', () => {
  it('is found by phone and location', async () => {
    const podium = await podiumAnswering({ data: [contact('c1', PHONE)] });
    expect(await podium.findContact(PHONE, LOCATION)).toEqual({
      uid: 'c1',
      name: 'Jane Citizen',
      phones: [PHONE],
      locationUids: [LOCATION],
      conversationUids: ['s1'],
      optedOutAt: null,
      updatedAt: null,
    });
    expect(asked()).toEqual([['GET', `/v4/contacts?phone=%2B61400123456&location_uid=${LOCATION}`]]);
  });

  it('is the one with that phone, when Podium ignores the filter and gives everybody', async () => {
    const others = [contact('c2', '+61412345678'), contact('c3', null), contact('c4', '0400 123 456')];
    const podium = await podiumAnswering({ data: [...others, contact('c1', PHONE)] });
    expect((await podium.findContact(PHONE, LOCATION))?.uid).toBe('c1');
    await close();
    const without = await podiumAnswering({ data: others });
    expect(await without.findContact(PHONE, LOCATION)).toBeNull();
  });

  it('is the one of the location, when twins have one phone', async () => {
    const podium = await podiumAnswering({
      data: [contact('c1', PHONE, { location_uid: 'other' }), contact('c2', PHONE)],
    });
    expect((await podium.findContact(PHONE, LOCATION))?.uid).toBe('c2');
    expect((await podium.findContact(PHONE, 'a third one'))?.uid).toBe('c1');
  });

  it('may be opted out', async () => {
    const at = '2026-07-23T10:00:00Z';
    const podium = await podiumAnswering({
      data: [contact('c1', PHONE, { opted_out: true, updated_at: at })],
    });
    expect(await podium.findContact(PHONE, LOCATION)).toMatchObject({
      optedOutAt: new Date(at),
      updatedAt: new Date(at),
    });
  });

  it.each([
    ['alone', contact('c1', PHONE)],
    ['under data', { data: contact('c1', PHONE) }],
  ])('is created with a first and a last name, and comes %s', async (_, answer) => {
    const podium = await podiumAnswering(answer, 201);
    const name = 'Mary Jane Citizen';
    expect(await podium.createContact({ phone: PHONE, locationUid: LOCATION, name })).toEqual({ uid: 'c1' });
    expect(asked()).toEqual([
      [
        'POST',
        '/v4/contacts',
        { phone: PHONE, location_uid: LOCATION, first_name: 'Mary', last_name: 'Jane Citizen' },
      ],
    ]);
  });

  it("gets no uid from an answer with another person's phone", async () => {
    const podium = await podiumAnswering({ data: contact('c2', '+61412345678') }, 201);
    expect(await podium.createContact({ phone: PHONE, locationUid: LOCATION, name: 'Jane' })).toEqual({
      uid: null,
    });
  });

  it('that exists already is a conflict', async () => {
    const podium = await podiumAnswering({ code: 'contact_already_exists' }, 409);
    expect(await kindOf(podium.createContact({ phone: PHONE, locationUid: LOCATION, name: 'Jane' }))).toBe(
      'conflict',
    );
  });
});

describe('a conversation, in the skill contract', () => {
  it('takes a message by its uid', async () => {
    const podium = await podiumAnswering({ data: { uid: 'm1', created_at: '2026-07-23T10:00:00Z' } }, 201);
    expect(await podium.sendMessage(send)).toEqual({
      messageUid: 'm1',
      conversationUid: 's1',
      at: new Date('2026-07-23T10:00:00Z'),
    });
    expect(asked()).toEqual([['POST', '/v4/conversations/s1/messages', { body: 'Hello!' }]]);
  });

  it('has to be known for a message', async () => {
    const podium = await podiumAnswering({});
    await expect(podium.sendMessage({ ...send, conversationUid: null })).rejects.toMatchObject({
      kind: 'not_found',
      details: { mayHaveHappened: false },
    });
    expect(requests()).toHaveLength(0);
  });

  it('refuses a message to who has opted out', async () => {
    const podium = await podiumAnswering({ code: 'contact_opted_out' }, 451);
    expect(await kindOf(podium.sendMessage(send))).toBe('opted_out');
  });

  it('is closed by a call of its own; notes are as published', async () => {
    const podium = await podiumThat((_, response) => response.writeHead(204).end());
    await podium.addNote('s1', 'A note', 'Robot');
    await podium.closeConversation('s1');
    expect(asked()).toEqual([
      ['POST', '/v4/conversations/s1/notes', { body: 'A note', senderName: 'Robot' }],
      ['POST', '/v4/conversations/s1/close'],
    ]);
  });
});

describe('a file of a customer, in the skill contract', () => {
  it('is forwarded by the call that sends files', async () => {
    const podium = await podiumAnswering({ data: { uid: 'm1', conversation: { uid: 's1' } } });
    const open = () => Readable.from(['abc']);
    const file = { name: 'car.png', contentType: 'image/png', size: 3, open };
    expect(await podium.forwardCustomerFile?.({ ...send, file })).toMatchObject({ messageUid: 'm1' });
    expect(asked()).toEqual([['POST', '/v4/messages/attachment']]);
  });
});

describe('an opt-out, in the skill contract', () => {
  it('is a field of the contact', async () => {
    const podium = await podiumAnswering({ data: contact('c1', PHONE) });
    await podium.setOptOut(PHONE, LOCATION, true, 'c1');
    await podium.setOptOut(PHONE, LOCATION, false, 'c1');
    expect(asked()).toEqual([
      ['PATCH', '/v4/contacts/c1', { opted_out: true }],
      ['PATCH', '/v4/contacts/c1', { opted_out: false }],
    ]);
  });

  it('cannot be mirrored for a contact that is not known', async () => {
    const podium = await podiumAnswering({});
    expect(await kindOf(podium.setOptOut(PHONE, LOCATION, true, null))).toBe('not_found');
    expect(requests()).toHaveLength(0);
  });
});

describe('the list of locations, in the skill contract', () => {
  it('comes in one call', async () => {
    const podium = await podiumAnswering({ data: [{ uid: LOCATION, name: 'Northside' }] });
    expect(await podium.listLocations()).toEqual([
      { uid: LOCATION, name: 'Northside', country: null, archived: false, organizationUid: null },
    ]);
    expect(requests()).toHaveLength(1);
  });
});
