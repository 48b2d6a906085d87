import { podiumCaller } from '../test/support/podium-caller';
import { BAYVIEW, NORTHSIDE, startSimulator } from '../test/support/simulator';
import { startWebhookReceiver, type WebhookReceiver } from '../test/support/webhook-receiver';
import { signPublished, signSkill } from './sign';

const SECRET = 'rehearsal';
const OWN_WEBHOOK = '3b000000-0000-4000-8000-000000000001';

let simulator: Awaited<ReturnType<typeof startSimulator>>;
let receiver: WebhookReceiver;

beforeEach(async () => {
  receiver = await startWebhookReceiver();
  // The first retry comes after 10 s of Podium's time, here after 1 ms.
  simulator = await startSimulator({ webhook: { url: receiver.url, secret: SECRET }, timeScale: 10_000 });
});
afterEach(async () => {
  await simulator.stop();
  receiver.stop();
});

const write = (body: string, location_uid: string | null = NORTHSIDE) =>
  simulator.customerWrites({ phone: '0412 345 678', location_uid, body, name: 'Jane' });
const bodies = () => receiver.posts.map(({ json }) => json.data.body);
const webhook = async () => (await simulator.state()).webhooks.find(({ uid }) => uid === OWN_WEBHOOK)!;
const posts = (count: number) =>
  simulator.until(`${count} posts`, async () => receiver.posts.length >= count && receiver.posts);

test("a customer's message comes signed, in the published shape, with the phone as it was typed", async () => {
  const { event_uid, message_uid, conversation_uid } = await write('Can I book a test drive?');
  const [post] = await posts(1);
  expect(post!.json).toMatchObject({
    data: {
      uid: message_uid,
      body: 'Can I book a test drive?',
      contact: { name: 'Jane' },
      conversation: { uid: conversation_uid, channel: { type: 'phone', identifier: '0412 345 678' } },
      location: { uid: NORTHSIDE, organizationUid: '1f000000-0000-4000-8000-000000000001' },
      webchatUrl: expect.any(String),
    },
    metadata: { eventType: 'message.received', eventUid: event_uid, version: '2021.04.01' },
  });
  const timestamp = post!.headers['podium-timestamp'] as string;
  expect(timestamp).toMatch(/^\d{13}$/);
  expect(post!.headers).toMatchObject(signPublished(SECRET, post!.body, timestamp));
});

test('with the skill contract it comes in its shape, with one header and a time in seconds', async () => {
  await simulator.set({ contract: 'skill' });
  const { event_uid, conversation_uid } = await write('Hello');
  const [post] = await posts(1);
  expect(post!.json).toEqual({
    id: event_uid,
    event_type: 'webchat.message.received',
    data: {
      from: '0412 345 678',
      body: 'Hello',
      location_uid: NORTHSIDE,
      country: 'AU',
      session_uid: conversation_uid,
      attachments: [],
    },
  });
  const header = post!.headers['x-podium-signature'] as string;
  const seconds = /^t=(\d{10}),v1=/.exec(header)![1]!;
  expect(header).toBe(signSkill(SECRET, post!.body, seconds)['x-podium-signature']);
});

test('a text message has no address of a website, and a message may name no location', async () => {
  await simulator.customerWrites({ phone: '0412 345 678', location_uid: null, body: 'Hi', webchat: false });
  const [post] = await posts(1);
  expect(post!.json.data).toMatchObject({ webchatUrl: null, location: { uid: null } });
});

test("the API's own send comes back as sent by the API's user, an agent's by somebody else", async () => {
  const podium = await podiumCaller(simulator.url);
  const { conversation_uid } = await write('Hello');
  const sent = await podium('POST', '/v4/messages', {
    body: 'From the robot',
    channel: { type: 'phone', identifier: '+61412345678' },
    locationUid: NORTHSIDE,
  });
  await simulator.agentWrites({ conversation_uid, body: 'From a person' });
  await simulator.agentWrites({ conversation_uid, body: 'We are closed', sender_uid: null });
  const [, echo, agent, automatic] = await posts(4);
  expect(echo!.json).toMatchObject({
    data: { uid: sent.body.data.uid, senderUid: 'a9100000-0000-4000-8000-000000000001' },
    metadata: { eventType: 'message.sent' },
  });
  expect(agent!.json.data.senderUid).toEqual(expect.any(String));
  expect(agent!.json.data.senderUid).not.toBe(echo!.json.data.senderUid);
  expect(automatic!.json.data.senderUid).toBeNull();
});

