/** Client and simulator against Podium's own OpenAPI files. */
import { Readable } from 'node:stream';
import fc from 'fast-check';
import pino from 'pino';
import type { Contract } from '../core/events';
import { PodiumError, type PodiumApi } from '../podium/api';
import { createPodium } from '../podium/client';
import { readEvent } from '../podium/webhook-event';
import type { Call } from '../simulator/call-log';
import { componentSchema, expectValidByOpenApi, problemsOfResponse, responseSchema } from './support/openapi';
import { ownLimits } from './support/call-limits';
import { KNOWN_PHONE, valuesOf } from './support/openapi-values';
import { podiumCaller } from './support/podium-caller';
import { BAYVIEW, NORTHSIDE, startSimulator } from './support/simulator';
import { json, startSmallServer, type SeenRequest, type SmallServer } from './support/small-server';

const PHONE = KNOWN_PHONE;
const CONVERSATION = '5b000000-0000-4000-8000-000000000001';
const WEBHOOK = '3b000000-0000-4000-8000-000000000009';
const logger = pino({ level: 'silent' });

type Answer = { data?: unknown };
const always = () => true;
const isList = ({ data }: Answer) => Array.isArray(data);

const attachment = {
  phone: PHONE,
  locationUid: NORTHSIDE,
  conversationUid: CONVERSATION,
  body: 'The price list',
  senderName: 'Robot',
  file: { name: 'prices.pdf', contentType: 'application/pdf', size: 3, open: () => Readable.from(['abc']) },
};
const webhook = {
  url: 'https://handler.example.com/',
  eventTypes: ['message.received'],
  secret: 'rehearsal',
};

/** Each call that the OpenAPI files have, and which of the answers that they allow are enough for it. */
const CALLS: [
  name: string,
  method: string,
  path: string,
  ask: (podium: PodiumApi) => Promise<unknown>,
  isEnough: (answer: Answer) => boolean,
][] = [
  ['listLocations', 'GET', '/v4/locations', (podium) => podium.listLocations(), isList],
  [
    'findContact',
    'GET',
    '/v4/contacts/{identifier}',
    (podium) => podium.findContact(PHONE, NORTHSIDE),
    always,
  ],
  [
    'createContact',
    'POST',
    '/v4/contacts',
    (podium) => podium.createContact({ phone: PHONE, locationUid: NORTHSIDE, name: 'Jane' }),
    always,
  ],
  [
    'sendMessage',
    'POST',
    '/v4/messages',
    (podium) =>
      podium.sendMessage({
        ...{ phone: PHONE, locationUid: NORTHSIDE, conversationUid: null },
        ...{ body: 'Hi', senderName: 'Robot' },
      }),
    always,
  ],
  [
    'sendAttachment',
    'POST',
    '/v4/messages/attachment',
    (podium) => podium.sendAttachment(attachment),
    always,
  ],
  [
    'importMessage',
    'POST',
    '/v4/import/messages',
    (podium) =>
      podium.importMessage({
        ...{ phone: PHONE, locationUid: NORTHSIDE, contactName: 'Jane' },
        ...{ direction: 'inbound', body: 'Hi', at: new Date() },
      }),
    always,
  ],
  [
    'pageOfConversations',
    'GET',
    '/v4/conversations',
    (podium) => podium.pageOfConversations(NORTHSIDE, null),
    ({ data }) => data !== undefined,
  ],
  [
    'readConversation',
    'GET',
    '/v4/conversations/{uid}',
    async (podium) => (await podium.readConversation?.(CONVERSATION)) ?? null,
    always,
  ],
  [
    'listMessages',
    'GET',
    '/v4/conversations/{conversation_uid}/messages',
    (podium) => podium.listMessages(CONVERSATION),
    isList,
  ],
  [
    'pageOfMessages',
    'GET',
    '/v4/conversations/{conversation_uid}/messages',
    (podium) => podium.pageOfMessages(CONVERSATION, 'two'),
    isList,
  ],
  [
    'addNote',
    'POST',
    '/v4/conversations/{uid}/notes',
    (podium) => podium.addNote(CONVERSATION, 'A note', 'Robot'),
    always,
  ],
  [
    'closeConversation',
    'PUT',
    '/v4/conversations/{uid}',
    (podium) => podium.closeConversation(CONVERSATION),
    always,
  ],
  ['listWebhooks', 'GET', '/v4/webhooks', (podium) => podium.listWebhooks(), isList],
  [
    'createWebhook',
    'POST',
    '/v4/webhooks',
    (podium) => podium.createWebhook({ ...webhook, locationUid: NORTHSIDE }),
    ({ data }) => (data as { uid?: string } | undefined)?.uid !== undefined,
  ],
  [
    'updateWebhook',
    'PUT',
    '/v4/webhooks/{uid}',
    (podium) => podium.updateWebhook(WEBHOOK, { disabled: false }),
    always,
  ],
  ['deleteWebhook', 'DELETE', '/v4/webhooks/{uid}', (podium) => podium.deleteWebhook(WEBHOOK), always],
];

