/** What Podium sends and nobody can use: it is kept with its reason, and nothing comes of it. */
import { randomUUID } from 'node:crypto';
import { publishedEvent } from './support/podium-events';
import { ARCHIVED } from './support/simulator';
import { startSystem, type System } from './support/system';

const JANE = '0400 123 456';
const NEW_STORE = '9e000000-0000-4000-8000-0000000000ff';

let system: System;

beforeAll(async () => {
  system = await startSystem({ settings: { locations: { refresh_interval_seconds: 1 } } });
});
afterAll(() => system.stop());

/** Calls about anybody: all but the list of stores and the access token. */
async function callsAboutCustomers() {
  const calls = await system.simulator.calls();
  return calls.filter(({ path }) => path !== '/v4/locations' && path !== '/oauth/token');
}

describe('an event that nobody can use', () => {
  const unusable: [what: string, code: string, event: object | string][] = [
    [
      'from an unknown store',
      'ERR_WEBCHAT_003',
      publishedEvent({ phone: JANE, body: 'Hello?', locationUid: randomUUID() }),
    ],
    ['from no store', 'ERR_WEBCHAT_002', publishedEvent({ phone: JANE, body: 'Hello?', locationUid: null })],
    [
      'from an archived store',
      'ERR_WEBCHAT_003',
      publishedEvent({ phone: JANE, body: 'Hello?', locationUid: ARCHIVED }),
    ],
    [
      'with an unusable phone',
      'ERR_WEBCHAT_001',
      publishedEvent({ phone: '1-800-GOT-MILK', body: 'Hello?' }),
    ],
    ['that is no JSON', 'ERR_WHK_004', '{"data": {"body": "Hello?"'],
  ];

  test.each(unusable)('%s is answered 200 and set aside as %s', async (_, code, event) => {
    const answer = await system.post(event);
    expect(answer).toMatchObject({ status: 200, body: { status: 'quarantined', error: { code } } });
    expect(await rowsOf(answer.body.eventId)).toEqual([{ status: 'quarantined', error_code: code }]);
  });

  test('leads to no contact, no session and no call to Podium', async () => {
    await system.post(publishedEvent({ phone: '0412 345 678', body: 'Hello!' }));
    await system.hears(1, '+61412345678'); // whoever came after them has been served

    const { rows: sessions } = await system.pool.query('select phone_e164 from sessions');
    expect(sessions).toEqual([{ phone_e164: '+61412345678' }]);
    const { contacts, conversations } = await system.simulator.state();
    expect(contacts.map(({ phone }) => phone)).toEqual(['+61412345678']);
    expect(conversations.map(({ phone }) => phone)).toEqual(['+61412345678']);
    for (const call of await callsAboutCustomers()) expect(JSON.stringify(call)).toContain('+61412345678');
  });
});

test('a message from an unknown store is released by itself when the store turns up', async () => {
  const event = publishedEvent({ phone: JANE, body: 'Is the new store open?', locationUid: NEW_STORE });
  expect(await system.post(event)).toMatchObject({ status: 200, body: { status: 'quarantined' } });

  await system.simulator.putLocation(NEW_STORE, { name: 'Harbour Store', country: 'AU' });

  const [reply] = await system.hears(1, '+61400123456', NEW_STORE);
  expect(reply).toContain('Harbour Store');
});

describe('a body that is not signed well', () => {
  test.each([
    ['without a signature', { secret: null }],
    ['with a signature by another secret', { secret: 'a secret of somebody else' }],
    ['signed before the replay window of eleven days', { signed_at: Date.now() - 951_000_000 }],
  ])('%s is answered 401 and not kept', async (_, signing) => {
    const event = publishedEvent({ phone: JANE, body: 'Hello?' });
    const answer = await system.simulator.postRaw({ body: JSON.stringify(event), ...signing });
    expect(answer.status).toBe(401);
    expect(await rowsOf(event.metadata.eventUid)).toEqual([]);
  });
});

describe('a body of 513 KiB', () => {
  const large = JSON.stringify(publishedEvent({ phone: JANE, body: 'x'.repeat(513 * 1024) }));

  test('is answered 413 without a good signature', async () => {
    const answer = await system.simulator.postRaw({ body: large, secret: 'a secret of somebody else' });
    expect(answer.status).toBe(413);
  });

  test('is answered 200 and set aside with a good one, since 413 would hold up every store', async () => {
    const answer = await system.post(large);
    expect(answer).toMatchObject({
      status: 200,
      body: { status: 'quarantined', error: { code: 'ERR_WHK_011' } },
    });
  });
});

test('U+0000 in the middle of a burst harms nobody', async () => {
  const phones = Array.from({ length: 20 }, (_, n) => `+14155550${100 + n}`);
  const answers = await Promise.all(
    phones.map((phone, n) =>
      system.post(publishedEvent({ phone, body: n === 10 ? 'before\u0000after' : 'Hello!' })),
    ),
  );
  expect(answers.map(({ body }) => body.status)).toEqual(phones.map(() => 'accepted'));
  await system.eventually('a reply to every phone of the burst', async () => {
    const { conversations } = await system.simulator.state();
    const answered = conversations.filter(({ messages }) => messages.some(({ from }) => from === 'api'));
    const reached = new Set(answered.map(({ phone }) => phone));
    return phones.every((phone) => reached.has(phone));
  });
});

/** What the inbox holds of an event. */
async function rowsOf(eventUid: string | undefined): Promise<object[]> {
  const { rows } = await system.pool.query(
    'select status, error_code from inbox_events where event_id = $1',
    [eventUid],
  );
  return rows;
}
