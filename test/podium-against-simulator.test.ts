/**
 * The client against the simulator, which was written from the same documents by other hands and shares
 * no code with it: where the two agree, the contract was understood.
 */
import pino from 'pino';
import type { Contract } from '../core/events';
import { createAccessTokens } from '../podium/access-token';
import type { PodiumApi, PodiumError } from '../podium/api';
import { createPodium } from '../podium/client';
import { beginVerification } from '../podium/signature';
import { readEvent } from '../podium/webhook-event';
import { ownLimits } from './support/call-limits';
import { MemoryTokens } from './support/memory-tokens';
import { json, startSmallServer, type SmallServer } from './support/small-server';
import { ARCHIVED, BAYVIEW, credentials, NO_COUNTRY, NORTHSIDE, startSimulator } from './support/simulator';

const PHONE = '+61400123456';
const OTHER_PHONE = '+61412345678';
const SECRET = 'rehearsal';
const logger = pino({ level: 'silent' });

describe.each<Contract>(['published', 'skill'])('the %s contract', (contract) => {
  let simulator: Awaited<ReturnType<typeof startSimulator>>;
  let receiver: SmallServer;
  let podium: PodiumApi;
  let store: MemoryTokens;

  beforeEach(async () => {
    receiver = await startSmallServer((_, response) => json(response, 200, {}));
    simulator = await startSimulator({ contract, webhook: { url: receiver.url, secret: SECRET } });
    store = new MemoryTokens();
    const tokens = createAccessTokens({
      tokenUrl: `${simulator.url}/oauth/token`,
      ...credentials,
      store,
      timeoutMs: 2_000,
      logger,
    });
    podium = createPodium({
      ...{ contract, apiUrl: simulator.url, tokens, limits: ownLimits(), timeoutMs: 2_000, logger },
    });
  });
  afterEach(async () => {
    await simulator.stop();
    await receiver.close();
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

  it('says before a send that Podium has paused it, and makes all other calls', async () => {
    const { conversation_uid: conversationUid } = await customerWrites();
    await podium.prepare('sendMessage');
    const path = '^/v4/(messages|conversations/.*/messages)$';
    await simulator.fault({ method: 'POST', path, status: 429, headers: { 'retry-after': '30' } });
    expect(await errorOf(send(conversationUid))).toMatchObject({ kind: 'throttled' });
    const held = await errorOf(podium.prepare('sendMessage'));
    expect(held).toMatchObject({ kind: 'throttled' });
    expect(held!.details.retryAfterMs).toBeGreaterThan(28_000);
    await podium.addNote(conversationUid, 'A note.', 'Robot');
    expect(await podium.listMessages(conversationUid)).toHaveLength(1);
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
      expect(start.verifier.finish(Date.now())).toEqual({ ok: true });
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
      const tokens = createAccessTokens({ tokenUrl, ...credentials, store, timeoutMs: 2_000, logger });
      const podium = createPodium({
        contract: 'skill',
        apiUrl: simulator.url,
        tokens,
        limits: ownLimits(),
        timeoutMs: 2_000,
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
