import { podiumCaller, type PodiumCaller } from '../../test/support/podium-caller';
import { ARCHIVED, NORTHSIDE, startSimulator } from '../../test/support/simulator';

const PHONE = '+61412345678';
const hello = { body: 'Hello', channel: { type: 'phone', identifier: PHONE }, locationUid: NORTHSIDE };

let simulator: Awaited<ReturnType<typeof startSimulator>>;
let podium: PodiumCaller;

beforeEach(async () => {
  simulator = await startSimulator();
  podium = await podiumCaller(simulator.url);
});
afterEach(() => simulator.stop());

const customerWrites = (body: string) =>
  simulator.customerWrites({ phone: '0412 345 678', location_uid: NORTHSIDE, body });

test('a send goes into the conversation that the customer began with a phone in local form', async () => {
  const { conversation_uid } = await customerWrites('Hi');
  const { body } = await podium('POST', '/v4/messages', { ...hello, senderName: 'Robot' });
  expect(body.data).toMatchObject({
    body: 'Hello',
    conversation: { uid: conversation_uid, channel: { type: 'phone', identifier: '0412 345 678' } },
    location: { uid: NORTHSIDE },
    failureReason: null,
  });
  const conversation = await simulator.conversation(PHONE, NORTHSIDE);
  expect(conversation?.messages.map(({ from }) => from)).toEqual(['customer', 'api']);
  expect(conversation?.messages[1]).toMatchObject({ sender_name: 'Robot', uid: body.data.uid });
});

test('a conversation begun by a send is closed unless the open inbox is asked for', async () => {
  await podium('POST', '/v4/messages', hello);
  expect((await simulator.conversation(PHONE, NORTHSIDE))?.closed).toBe(true);
  const other = { ...hello, channel: { type: 'phone', identifier: '+61400123456' }, setOpenInbox: true };
  await podium('POST', '/v4/messages', other);
  expect((await simulator.conversation('+61400123456', NORTHSIDE))?.closed).toBe(false);
});

test.each([
  ['without a body', { ...hello, body: undefined }],
  ['with an empty body', { ...hello, body: '' }],
  [
    'to an Australian number in local form',
    { ...hello, channel: { type: 'phone', identifier: '0412 345 678' } },
  ],
  ['from an archived location', { ...hello, locationUid: ARCHIVED }],
  ['from an unknown location', { ...hello, locationUid: '9e000000-0000-4000-8000-0000000000ff' }],
])('a send %s is refused', async (_, message) => {
  expect(await podium('POST', '/v4/messages', message)).toMatchObject({
    status: 400,
    body: { code: 'invalid_request_values' },
  });
  expect((await simulator.state()).conversations).toEqual([]);
});

test('a send to somebody who opted out is taken, and fails later', async () => {
  await simulator.setOptOut(PHONE, true);
  const { status, body } = await podium('POST', '/v4/messages', hello);
  expect({ status, failed: body.data.failureReason !== null }).toEqual({ status: 200, failed: true });
});

test('an imported message is recorded with its own time and direction', async () => {
  const { body } = await podium('POST', '/v4/import/messages', {
    ...hello,
    contactName: 'Jane',
    direction: 'inbound',
    publishedAt: '2026-07-23T10:00:00Z',
  });
  expect(body.data).toMatchObject({
    createdAt: '2026-07-23T10:00:00.000Z',
    items: [{ sourceType: 'inbound' }],
  });
});

test("a conversation's messages are read newest first, page by page, with their direction", async () => {
  const { conversation_uid } = await customerWrites('0');
  for (let i = 1; i <= 10; i++) await podium('POST', '/v4/messages', { ...hello, body: String(i) });
  const first = await podium('GET', `/v4/conversations/${conversation_uid}/messages`);
  expect(first.body.data.map(({ body }: { body: string }) => body)).toEqual(
    [...'987654321'].toSpliced(0, 0, '10'),
  );
  const last = await podium(
    'GET',
    `/v4/conversations/${conversation_uid}/messages?cursor=${first.body.metadata.nextCursor}`,
  );
  expect(last.body.data).toMatchObject([{ body: '0', items: [{ sourceType: 'inbound' }] }]);
});