test('a message that cannot be delivered after all is told with its reason', async () => {
  const { conversation_uid } = await write('Hello');
  const { message_uid } = await simulator.agentWrites({ conversation_uid, body: 'Hi' });
  await fetch(`${simulator.url}/sim/messages/${message_uid}/fail`, { method: 'POST' });
  const [, , failed] = await posts(3);
  expect(failed!.json).toMatchObject({
    data: { uid: message_uid, failureReason: expect.stringContaining('landline') },
    metadata: { eventType: 'message.failed' },
  });
});

test('an opt-out inside Podium is told with the time of the contact', async () => {
  await simulator.setOptOut('+61412345678', true);
  const [post] = await posts(1);
  expect(post!.json).toMatchObject({
    data: {
      before: { channels: [{ identifier: '+61412345678', transactionalOptedOutAt: null }] },
      after: { channels: [{ identifier: '+61412345678', transactionalOptedOutAt: expect.any(String) }] },
    },
    metadata: { eventType: 'contact.updated' },
  });
});

test.each([201, 204, 302, 400, 500])(
  'an answer of %i is a failure, and the event comes again',
  async (status) => {
    receiver.answer = () => (receiver.posts.length === 1 ? status : 200);
    const { event_uid } = await write('Hello');
    await posts(2);
    expect(receiver.posts[1]!.json.metadata.eventUid).toBe(event_uid);
    const [delivery] = await simulator.until('its delivery', async () =>
      (await simulator.deliveries()).filter(({ state }) => state === 'delivered'),
    );
    expect(delivery!.attempts.map((attempt) => attempt.status)).toEqual([status, 200]);
  },
);

test('no answer within five seconds is a failure', async () => {
  receiver.answer = () => (receiver.posts.length === 1 ? new Promise(() => undefined) : 200);
  const { event_uid } = await write('Hello');
  await posts(2);
  const [delivery] = await simulator.deliveries();
  expect(delivery!.attempts[0]).toMatchObject({ status: null, error: expect.stringContaining('Timeout') });
  expect(delivery!.attempts[0]!.ms).toBeGreaterThanOrEqual(4_900);
  expect(delivery!.event_uid).toBe(event_uid);
});

test('while one event is retried all others wait, and then come in order', async () => {
  receiver.answer = () => (receiver.posts.length <= 3 ? 503 : 200);
  for (const body of ['one', 'two', 'three']) await write(body);
  await posts(6);
  expect(bodies()).toEqual(['one', 'one', 'one', 'one', 'two', 'three']);
});

test('after fifteen retries the webhook is disabled and its queue fills, until it is enabled', async () => {
  receiver.answer = () => 500;
  await write('one');
  await simulator.until('the end of the retries', async () => (await webhook()).disabled);
  expect(receiver.posts).toHaveLength(16);

  await write('two');
  expect(await webhook()).toMatchObject({ disabled: true, waiting: 2 });
  expect(receiver.posts).toHaveLength(16);

  // Once more it fails: all retries are ahead of it again.
  receiver.answer = () => (receiver.posts.length === 17 ? 500 : 200);
  await simulator.enableWebhook(OWN_WEBHOOK);
  await posts(19);
  expect(bodies().slice(16)).toEqual(['one', 'one', 'two']);
});

test('a webhook that waits for a retry tries at once when it is enabled', async () => {
  const slow = await startSimulator({ webhook: { url: receiver.url, secret: SECRET } });
  try {
    receiver.answer = () => (receiver.posts.length === 1 ? 500 : 200);
    await slow.customerWrites({ phone: '0412 345 678', location_uid: NORTHSIDE, body: 'Hello' });
    await slow.until('a failure', async () => (await slow.state()).webhooks[0]!.failures === 1);
    await slow.enableWebhook(OWN_WEBHOOK);
    await slow.until('its delivery', async () => (await slow.state()).webhooks[0]!.waiting === 0);
  } finally {
    await slow.stop();
  }
});

test('a retry carries the time of the first attempt, or its own when asked to', async () => {
  receiver.answer = () => (receiver.posts.length % 2 === 1 ? 500 : 200);
  const timestamps = () => receiver.posts.map(({ headers }) => headers['podium-timestamp']);
  await write('one');
  await posts(2);
  expect(timestamps()[1]).toBe(timestamps()[0]);

  await simulator.set({ retry_stamp: 'anew' });
  await write('two');
  await posts(4);
  expect(timestamps()[3]).not.toBe(timestamps()[2]);
});

