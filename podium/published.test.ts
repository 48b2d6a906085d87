import { Readable } from 'node:stream';
import { smallPodium } from '../test/support/small-podium';
import { json } from '../test/support/small-server';
import { PodiumError } from './api';

const PHONE = '+61400123456';
const LOCATION = '9e000000-0000-4000-8000-000000000001';
const CONVERSATION = '5b000000-0000-4000-8000-000000000001';

const { podiumThat, podiumAnswering, asked, requests, close } = smallPodium('published');

const kindOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'fine',
    (error: unknown) => (error instanceof PodiumError ? error.kind : error),
  );

describe('the list of locations', () => {
  const location = (uid: string, fields: object = {}) => ({
    uid,
    name: `Store ${uid}`,
    archived: false,
    addressDetails: { country: 'AU' },
    organizationUid: 'o1',
    ...fields,
  });

  it('is read to its last page, a hundred at a time', async () => {
    const pages: Record<string, unknown> = {
      '': { data: [location('1'), location('2')], metadata: { nextCursor: 'two', totalItems: 3 } },
      two: { data: [location('2', { name: 'Renamed' }), location('3')], metadata: { previousCursor: 'one' } },
    };
    const podium = await podiumThat(({ url }, response) =>
      json(response, 200, pages[new URL(url, 'http://x').searchParams.get('cursor') ?? '']),
    );
    const locations = await podium.listLocations();
    expect(locations.map(({ uid, name }) => [uid, name])).toEqual([
      ['1', 'Store 1'],
      ['2', 'Renamed'],
      ['3', 'Store 3'],
    ]);
    expect(asked()).toEqual([
      ['GET', '/v4/locations?limit=100'],
      ['GET', '/v4/locations?limit=100&cursor=two'],
    ]);
  });

  it('has the country, archived stores, and the name that people see', async () => {
    const podium = await podiumAnswering({
      data: [
        location('1', { displayName: 'Northside', addressDetails: { country: 'au' } }),
        location('2', { archived: true }),
        location('3', {
          archived: null,
          archivedAt: '2026-01-01T00:00:00Z',
          addressDetails: { country: 'Australia' },
        }),
        { uid: '4', name: null, displayName: null, archived: null, addressDetails: null, surprise: 1 },
      ],
    });
    expect(await podium.listLocations()).toEqual([
      { uid: '1', name: 'Northside', country: 'AU', archived: false, organizationUid: 'o1' },
      { uid: '2', name: 'Store 2', country: 'AU', archived: true, organizationUid: 'o1' },
      { uid: '3', name: 'Store 3', country: null, archived: true, organizationUid: 'o1' },
      { uid: '4', name: '4', country: null, archived: false, organizationUid: null },
    ]);
  });

  it.each([
    ['no list', { data: {} }],
    ['nothing', {}],
    ['a circle of pages', { data: [location('1')], metadata: { nextCursor: 'again' } }],
  ])('is never taken for whole when it was not read whole: %s', async (_, body) => {
    const podium = await podiumAnswering(body);
    expect(await kindOf(podium.listLocations())).toBe('invalid');
  });

  it('is not given in part when a later page fails', async () => {
    const podium = await podiumThat(({ url }, response) =>
      url.includes('cursor')
        ? json(response, 500, {})
        : json(response, 200, { data: [location('1')], metadata: { nextCursor: 'two' } }),
    );
    expect(await kindOf(podium.listLocations())).toBe('server');
  });
});

