/**
 * The client against the simulator, which was written from the same documents by other hands and shares
 * no code with it: where the two agree, the contract was understood.
 */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import pino from 'pino';
import { conversationOf } from '../activities/conversation';
import type { Contract } from '../core/events';
import { createAccessTokens } from '../podium/access-token';
import type { PodiumApi, PodiumError } from '../podium/api';
import { createPodium } from '../podium/client';
import { beginVerification } from '../podium/signature';
import { readEvent } from '../podium/webhook-event';
import { ownLimits } from './support/call-limits';
import { MemoryTokens } from './support/memory-tokens';
import { expectValidByOpenApi } from './support/openapi';
import { json, startSmallServer, type SmallServer } from './support/small-server';
import { ARCHIVED, BAYVIEW, credentials, NO_COUNTRY, NORTHSIDE, startSimulator } from './support/simulator';

const PHONE = '+61400123456';
const OTHER_PHONE = '+61412345678';
const SECRET = 'rehearsal';
/** Nothing here is about an answer that comes late. */
const PATIENT_MS = 20_000;
const logger = pino({ level: 'silent' });

describe.each<Contract>(['published', 'skill'])('the %s contract', (contract) => {
  let simulator: Awaited<ReturnType<typeof startSimulator>>;
  let receiver: SmallServer;
  let podium: PodiumApi;
  let limits: ReturnType<typeof ownLimits>;
  let store: MemoryTokens;

  beforeEach(async () => {
    receiver = await startSmallServer((_, response) => json(response, 200, {}));
    simulator = await startSimulator({ contract, webhook: { url: receiver.url, secret: SECRET } });
    store = new MemoryTokens();
    const tokens = createAccessTokens({
      tokenUrl: `${simulator.url}/oauth/token`,
      ...credentials,
      store,
      timeoutMs: PATIENT_MS,
      logger,
    });
    limits = ownLimits();
    podium = createPodium({
      ...{ contract, apiUrl: simulator.url, tokens, limits, timeoutMs: PATIENT_MS, logger },
    });
  });
  afterEach(async () => {
    const calls = await simulator.calls();
    await simulator.stop();
    await receiver.close();
    expectValidByOpenApi(calls, contract);
  });

  const customerWrites = () =>
    simulator.customerWrites({
      phone: '0400 123 456',
      location_uid: NORTHSIDE,
      body: 'Hello',
      name: 'Jane Citizen',
    });
  const create = () => podium.createContact({ phone: PHONE, locationUid: NORTHSIDE, name: 'Jane Citizen' });
  const send = (conversationUid: string, body = 'Hi Jane') =>
    podium.sendMessage({ phone: PHONE, locationUid: NORTHSIDE, conversationUid, body, senderName: 'Robot' });
  const errorOf = (promise: Promise<unknown>) =>
    promise.then(
      () => null,
      (error: unknown) => error as PodiumError,
    );

  it('gives every location, beyond the first page', async () => {
    const locations = await podium.listLocations();
    expect(locations.length).toBeGreaterThan(10);
    const byUid = new Map(locations.map((location) => [location.uid, location]));
    expect(byUid.get(NORTHSIDE)).toMatchObject({ name: 'Northside Motors', country: 'AU', archived: false });
    expect(byUid.get(BAYVIEW)).toMatchObject({ country: 'US', archived: false });
    expect(byUid.get(ARCHIVED)).toMatchObject({ archived: true });
    expect(byUid.get(NO_COUNTRY)).toMatchObject({ country: null });
  });

  it('finds no contact, creates one, and finds it', async () => {
    const { conversation_uid } = await customerWrites();
    expect(await podium.findContact(PHONE, NORTHSIDE)).toBeNull();
    const { uid } = await create();
    await simulator.set({ contact_delay_ms: 0 });

    let found = await podium.findContact(PHONE, NORTHSIDE);
    // A 202 of the published contract promises nothing about now.
    while (found === null) found = await podium.findContact(PHONE, NORTHSIDE);
    expect(found).toMatchObject({
      name: 'Jane Citizen',
      phones: [PHONE],
      locationUids: [NORTHSIDE],
      conversationUids: [conversation_uid],
      optedOutAt: null,
      updatedAt: expect.any(Date),
    });
    expect(uid).toBe(contract === 'skill' ? found.uid : null);
    expect((await simulator.state(PHONE)).contacts).toHaveLength(1);
  });

  it('settles who was first: joined when published, a conflict in the skill', async () => {
    await create();
    const error = await errorOf(create());
    expect(error?.kind ?? 'joined').toBe(contract === 'skill' ? 'conflict' : 'joined');
    expect((await simulator.state(PHONE)).contacts).toHaveLength(1);
  });

  it('sends into the conversation, and shows what was sent first', async () => {
    const { conversation_uid } = await customerWrites();
    const sent = await send(conversation_uid);
    expect(sent).toEqual({
      messageUid: expect.any(String),
      conversationUid: conversation_uid,
      at: expect.any(Date),
    });
    const [newest, oldest] = await podium.listMessages(conversation_uid);
    expect(newest).toMatchObject({ uid: sent.messageUid, body: 'Hi Jane', direction: 'outbound' });
    expect(oldest).toMatchObject({ body: 'Hello', direction: 'inbound', senderUid: null });
  });

  it('tells at which store each conversation of a customer is', async () => {
    const uids: string[] = [];
    for (const location_uid of [BAYVIEW, NORTHSIDE]) {
      const { conversation_uid } = await simulator.customerWrites({ phone: PHONE, location_uid, body: 'Hi' });
      uids.push(conversation_uid);
    }
    await simulator.addContact({ phone: PHONE, location_uids: [BAYVIEW, NORTHSIDE] });
    const customer = { phone: PHONE, locationUid: NORTHSIDE };
    expect(await conversationOf(podium, customer, null)).toBe(uids[1]);
    expect(await conversationOf(podium, customer, uids[1]!)).not.toBe(uids[0]);
    if (!podium.readConversation) return;
    expect(await podium.readConversation(uids[0]!)).toMatchObject({
      ...{ uid: uids[0], locationUid: BAYVIEW, channel: 'phone', lastItemAt: expect.any(Date) },
    });
    expect(await podium.readConversation(randomUUID())).toBeNull();
  });

  it('lists the conversations of a location and no other, page by page', async () => {
    const phones = Array.from({ length: 101 }, (_, n) => `+614125${String(n).padStart(5, '0')}`);
    await Promise.all(
      phones.map((phone) => simulator.customerWrites({ phone, location_uid: NORTHSIDE, body: 'Hello' })),
    );
    await simulator.customerWrites({ phone: PHONE, location_uid: BAYVIEW, body: 'Hello' });

    const first = await podium.pageOfConversations(NORTHSIDE, null);
    expect(first.items).toHaveLength(100);
    expect(first.items[0]).toMatchObject({
      ...{ uid: expect.any(String), locationUid: NORTHSIDE, channel: 'phone', closed: false },
      ...{ identifier: expect.any(String), lastItemAt: expect.any(Date) },
    });
    const last = await podium.pageOfConversations(NORTHSIDE, first.nextCursor);
    expect([last.items.length, last.nextCursor]).toEqual([1, null]);
    const identifiers = [...first.items, ...last.items].map(({ identifier }) => identifier);
    expect(identifiers.sort()).toEqual(phones);
  });

  it('gives the messages of a conversation page by page, as they are', async () => {
    let conversationUid = '';
    for (let n = 1; n <= 11; n++) {
      const message = { phone: PHONE, location_uid: NORTHSIDE, body: `Message ${n}` };
      conversationUid = (await simulator.customerWrites(message)).conversation_uid;
    }
    const first = await podium.pageOfMessages(conversationUid, null);
    const last = await podium.pageOfMessages(conversationUid, first.nextCursor);
    const items = [...first.items, ...last.items];
    expect(items.map(({ body }) => body).reverse()).toEqual(
      Array.from({ length: 11 }, (_, n) => `Message ${n + 1}`),
    );
    expect(last.items).toHaveLength(1);
    expect(last.items[0]?.raw).toMatchObject({
      body: 'Message 1',
      conversation: { uid: conversationUid, channel: { identifier: PHONE } },
      location: { uid: NORTHSIDE },
    });
  });

  it('sends a file to the customer, streamed', async () => {
    const { conversation_uid } = await customerWrites();
    const size = 5_000_000;
    const open = () => Readable.from(Array.from({ length: 5 }, () => Buffer.alloc(size / 5, 1)));
    const attachment = {
      ...{ phone: PHONE, locationUid: NORTHSIDE, conversationUid: conversation_uid },
      ...{ body: 'The price list', senderName: 'Robot' },
      file: { name: 'prices.pdf', contentType: 'application/pdf', size, open },
    };
    const sent = await podium.sendAttachment(attachment);
    expect(sent).toMatchObject({ messageUid: expect.any(String), conversationUid: conversation_uid });
    const conversation = await simulator.conversation(PHONE, NORTHSIDE);
    expect(conversation?.messages.at(-1)).toMatchObject({
      uid: sent.messageUid,
      body: 'The price list',
      attachments: [{ name: 'prices.pdf', content_type: 'application/pdf', size_bytes: size }],
    });
    if (contract === 'skill') await podium.forwardCustomerFile!(attachment);
    else expect(podium.forwardCustomerFile).toBeNull();
  });

  it('records what was said elsewhere, and texts nobody', async () => {
    const { conversation_uid } = await customerWrites();
    const at = new Date(Date.now() - 60_000);
    const imported = await podium.importMessage({
      ...{ phone: PHONE, locationUid: NORTHSIDE, contactName: 'Jane Citizen' },
      ...{ direction: 'inbound', body: 'Said on the website', at },
    });
    expect(imported).toEqual({ messageUid: expect.any(String), conversationUid: conversation_uid, at });
    const conversation = await simulator.conversation(PHONE, NORTHSIDE);
    expect(conversation?.messages.at(-1)).toMatchObject({ from: 'import', direction: 'inbound' });
  });

  it('makes, changes, lists and deletes webhooks', async () => {
    const fields = { url: receiver.url, eventTypes: ['message.received'], secret: 'another' };
    const made = await podium.createWebhook({ ...fields, locationUid: BAYVIEW });
    expect(made).toMatchObject({ url: receiver.url, locationUid: BAYVIEW, disabled: false });
    await podium.updateWebhook(made.uid, { eventTypes: ['message.received', 'message.sent'] });
    expect(await podium.updateWebhook(made.uid, { disabled: true })).toMatchObject({
      disabled: true,
      eventTypes: ['message.received', 'message.sent'],
    });
    const listed = await podium.listWebhooks();
    expect(listed.map(({ locationUid, disabled }) => [locationUid, disabled])).toEqual([
      [null, false],
      [BAYVIEW, true],
    ]);
    expect(listed[0]?.organizationUid).toEqual(expect.any(String));
    await podium.deleteWebhook(made.uid);
    expect(await podium.listWebhooks()).toHaveLength(1);
    expect(JSON.stringify(await simulator.calls())).not.toContain('another');
  });

  it('takes notes and closes', async () => {
    const { conversation_uid } = await customerWrites();
    await podium.addNote(conversation_uid, 'Wants a test drive', 'Robot');
    await podium.closeConversation(conversation_uid);
    expect(await simulator.conversation(PHONE, NORTHSIDE)).toMatchObject({
      closed: true,
      notes: [{ body: 'Wants a test drive', sender_name: 'Robot' }],
    });
  });

  it('mirrors an opt-out where that is permitted, and shows it', async () => {
    await customerWrites();
    await simulator.set({ contact_delay_ms: 0 });
    const { uid } = await create();
    if (contract === 'published') {
      const refused = await errorOf(podium.setOptOut(PHONE, NORTHSIDE, true, uid));
      expect(refused?.kind).toBe('not_permitted');
      await simulator.set({ opt_out_whitelisted: true });
    }
    await podium.setOptOut(PHONE, NORTHSIDE, true, uid);
    expect((await podium.findContact(PHONE, NORTHSIDE))?.optedOutAt).toEqual(expect.any(Date));
    await podium.setOptOut(PHONE, NORTHSIDE, false, uid);
    expect((await podium.findContact(PHONE, NORTHSIDE))?.optedOutAt).toBeNull();
  });

  describe('after a 429', () => {
    const SENDS = '^/v4/(messages|messages/attachment|conversations/.*/messages)$';
    const attachment = (conversationUid: string) => ({
      ...{ phone: PHONE, locationUid: NORTHSIDE, conversationUid, body: 'Hi Jane', senderName: 'Robot' },
      file: { name: 'a.txt', contentType: 'text/plain', size: 1, open: () => Readable.from(['a']) },
    });

    it.each([
      ['seconds', { 'retry-after': '30' }, 30],
      ['a date', { 'retry-after': new Date(Date.now() + 600_000).toUTCString() }, 600],
      ['the reset of its limit', { 'ratelimit-reset': '40' }, 40],
      ['nothing', {}, 5],
    ])('that says %s, it says before a send how long that is paused', async (_, headers, seconds) => {
      const { conversation_uid } = await customerWrites();
      await simulator.fault({ method: 'POST', path: SENDS, status: 429, headers });
      expect(await errorOf(send(conversation_uid))).toMatchObject({ kind: 'throttled' });
      const held = await errorOf(podium.prepare('sendMessage'));
      expect(held).toMatchObject({ kind: 'throttled', details: { mayHaveHappened: false } });
      expect(held!.details.retryAfterMs! / 1000).toBeLessThanOrEqual(seconds);
      expect(held!.details.retryAfterMs! / 1000).toBeGreaterThan(seconds > 100 ? seconds / 2 : seconds - 5);
    });

    it('to a text, files may be sent, and the other way round', async () => {
      const { conversation_uid: conversationUid } = await customerWrites();
      const kinds = {
        sendMessage: () => send(conversationUid),
        sendAttachment: () => podium.sendAttachment(attachment(conversationUid)),
      };
      for (const [paused, other] of [
        ['sendMessage', 'sendAttachment'],
        ['sendAttachment', 'sendMessage'],
      ] as const) {
        limits.pausedUntil.clear();
        await podium.prepare(paused);
        await simulator.fault({ path: SENDS, status: 429, headers: { 'retry-after': '30' } });
        expect(await errorOf(kinds[paused]())).toMatchObject({ kind: 'throttled' });
        expect(await errorOf(podium.prepare(paused))).toMatchObject({ kind: 'throttled' });
        await podium.prepare(other);
        await kinds[other]();
      }
      await podium.addNote(conversationUid, 'A note.', 'Robot');
      expect(await podium.listMessages(conversationUid)).toHaveLength(3);
    });
  });

  it('is prepared by a token, and the call after that needs no other', async () => {
    await podium.prepare('sendMessage');
    await podium.prepare('sendMessage');
    await podium.listLocations();
    const paths = (await simulator.calls()).map(({ path }) => path);
    expect(paths.filter((path) => path.includes('token'))).toHaveLength(1);
    expect(paths[0]).toBe('/oauth/token');
    expect(paths[1]).toBe('/v4/locations');
  });

  it('ends tokens in the middle: a write is left to its next attempt, which has a new token', async () => {
    const { conversation_uid } = await customerWrites();
    await podium.listLocations();
    await simulator.expireTokens();
    expect(await errorOf(send(conversation_uid))).toMatchObject({
      kind: 'unauthenticated',
      details: { mayHaveHappened: false },
    });
    expect(await podium.listMessages(conversation_uid)).toHaveLength(1);
    await send(conversation_uid);
    const sends = (await simulator.calls()).filter(
      ({ method, path }) => method === 'POST' && path.endsWith('messages'),
    );
    expect(sends.map(({ status }) => status)).toMatchObject([401, expect.any(Number)]);
  });

  it('ends tokens in the middle of reading, and nobody notices', async () => {
    await podium.listLocations();
    await simulator.expireTokens();
    await podium.listLocations();
    const statuses = (await simulator.calls()).map(({ path, status }) => [path, status]);
    expect(statuses.filter(([path, status]) => path === '/v4/locations' && status === 401)).toHaveLength(1);
    // Each use replaces the refresh token in the skill contract, so the second one has worked with the stored one.
    expect(store.refreshTokens).toHaveLength(contract === 'skill' ? 2 : 0);
  });

  it('says how long to wait when there were too many calls', async () => {
    await podium.listLocations();
    await simulator.set({ ratelimit_per_minute: 1 });
    const error = await errorOf(podium.listLocations());
    expect(error).toMatchObject({ kind: 'throttled', details: { status: 429, mayHaveHappened: false } });
    expect(error?.details.retryAfterMs).toBeGreaterThanOrEqual(1_000);
  });

  it('can lose the answer to a message that was sent: reading the conversation tells', async () => {
    const { conversation_uid } = await customerWrites();
    await podium.listLocations(); // has a token, so that the fault hits the send
    await simulator.fault({ method: 'POST', path: 'messages$', drop: 'after' });
    const error = await errorOf(send(conversation_uid, 'Did this leave?'));
    expect(error).toMatchObject({ kind: 'unreachable', details: { mayHaveHappened: true } });
    const bodies = (await podium.listMessages(conversation_uid)).map(({ body }) => body);
    expect(bodies).toEqual(['Did this leave?', 'Hello']);
  });

  it('signs its events so that they verify, and they read as what happened', async () => {
    const { conversation_uid, message_uid, event_uid } = await customerWrites();
    await send(conversation_uid);
    await simulator.until('both deliveries', async () => receiver.requests.length >= 2);

    const rules = { secrets: [SECRET], replayWindowSeconds: 60, clockSkewSeconds: 60 };
    const events = receiver.requests.map(({ headers, raw }) => {
      const start = beginVerification(headers, rules);
      if (!start.ok) throw new Error(start.failure.code);
      start.verifier.update(raw);
      expect(start.verifier.finish(Date.now())).toMatchObject({ ok: true });
      return readEvent(raw);
    });
    const conversation = { conversationUid: conversation_uid, locationUid: NORTHSIDE, phone: '0400 123 456' };
    const received = {
      ...conversation,
      kind: 'customer_message',
      eventId: event_uid,
      text: 'Hello',
      webchat: true,
    };
    expect(events).toMatchObject([
      {
        ok: true,
        event:
          contract === 'skill'
            ? { ...received, contract: 'skill', country: 'AU', messageUid: null, at: null, name: null }
            : { ...received, contract, messageUid: message_uid, at: expect.any(Date), name: 'Jane Citizen' },
      },
      { ok: true, event: { ...conversation, kind: 'store_message', text: 'Hi Jane', webchat: false } },
    ]);
  });
});

describe('the skill contract alone', () => {
  it("ignores a filter it does not know, and another person's contact is not taken", async () => {
    const simulator = await startSimulator({ contract: 'skill' });
    try {
      const store = new MemoryTokens();
      const tokenUrl = `${simulator.url}/oauth/token`;
      const tokens = createAccessTokens({ tokenUrl, ...credentials, store, timeoutMs: PATIENT_MS, logger });
      const podium = createPodium({
        contract: 'skill',
        apiUrl: simulator.url,
        tokens,
        limits: ownLimits(),
        timeoutMs: PATIENT_MS,
        logger,
      });
      await podium.createContact({ phone: OTHER_PHONE, locationUid: NORTHSIDE, name: 'John Citizen' });
      await simulator.set({ contacts_filter_ignored: true });
      expect(await podium.findContact(PHONE, NORTHSIDE)).toBeNull();
      expect((await podium.findContact(OTHER_PHONE, NORTHSIDE))?.name).toBe('John Citizen');
    } finally {
      await simulator.stop();
    }
  });
});