test('a retry is signed with the secret of its first attempt, or with the new one when it is signed anew', async () => {
  const podium = await podiumCaller(simulator.url);
  const change = (secret: string) => podium('PUT', `/v4/webhooks/${OWN_WEBHOOK}`, { secret });
  const signedWith = (secret: string, { headers, body }: WebhookReceiver['posts'][number]) =>
    headers['podium-signature'] ===
    signPublished(secret, body, headers['podium-timestamp'] as string)['podium-signature'];
  receiver.answer = async () => {
    if (receiver.posts.length === 1) await change('second');
    if (receiver.posts.length === 3) await change('third');
    return receiver.posts.length % 2 === 1 ? 500 : 200;
  };
  await write('one');
  await posts(2);
  expect(signedWith(SECRET, receiver.posts[1]!)).toBe(true);

  await simulator.set({ retry_stamp: 'anew' });
  await write('two');
  await posts(4);
  expect(signedWith('second', receiver.posts[2]!)).toBe(true);
  expect(signedWith('third', receiver.posts[3]!)).toBe(true);
});

test('what is older than ten days when the webhook is enabled again does not come any more', async () => {
  await simulator.disableWebhook(OWN_WEBHOOK);
  const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
  for (const days of [11, 9])
    await simulator.customerWrites({
      ...{ phone: '0412 345 678', location_uid: NORTHSIDE, body: `${days} days ago` },
      at: daysAgo(days),
    });
  await simulator.enableWebhook(OWN_WEBHOOK);
  await posts(1);
  expect(bodies()).toEqual(['9 days ago']);
  expect((await simulator.deliveries()).map(({ state }) => state)).toEqual(['expired', 'delivered']);
});

test('with a duplicate rate of one every event comes twice', async () => {
  await simulator.set({ duplicate_rate: 1 });
  await write('one');
  await write('two');
  await posts(4);
  expect(bodies()).toEqual(['one', 'one', 'two', 'two']);
});

test('an event can be delivered again, many times at once, and tells what was answered', async () => {
  const { event_uid } = await write('Hello');
  await posts(1);
  const attempts = await simulator.redeliver(event_uid, 10);
  expect(attempts).toHaveLength(10);
  expect(attempts[0]).toMatchObject({ status: 200, answer: '{"status":"noted"}' });
  expect(new Set(receiver.posts.map(({ body }) => body)).size).toBe(1);
  expect(receiver.posts).toHaveLength(11);
});

test("a location's webhook gets its own location only, beside the organization's", async () => {
  const podium = await podiumCaller(simulator.url);
  const { body } = await podium('POST', '/v4/webhooks', {
    eventTypes: ['message.received'],
    url: `${receiver.url}bayview`,
    locationUid: BAYVIEW,
  });
  await write('north', NORTHSIDE);
  await write('bay', BAYVIEW);
  await posts(3);
  await simulator.until('empty queues', async () =>
    (await simulator.state()).webhooks.every(({ waiting }) => waiting === 0),
  );
  expect(bodies().sort()).toEqual(['bay', 'bay', 'north']);
  // Made without a secret, it is not signed.
  expect(receiver.posts.filter(({ headers }) => headers['podium-signature'] === undefined)).toHaveLength(1);

  const eventUids = receiver.posts.map(({ json }) => json.metadata.eventUid);
  expect(new Set(eventUids).size).toBe(3);

  await podium('DELETE', `/v4/webhooks/${body.data.uid}`);
  expect((await podium('GET', '/v4/webhooks')).body.data).toHaveLength(1);
});

test('any bytes can be signed and posted, with a wrong secret and without a signature too', async () => {
  await simulator.postRaw({ body: 'not JSON' });
  await simulator.postRaw({ body_base64: Buffer.from([0xff, 0x00]).toString('base64'), contract: 'skill' });
  await simulator.postRaw({ body: 'x', secret: null });
  const answer = await simulator.postRaw({
    body: 'x',
    signed_at: 7,
    headers: { 'Podium-Signature': 'beef' },
  });
  const [broken, bytes, unsigned, forged] = receiver.posts;
  expect(broken!.headers).toMatchObject(
    signPublished(SECRET, 'not JSON', broken!.headers['podium-timestamp'] as string),
  );
  expect(bytes!.headers['x-podium-signature']).toMatch(/^t=\d{10},v1=[0-9a-f]{64}$/);
  expect(unsigned!.headers['podium-signature']).toBeUndefined();
  expect(forged!.headers).toMatchObject({ 'podium-timestamp': '7', 'podium-signature': 'beef' });
  expect(answer).toMatchObject({ status: 200, answer: '{"status":"noted"}' });
});