describe('a contact', () => {
  const contact = {
    uid: 'c1',
    name: 'Jane Citizen',
    phoneNumbers: [PHONE, '0412 345 678'],
    channels: [
      { type: 'phone', identifier: PHONE, transactionalOptedOutAt: null },
      { type: 'email', identifier: 'jane@example.com' },
    ],
    locations: [{ uid: LOCATION }],
    conversations: [{ uid: CONVERSATION }],
    updatedAt: '2026-07-23T09:00:00Z',
    attributes: [{ label: 'Eyes', value: null }],
  };

  it('is found by its phone', async () => {
    const podium = await podiumAnswering({ data: contact, metadata: { url: 'https://www.podium.com/' } });
    expect(await podium.findContact(PHONE, LOCATION)).toEqual({
      uid: 'c1',
      name: 'Jane Citizen',
      phones: [PHONE],
      locationUids: [LOCATION],
      conversationUids: [CONVERSATION],
      optedOutAt: null,
      updatedAt: new Date('2026-07-23T09:00:00Z'),
    });
    expect(asked()).toEqual([['GET', '/v4/contacts/%2B61400123456']]);
  });

  it('tells of the opt-out of the phone that was asked about, and of no other', async () => {
    const optedOut = (identifier: string) => ({
      identifier,
      transactionalOptedOutAt: '2026-07-23T10:00:00Z',
    });
    const podium = await podiumAnswering({
      data: { ...contact, channels: [optedOut(PHONE), optedOut('+61412345678')] },
    });
    expect((await podium.findContact(PHONE, LOCATION))?.optedOutAt).toEqual(new Date('2026-07-23T10:00:00Z'));
    await close();
    const other = await podiumAnswering({ data: { ...contact, channels: [optedOut('+61412345678')] } });
    expect((await other.findContact(PHONE, LOCATION))?.optedOutAt).toBeNull();
  });

  it.each([
    ['Podium has none', 404, { code: 'resource_not_found' }],
    ['Podium answers nothing', 200, { data: null }],
    ["it is another person's", 200, { data: { ...contact, phoneNumbers: ['+61412345678'], channels: [] } }],
    ['it has no phone', 200, { data: { ...contact, phoneNumbers: null, channels: null } }],
  ])('is not found when %s', async (_, status, body) => {
    const podium = await podiumAnswering(body, status);
    expect(await podium.findContact(PHONE, LOCATION)).toBeNull();
  });

  it('is not taken for missing when Podium does not know the call itself', async () => {
    const podium = await podiumAnswering({ code: 'route_not_found' }, 404);
    expect(await kindOf(podium.findContact(PHONE, LOCATION))).toBe('invalid');
  });

  it('is created with the fields that Podium knows and no other, and its uid stays unknown', async () => {
    const podium = await podiumAnswering({ data: { identifier: PHONE } }, 202);
    expect(await podium.createContact({ phone: PHONE, locationUid: LOCATION, name: 'Jane' })).toEqual({
      uid: null,
    });
    expect(asked()).toEqual([
      ['POST', '/v4/contacts', { name: 'Jane', locations: [LOCATION], phoneNumber: PHONE }],
    ]);
  });

  it('that lost a race is a conflict', async () => {
    const podium = await podiumAnswering({ code: 'contact_already_exists' }, 409);
    const created = podium.createContact({ phone: PHONE, locationUid: LOCATION, name: 'Jane' });
    expect(await kindOf(created)).toBe('conflict');
  });
});

describe('a message', () => {
  const send = {
    phone: PHONE,
    locationUid: LOCATION,
    conversationUid: null,
    body: 'Hello!',
    senderName: 'Robot',
  };

  it('goes to the phone, from the location, into an open conversation', async () => {
    const podium = await podiumAnswering({
      data: { uid: 'm1', createdAt: '2026-07-23T10:00:00Z', conversation: { uid: CONVERSATION } },
    });
    expect(await podium.sendMessage(send)).toEqual({
      messageUid: 'm1',
      conversationUid: CONVERSATION,
      at: new Date('2026-07-23T10:00:00Z'),
    });
    expect(asked()).toEqual([
      [
        'POST',
        '/v4/messages',
        {
          body: 'Hello!',
          channel: { type: 'phone', identifier: PHONE },
          locationUid: LOCATION,
          senderName: 'Robot',
          setOpenInbox: true,
        },
      ],
    ]);
  });

  it('was sent even when Podium tells neither its uid nor its time', async () => {
    const podium = await podiumAnswering({ data: { uid: null, createdAt: null, conversation: null } });
    expect(await podium.sendMessage(send)).toEqual({
      messageUid: null,
      conversationUid: null,
      at: expect.any(Date),
    });
  });

  it('that may have been sent is not reported as sent', async () => {
    const podium = await podiumThat((_, response) => response.writeHead(200).end('<html>'));
    await expect(podium.sendMessage(send)).rejects.toMatchObject({
      kind: 'invalid',
      details: { mayHaveHappened: true },
    });
  });
});