describe('what Podium may answer', () => {
  let server: SmallServer;
  /** What the server says next. A list's second page is its last. */
  let answer: { status: number; body: unknown };

  const tokens = { current: async () => 'token', renewed: async () => 'token', accepted: () => undefined };
  const connect = (contract: Contract) =>
    createPodium({ contract, apiUrl: server.url, tokens, limits: ownLimits(), timeoutMs: 20_000, logger });

  beforeAll(async () => {
    server = await startSmallServer(({ url }, response) => {
      const isLaterPage = /cursor=/.test(url) && !/cursor=two/.test(url);
      if (isLaterPage) json(response, 200, { data: [] });
      else json(response, answer.status, answer.body);
    });
  });
  afterAll(() => server.close());

  /** What a call comes to; anything but a `PodiumError` goes on as it is. No call feels a pause of the one before. */
  async function outcome(ask: (podium: PodiumApi) => Promise<unknown>, contract: Contract = 'published') {
    try {
      return { result: await ask(connect(contract)) };
    } catch (error) {
      if (error instanceof PodiumError) return { error };
      throw error;
    }
  }

  it.each(CALLS)('to %s is read, as far as it is enough', async (_, method, path, ask, isEnough) => {
    const status = method === 'POST' && path === '/v4/contacts' ? '202' : '200';
    await fc.assert(
      fc.asyncProperty(valuesOf(responseSchema(method, path, status)), async (body) => {
        answer = { status: Number(status), body };
        expect(problemsOfResponse(method, path, status, body)).toEqual([]);
        const { result, error } = await outcome(ask);
        if (isEnough(body as Answer)) {
          expect(error).toBeUndefined();
          expect(unsoundIn(result)).toEqual([]);
        } else {
          expect(error).toMatchObject({
            kind: 'invalid',
            details: { status: Number(status), mayHaveHappened: method !== 'GET' },
          });
        }
      }),
    );
  });

  it.each(CALLS)(
    'to %s may be an error of its schema: a number for a code, or nothing at all',
    async (...call) => {
      const [name, method, path, ask] = call;
      const statuses = fc.oneof(
        fc.constantFrom(400, 401, 403, 404, 409, 413, 422, 429, 451, 500, 503),
        // 407 is a proxy's, and `fetch` keeps it to itself.
        fc.integer({ min: 400, max: 599 }).filter((status) => status !== 407),
      );
      await fc.assert(
        fc.asyncProperty(
          statuses,
          valuesOf(responseSchema(method, path, 'default')),
          async (status, body) => {
            answer = { status, body };
            const { result, error } = await outcome(ask);
            const mayBeNone = ['findContact', 'readConversation'].includes(name);
            if (mayBeNone && status === 404) return expect(result).toBeNull();
            expect(error?.details.code).toBeUndefined();
            expect(error?.details).toMatchObject({
              status,
              mayHaveHappened: method !== 'GET' && (status >= 500 || status === 408),
            });
          },
        ),
        { numRuns: 40 },
      );
    },
  );

  it.each<Contract>(['published', 'skill'])(
    'of any other form ends in a result or a PodiumError, in the %s contract',
    async (contract) => {
      const calls = [
        ...CALLS.map(([, , , ask]) => ask),
        (each: PodiumApi) => each.setOptOut(PHONE, NORTHSIDE, true, 'c1'),
        (each: PodiumApi) => each.sendMessage(attachment),
      ];
      const anything = fc.oneof(
        fc.jsonValue(),
        fc.record({ data: fc.jsonValue(), metadata: fc.jsonValue() }),
      );
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...calls), anything, async (ask, body) => {
          answer = { status: 200, body };
          const { result } = await outcome(ask, contract);
          expect(unsoundIn(result)).toEqual([]);
        }),
        { numRuns: 500 },
      );
    },
  );

  it.each([
    ...['message.received', 'message.sent', 'message.failed'].map((type) => [type, 'message']),
    ...['contact.created', 'contact.updated', 'contact.merged', 'contact.deleted'].map((type) => [
      type,
      'contact',
    ]),
  ])('in an event %s is read', (eventType, component) => {
    fc.assert(
      fc.property(valuesOf(componentSchema(component)), (data) => {
        const event = { data, metadata: { eventType, eventUid: 'e1', version: '2021.04.01' } };
        const read = readEvent(Buffer.from(JSON.stringify(event)));
        expect(read).toMatchObject({ ok: true, event: { eventType, eventId: 'e1' } });
        expect(unsoundIn(read)).toEqual([]);
      }),
    );
  });
});