describe('attachments', () => {
  const LIMIT = 26_214_400;
  const form = (bytes: number) => {
    const data = new FormData();
    data.set('data', JSON.stringify(hello));
    data.set('attachment', new Blob([Buffer.alloc(bytes)], { type: 'image/png' }), 'car.png');
    return data;
  };

  test('a file of exactly 25 MiB is sent', async () => {
    expect((await podium('POST', '/v4/messages/attachment', form(LIMIT))).status).toBe(200);
    const conversation = await simulator.conversation(PHONE, NORTHSIDE);
    expect(conversation?.messages[0]?.attachments).toEqual([
      { content_type: 'image/png', size_bytes: LIMIT, name: 'car.png' },
    ]);
  });

  test('one byte more is refused after the upload', async () => {
    expect(await podium('POST', '/v4/messages/attachment', form(LIMIT + 1))).toMatchObject({
      status: 413,
      body: { code: 'attachment_exceeds_limit' },
    });
  });

  test('what came with a file is in the log of calls', async () => {
    await podium('POST', '/v4/messages/attachment', form(5));
    expect((await simulator.calls()).at(-1)).toMatchObject({
      body: { data: hello, attachment: { name: 'car.png', content_type: 'image/png', size_bytes: 5 } },
    });
  });
});

describe('conversations', () => {
  test('a note is for the agent and no message', async () => {
    const { conversation_uid } = await customerWrites('Hi');
    const note = { body: 'Wants a test drive', senderName: 'Robot' };
    const { body } = await podium('POST', `/v4/conversations/${conversation_uid}/notes`, note);
    expect(body.data).toMatchObject({ ...note, conversation: { uid: conversation_uid } });
    const conversation = await simulator.conversation(PHONE, NORTHSIDE);
    expect(conversation?.notes).toMatchObject([{ body: 'Wants a test drive', sender_name: 'Robot' }]);
    expect(conversation?.messages).toHaveLength(1);
  });

  test('a closed conversation is opened again by the next message of the customer', async () => {
    const { conversation_uid } = await customerWrites('Hi');
    const path = `/v4/conversations/${conversation_uid}`;
    expect((await podium('PUT', path, { closed: true })).body.data.closed).toBe(true);
    await customerWrites('Hi again');
    expect((await podium('GET', path)).body.data).toMatchObject({ closed: false, uid: conversation_uid });
  });
});

describe('skill', () => {
  beforeEach(() => simulator.set({ contract: 'skill' }));

  test('messages and the close go to the conversation', async () => {
    const { conversation_uid } = await customerWrites('Hi');
    const sent = await podium('POST', `/v4/conversations/${conversation_uid}/messages`, { body: 'Hello' });
    expect(sent).toMatchObject({
      status: 201,
      body: { data: { uid: expect.any(String), conversation_uid } },
    });
    await podium('POST', `/v4/conversations/${conversation_uid}/close`);
    const conversation = await simulator.conversation(PHONE, NORTHSIDE);
    expect(conversation).toMatchObject({ closed: true, messages: [{ body: 'Hi' }, { body: 'Hello' }] });
  });

  test('a send to somebody who opted out is answered 451', async () => {
    const { conversation_uid } = await customerWrites('Hi');
    await simulator.setOptOut(PHONE, true);
    expect(
      await podium('POST', `/v4/conversations/${conversation_uid}/messages`, { body: 'Hello' }),
    ).toMatchObject({
      status: 451,
      body: { code: 'contact_opted_out' },
    });
    const file = new FormData();
    file.set('data', JSON.stringify(hello));
    file.set('attachment', new Blob(['abc']), 'car.png');
    expect(await podium('POST', '/v4/messages/attachment', file)).toMatchObject({ status: 451 });
    expect((await simulator.conversation(PHONE, NORTHSIDE))?.messages).toHaveLength(1);
  });
});