describe('the messages of a conversation', () => {
  const message = (minute: number, fields: object = {}) => ({
    uid: `m${minute}`,
    body: `Message ${minute}`,
    createdAt: `2026-07-23T10:${String(minute).padStart(2, '0')}:00Z`,
    ...fields,
  });

  it('tell who wrote them, as far as Podium says it', async () => {
    const podium = await podiumAnswering({
      data: [
        message(5, { items: [{ sourceType: 'outbound' }], senderUid: 'u1' }),
        message(4, { senderUid: 'u1', items: null }),
        message(3, { items: [{ sourceType: 'Inbound' }] }),
        message(2, { webchatUrl: 'https://www.example.com/' }),
        message(1, { items: [{ sourceType: null }], body: null }),
        { uid: null },
      ],
    });
    const read = await podium.listMessages(CONVERSATION);
    expect(read.map(({ direction }) => direction)).toEqual([
      'outbound',
      'outbound',
      'inbound',
      'inbound',
      'unknown',
      'unknown',
    ]);
    expect(read[0]).toEqual({
      uid: 'm5',
      body: 'Message 5',
      at: new Date('2026-07-23T10:05:00Z'),
      direction: 'outbound',
      senderUid: 'u1',
      hasFile: false,
    });
    expect(read[5]).toMatchObject({ uid: null, body: '', at: null });
    expect(asked()).toEqual([['GET', `/v4/conversations/${CONVERSATION}/messages`]]);
  });

  it('are one page when the newest come first', async () => {
    const podium = await podiumAnswering({
      data: [message(9), message(8)],
      metadata: { nextCursor: 'older' },
    });
    expect((await podium.listMessages(CONVERSATION)).map(({ uid }) => uid)).toEqual(['m9', 'm8']);
  });

  it('are read on to the newest when the oldest come first', async () => {
    const podium = await podiumThat(({ url }, response) =>
      url.includes('cursor=more')
        ? json(response, 200, { data: [message(3)], metadata: {} })
        : json(response, 200, { data: [message(1), message(2)], metadata: { nextCursor: 'more' } }),
    );
    expect((await podium.listMessages(CONVERSATION)).map(({ uid }) => uid)).toEqual(['m3', 'm2', 'm1']);
  });
});

describe('a page of conversations', () => {
  const conversation = {
    uid: CONVERSATION,
    locationUid: LOCATION,
    channel: { type: 'phone', identifier: '0400 123 456' },
    closed: true,
    lastItemAt: '2026-07-23T10:00:00Z',
    createdAt: '2026-07-22T10:00:00Z',
    updatedAt: '2026-07-23T11:00:00Z',
    contactName: 'Jane',
  };

  it('is one call, a hundred at most, and tells where the next one begins', async () => {
    const podium = await podiumAnswering({ data: [conversation], metadata: { nextCursor: 'two' } });
    expect(await podium.pageOfConversations(LOCATION, null)).toEqual({
      items: [
        {
          uid: CONVERSATION,
          locationUid: LOCATION,
          channel: 'phone',
          identifier: '0400 123 456',
          closed: true,
          lastItemAt: new Date('2026-07-23T10:00:00Z'),
          createdAt: new Date('2026-07-22T10:00:00Z'),
          updatedAt: new Date('2026-07-23T11:00:00Z'),
        },
      ],
      nextCursor: 'two',
    });
    await podium.pageOfConversations(LOCATION, 'two');
    const path = `/v4/conversations?limit=100&locationUid=${LOCATION}`;
    expect(asked()).toEqual([
      ['GET', path],
      ['GET', `${path}&cursor=two`],
    ]);
  });

  it('leaves out what has no uid, and needs no other field', async () => {
    const podium = await podiumAnswering({ data: [{ uid: 'c1' }, { ...conversation, uid: null }, null] });
    expect(await podium.pageOfConversations(LOCATION, null)).toEqual({
      items: [
        {
          ...{ uid: 'c1', locationUid: null, channel: null, identifier: null, closed: false },
          ...{ lastItemAt: null, createdAt: null, updatedAt: null },
        },
      ],
      nextCursor: null,
    });
  });

  it("may be a single conversation, as Podium's schema has it", async () => {
    const podium = await podiumAnswering({ data: conversation });
    expect((await podium.pageOfConversations(LOCATION, null)).items).toHaveLength(1);
  });

  it('that is no list is no empty one', async () => {
    const podium = await podiumAnswering({});
    expect(await kindOf(podium.pageOfConversations(LOCATION, null))).toBe('invalid');
  });
});

describe('a page of messages', () => {
  it('keeps the order and the messages as they came', async () => {
    const raw = [
      { uid: 'm1', body: 'Hi', createdAt: '2026-07-23T10:00:00Z', webchatUrl: 'https://www.example.com/' },
      { uid: 'm2', body: 'Hello!', items: [{ sourceType: 'outbound' }], surprise: { a: 1 } },
    ];
    const podium = await podiumAnswering({ data: raw, metadata: { nextCursor: 'more' } });
    const { items, nextCursor } = await podium.pageOfMessages(CONVERSATION, null);
    expect(items.map((item) => item.raw)).toEqual(raw);
    expect(items).toMatchObject([
      { uid: 'm1', direction: 'inbound', body: 'Hi' },
      { uid: 'm2', direction: 'outbound', at: null },
    ]);
    expect(nextCursor).toBe('more');
    await podium.pageOfMessages(CONVERSATION, nextCursor);
    const path = `/v4/conversations/${CONVERSATION}/messages`;
    expect(asked()).toEqual([
      ['GET', path],
      ['GET', `${path}?cursor=more`],
    ]);
  });
});