describe('what we ask', () => {
  const call = (fields: Partial<Call>): Call => ({
    ...{ at: 0, method: 'GET', path: '/v4/locations', query: {}, body: null, status: 200 },
    ...fields,
  });
  const message = {
    ...{ body: 'Hi', channel: { type: 'phone', identifier: PHONE }, locationUid: NORTHSIDE },
    ...{ senderName: 'Robot' },
  };

  it.each<[string, Partial<Call>]>([
    ['an unknown path', { path: '/v4/location' }],
    ['a method that a path does not have', { method: 'DELETE' }],
    ['a parameter that nobody knows', { query: { page: '2' } }],
    ['a parameter of another type', { query: { limit: 'all' } }],
    ['a parameter above its maximum', { query: { limit: '101' } }],
    ['a uid that is none', { method: 'PUT', path: '/v4/conversations/s1', body: { closed: true } }],
    ['no body', { method: 'POST', path: '/v4/messages' }],
    ['a body where none is known', { body: {} }],
    ['a field missing', { method: 'POST', path: '/v4/messages', body: { ...message, body: undefined } }],
    ['a field that nobody knows', { method: 'POST', path: '/v4/messages', body: { ...message, to: PHONE } }],
    [
      'a field that nobody knows, further in',
      { method: 'POST', path: '/v4/messages', body: { ...message, channel: { ...message.channel, a: 1 } } },
    ],
    [
      'null where there must be a text',
      { method: 'POST', path: '/v4/messages', body: { ...message, senderName: null } },
    ],
    [
      'a wrong field beside a file',
      {
        ...{ method: 'POST', path: '/v4/messages/attachment' },
        ...{ body: { data: { ...message, setOpenInbox: true }, attachment: null } },
      },
    ],
    [
      'a phone in local form for a contact',
      {
        ...{ method: 'POST', path: '/v4/contacts' },
        ...{ body: { name: 'Jane', locations: [NORTHSIDE], phoneNumber: '0400 123 456' } },
      },
    ],
    ["the other contract's call", { method: 'POST', path: `/v4/conversations/${CONVERSATION}/close` }],
  ])('is told when it has %s', (_, fields) => {
    expect(() => expectValidByOpenApi([call(fields)])).toThrow("Podium's OpenAPI files");
  });

  it('may have what the files have', () => {
    const calls = [
      call({ query: { limit: '100', cursor: 'two' } }),
      call({ method: 'POST', path: '/v4/messages', body: message }),
      call({ method: 'POST', path: '/oauth/token', body: { grant_type: 'refresh_token' } }),
      call({ method: 'POST', path: '/v4/contacts/transactional/opt_out', body: { newer: true } }),
    ];
    expect(() => expectValidByOpenApi(calls)).not.toThrow();
  });
});

test('whatever is asked for is asked as the files want it', async () => {
  const server = await startSmallServer((_, response) => json(response, 200, { data: [] }));
  const tokens = { current: async () => 'token', renewed: async () => 'token', accepted: () => undefined };
  const options = { tokens, limits: ownLimits(), timeoutMs: 20_000, logger };
  const podium = createPodium({ contract: 'published', apiUrl: server.url, ...options });
  const any = fc.record({
    phone: fc.stringMatching(/^\+[1-9][0-9]{6,14}$/),
    uid: fc.uuid(),
    text: fc.string({ unit: 'binary' }),
    at: fc.date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true }),
    direction: fc.constantFrom('inbound', 'outbound'),
    optedOut: fc.boolean(),
    eventTypes: fc.subarray(['message.received', 'message.sent', 'contact.merged'], { minLength: 1 }),
  });
  try {
    await fc.assert(
      fc.asyncProperty(any, async ({ phone, uid, text, at, direction, optedOut, eventTypes }) => {
        server.requests.length = 0;
        const to = { phone, locationUid: uid, conversationUid: uid, body: text, senderName: text };
        const file = { ...attachment.file, name: text, contentType: text };
        const hook = {
          url: `https://handler.example.com/${encodeURIComponent(text)}`,
          eventTypes,
          secret: text,
        };
        const asked = [
          () => podium.listLocations(),
          () => podium.findContact(phone, uid),
          () => podium.createContact({ phone, locationUid: uid, name: text }),
          () => podium.sendMessage(to),
          () => podium.sendAttachment({ ...to, file }),
          () => podium.importMessage({ ...to, contactName: text, direction, at }),
          () => podium.readConversation!(uid),
          () => podium.pageOfConversations(uid, text),
          () => podium.pageOfMessages(uid, text),
          () => podium.addNote(uid, text, text),
          () => podium.closeConversation(uid),
          () => podium.listWebhooks(),
          () => podium.createWebhook({ ...hook, organizationUid: uid }),
          () => podium.updateWebhook(uid, { ...hook, disabled: optedOut }),
          () => podium.deleteWebhook(uid),
        ];
        for (const ask of asked)
          await ask().catch((error: unknown) => expect(error).toBeInstanceOf(PodiumError));
        expect(server.requests).toHaveLength(asked.length);
        expectValidByOpenApi(await Promise.all(server.requests.map(asLogged)));
      }),
      { numRuns: 30 },
    );
  } finally {
    await server.close();
  }
});