describe('a file for the customer', () => {
  const attachment = {
    phone: PHONE,
    locationUid: LOCATION,
    conversationUid: CONVERSATION,
    body: 'The price list',
    senderName: 'Robot',
    file: {
      name: 'prices.pdf',
      contentType: 'application/pdf',
      size: 8,
      open: () => Readable.from([Buffer.from('%PDF-1.7')]),
    },
  };
  const sent = { uid: 'm1', createdAt: '2026-07-23T10:00:00Z', conversation: { uid: CONVERSATION } };

  it('goes out as a form, with the message as JSON beside it', async () => {
    const podium = await podiumAnswering({ data: sent });
    expect(await podium.sendAttachment(attachment)).toEqual({
      messageUid: 'm1',
      conversationUid: CONVERSATION,
      at: new Date('2026-07-23T10:00:00Z'),
    });
    const { method, url, headers, raw } = requests()[0]!;
    expect([method, url]).toEqual(['POST', '/v4/messages/attachment']);
    const form = await new Response(new Uint8Array(raw), {
      headers: { 'content-type': headers['content-type']! },
    }).formData();
    expect(JSON.parse(form.get('data') as string)).toEqual({
      body: 'The price list',
      channel: { type: 'phone', identifier: PHONE },
      locationUid: LOCATION,
      senderName: 'Robot',
    });
    expect(await (form.get('attachment') as File).text()).toBe('%PDF-1.7');
  });

  it('may be too large for Podium', async () => {
    const podium = await podiumAnswering({ code: 'attachment_exceeds_limit' }, 413);
    expect(await kindOf(podium.sendAttachment(attachment))).toBe('too_large');
  });

  it('that is the own one of a customer is not forwarded: it would be sent back', async () => {
    const podium = await podiumAnswering({});
    expect(podium.forwardCustomerFile).toBeNull();
  });
});

describe('a message that was said elsewhere', () => {
  it('is recorded with its time and who said it', async () => {
    const podium = await podiumAnswering({ data: { uid: 'm1', conversation: { uid: CONVERSATION } } });
    const at = new Date('2026-07-23T10:00:00Z');
    expect(
      await podium.importMessage({
        ...{ phone: PHONE, locationUid: LOCATION, contactName: 'Jane' },
        ...{ direction: 'inbound', body: 'Hi', at },
      }),
    ).toMatchObject({ messageUid: 'm1', conversationUid: CONVERSATION });
    expect(asked()).toEqual([
      [
        'POST',
        '/v4/import/messages',
        {
          body: 'Hi',
          channel: { type: 'phone', identifier: PHONE },
          contactName: 'Jane',
          direction: 'inbound',
          locationUid: LOCATION,
          publishedAt: '2026-07-23T10:00:00.000Z',
        },
      ],
    ]);
  });
});

describe('the rest of a conversation', () => {
  it('is a note, a close, and the mirror of an opt-out', async () => {
    const podium = await podiumAnswering({ data: {} });
    await podium.addNote(CONVERSATION, 'Wants a test drive', 'Robot');
    await podium.closeConversation(CONVERSATION);
    await podium.setOptOut(PHONE, LOCATION, true, null);
    await podium.setOptOut(PHONE, LOCATION, false, null);
    const channel = { identifier: PHONE, type: 'PHONE' };
    expect(asked()).toEqual([
      [
        'POST',
        `/v4/conversations/${CONVERSATION}/notes`,
        { body: 'Wants a test drive', senderName: 'Robot' },
      ],
      ['PUT', `/v4/conversations/${CONVERSATION}`, { closed: true }],
      ['POST', '/v4/contacts/transactional/opt_out', { channel, locationUid: LOCATION }],
      ['POST', '/v4/contacts/transactional/opt_in', { channel, locationUid: LOCATION }],
    ]);
  });

  it('says when the application may not mirror opt-outs', async () => {
    const podium = await podiumAnswering({ code: 'unauthorized' }, 403);
    expect(await kindOf(podium.setOptOut(PHONE, LOCATION, true, null))).toBe('not_permitted');
  });
});