/** A request as the simulator's log of calls has it. */
async function asLogged({ method, url, headers, raw, body }: SeenRequest): Promise<Call> {
  const { pathname, searchParams } = new URL(url, 'http://podium');
  const contentType = headers['content-type'] ?? '';
  const form = contentType.startsWith('multipart')
    ? await new Response(new Uint8Array(raw), { headers: { 'content-type': contentType } }).formData()
    : null;
  return {
    ...{ at: 0, status: 200, method, path: decodeURIComponent(pathname) },
    query: Object.fromEntries(searchParams),
    body: form
      ? { data: JSON.parse(form.get('data') as string), attachment: form.get('attachment') }
      : (body ?? null),
  };
}

test('what the simulator answers is what the files say', async () => {
  const simulator = await startSimulator();
  try {
    const podium = await podiumCaller(simulator.url);
    await simulator.set({ contact_delay_ms: 0 });
    const { conversation_uid: uid } = await simulator.customerWrites({
      ...{ phone: '0400 123 456', location_uid: NORTHSIDE, body: 'Hello', name: 'Jane' },
    });
    const say = { body: 'Hi', channel: { type: 'phone', identifier: PHONE }, locationUid: NORTHSIDE };
    const form = new FormData();
    form.set('data', JSON.stringify(say));
    form.set('attachment', new Blob(['abc'], { type: 'image/png' }), 'car.png');
    const imported = {
      ...{ ...say, contactName: 'Jane', direction: 'inbound' },
      publishedAt: new Date().toISOString(),
    };
    const created = await podium('POST', '/v4/webhooks', { ...webhook, locationUid: BAYVIEW });
    const { uid: webhookUid } = created.body.data as { uid: string };
    expect(problemsOfResponse('POST', '/v4/webhooks', '200', created.body)).toEqual([]);

    const calls: [method: string, template: string, path: string, body?: unknown][] = [
      ['GET', '/v4/locations', '/v4/locations?limit=3'],
      ['POST', '/v4/contacts', '/v4/contacts', { name: 'Jane', locations: [NORTHSIDE], phoneNumber: PHONE }],
      ['GET', '/v4/contacts/{identifier}', `/v4/contacts/${encodeURIComponent(PHONE)}`],
      ['POST', '/v4/messages', '/v4/messages', say],
      ['POST', '/v4/messages/attachment', '/v4/messages/attachment', form],
      ['POST', '/v4/import/messages', '/v4/import/messages', imported],
      ['GET', '/v4/conversations/{conversation_uid}/messages', `/v4/conversations/${uid}/messages`],
      [
        'POST',
        '/v4/conversations/{uid}/notes',
        `/v4/conversations/${uid}/notes`,
        { body: 'A note', senderName: 'R' },
      ],
      ['PUT', '/v4/conversations/{uid}', `/v4/conversations/${uid}`, { closed: true }],
      ['GET', '/v4/webhooks', '/v4/webhooks'],
      ['PUT', '/v4/webhooks/{uid}', `/v4/webhooks/${webhookUid}`, { disabled: true }],
      ['DELETE', '/v4/webhooks/{uid}', `/v4/webhooks/${webhookUid}`],
    ];
    for (const [method, template, path, body] of calls) {
      const answer = await podium(method, path, body);
      const problems = problemsOfResponse(method, template, String(answer.status), answer.body);
      expect([method, template, problems]).toEqual([method, template, []]);
    }

    // Here the schema says one conversation, and Podium's words "list all conversations".
    const { body } = await podium('GET', `/v4/conversations?locationUid=${NORTHSIDE}`);
    const [first] = body.data as unknown[];
    expect(problemsOfResponse('GET', '/v4/conversations', '200', { ...body, data: first })).toEqual([]);
    expectValidByOpenApi(await simulator.calls());
  } finally {
    await simulator.stop();
  }
});

/** Where a result holds what no type of ours has: a time that is none. */
function unsoundIn(value: unknown, path = ''): string[] {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? [path] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) => unsoundIn(each, `${path}/${name}`));
}
