/** What is written in the widget, on the whole system: answered, shown in the browser, and once in Podium's inbox. */
import { randomBytes, randomUUID } from 'node:crypto';
import { EventStream } from './support/event-stream';
import { BAYVIEW, NORTHSIDE } from './support/simulator';
import { startSystem, type System } from './support/system';

jest.setTimeout(240_000);

let system: System;
beforeAll(async () => {
  system = await startSystem({ settings: { attachments: { max_bytes: 26_214_400 } } });
});
afterAll(() => system?.stop());

const A_PERSON = 'a0000000-0000-4000-8000-000000000001';

interface Browser {
  token: string;
  phone: string;
  locationUid: string;
}

const browser = (phone: string, locationUid = NORTHSIDE): Browser => ({
  token: randomBytes(32).toString('base64url'),
  phone,
  locationUid,
});

const message = ({ token, phone, locationUid }: Browser, body: string, more: object = {}) => ({
  ...{ message_id: randomUUID(), conversation: token, phone, location_uid: locationUid, body },
  ...{
    name: 'Jane Citizen',
    consent: 'You agree to get texts.',
    page_url: 'https://shop.example.com/cars',
    ...more,
  },
});

async function post(sent: object): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${system.serverUrls[0]}/widget/messages`, {
    method: 'POST',
    body: JSON.stringify(sent),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function writes(from: Browser, body: string): Promise<void> {
  expect(await post(message(from, body))).toMatchObject({ status: 202 });
}

const listens = ({ token, locationUid }: Browser, lastEventId = '') =>
  EventStream.open(`${system.serverUrls[0]}/widget/replies?location_uid=${locationUid}`, {
    Authorization: `Bearer ${token}`,
    ...(lastEventId && { 'Last-Event-ID': lastEventId }),
  });

/** What Podium's inbox shows of the customer's own words, by their time: each is brought there by a workflow of its own. */
async function inInbox({ phone, locationUid }: Browser): Promise<string[]> {
  const conversation = await system.simulator.conversation(phone, locationUid);
  return (conversation?.messages ?? [])
    .filter(({ direction }) => direction === 'inbound')
    .sort((one, other) => one.at.localeCompare(other.at))
    .map(({ body }) => body);
}

const inboxShows = (from: Browser, words: string[]) =>
  system.eventually('the words in Podium', async () => {
    const shown = await inInbox(from);
    return shown.length >= words.length && shown;
  });

async function rows(table: string, { phone }: Browser): Promise<Record<string, unknown>[]> {
  const { rows: found } = await system.pool.query<Record<string, unknown>>(
    `select * from ${table} where phone_e164 = $1`,
    [phone],
  );
  return found;
}

test.each([
  ['Australia', browser('+61400123456')],
  ['the United States', browser('+14155551234', BAYVIEW)],
])('in %s a chat begins, is shown live, and stands in an open conversation once', async (_, jane) => {
  await writes(jane, 'Can I book a test drive?');
  const stream = await listens(jane);
  expect((await stream.hears(1))[0]).toMatchObject({
    from: 'robot',
    text: expect.stringContaining('reply with a number'),
  });
  await writes(jane, '1');
  const replies = await stream.hears(2);
  expect(replies.map(({ text }) => text)).toEqual(await system.hears(2, jane.phone, jane.locationUid));
  await system.isQuiet();
  expect(await inInbox(jane)).toEqual(['Can I book a test drive?', '1']);
  const conversation = (await system.simulator.conversation(jane.phone, jane.locationUid))!;
  expect(conversation.closed).toBe(false);
  // Their echoes came back from Podium, and nothing was done about them.
  expect(await rows('inbox_events', jane)).toHaveLength(2 + 2 + 2);
  expect((await system.messagesOf(jane.phone, jane.locationUid)).map(({ text }) => text)).toEqual([
    'Can I book a test drive?',
    '1',
  ]);
  // A person answers from Podium's inbox.
  await system.simulator.agentWrites({
    ...{ conversation_uid: conversation.uid, body: 'Tomorrow at ten?', sender_uid: A_PERSON },
  });
  expect((await stream.hears(3)).at(-1)).toMatchObject({ from: 'person', text: 'Tomorrow at ten?' });
  stream.close();
});

test('sent ten times at once, it is one message, one import and one session', async () => {
  const jane = browser('+61412340101');
  const sent = message(jane, 'Hello');
  const answers = await Promise.all(Array.from({ length: 10 }, () => post(sent)));
  expect(answers.filter(({ body }) => body['status'] === 'accepted')).toHaveLength(1);
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(202));
  await system.hears(1, jane.phone);
  await system.isQuiet();
  expect(await inInbox(jane)).toEqual(['Hello']);
  expect(await system.textsTo(jane.phone)).toHaveLength(1);
  const [row] = (await rows('inbox_events', jane)).filter(({ contract }) => contract === 'widget');
  expect(JSON.parse(String(row!['raw']))).toMatchObject({
    ...{ consent: 'You agree to get texts.', pageUrl: 'https://shop.example.com/cars' },
  });
});

test('whatever Podium answers, it stands in the inbox once', async () => {
  const [jane, john, mary] = [browser('+61412340102'), browser('+61412340103'), browser('+61412340104')];
  const path = '^/v4/import/messages';
  const of = ({ phone }: Browser) => phone.replace('+', '\\+');
  await system.simulator.fault({ method: 'POST', path, asked: of(jane), drop: 'after' });
  await system.simulator.fault({ method: 'POST', path, asked: of(john), status: 500, taken: true });
  await system.simulator.fault({
    ...{ method: 'POST', path, asked: of(mary), status: 429, headers: { 'retry-after': '1' } },
  });
  for (const each of [jane, john, mary]) await writes(each, 'Is it raining there?');
  for (const each of [jane, john, mary]) await inboxShows(each, ['Is it raining there?']);
  await system.isQuiet();
  for (const each of [jane, john, mary]) {
    expect(await inInbox(each)).toEqual(['Is it raining there?']);
    expect(await rows('widget_imports', each)).toMatchObject([{ status: 'imported', body: null }]);
    expect(await system.textsTo(each.phone)).toHaveLength(1);
  }
  await system.simulator.clearFaults();
});

test('what Podium never takes is told in the audit, and the chat goes on', async () => {
  const jane = browser('+61412340105');
  await system.simulator.fault({
    ...{ method: 'POST', path: '^/v4/import/messages', asked: '0105', status: 400 },
    body: { code: 'invalid_request_values', message: 'no', moreInfo: null },
  });
  await writes(jane, 'Hello');
  await system.hears(1, jane.phone);
  await system.isQuiet();
  expect(await rows('widget_imports', jane)).toMatchObject([{ status: 'refused' }]);
  const { data } = await system.cli(['audit', 'show', '--phone', jane.phone]);
  expect(JSON.stringify(data)).toContain('message_import_refused');
});

test('STOP opts out at once, stands in the inbox, and START in the browser neither opts in nor goes there', async () => {
  const jane = browser('+61412340106');
  await writes(jane, 'Hello');
  await system.hears(1, jane.phone);
  expect(await post(message(jane, 'STOP'))).toMatchObject({ body: { opted_out: true } });
  expect(await post(message(jane, 'START'))).toMatchObject({ body: { opted_out: true } });
  expect(await post(message(jane, 'Are you there?'))).toMatchObject({ body: { opted_out: true } });
  await inboxShows(jane, ['Hello', 'STOP', 'Are you there?']);
  await system.isQuiet();
  expect(await inInbox(jane)).toEqual(['Hello', 'STOP', 'Are you there?']);
  expect(await system.textsTo(jane.phone)).toHaveLength(1);
  const { data } = await system.cli(['optout', 'check', '--phone', jane.phone]);
  expect(JSON.stringify(data)).toContain('"opted_out":true');
  const stream = await listens(jane);
  expect(await stream.hears(1, 'state')).toMatchObject([{ opted_out: true, open: false }]);
  await stream.untilEnd();
});

test('a phone in a live chat by text, typed by a stranger, shows the stranger nothing', async () => {
  const phone = '+61412340107';
  await system.simulator.customerWrites({ phone, location_uid: NORTHSIDE, body: 'About my loan' });
  await system.hears(1, phone);
  const stranger = browser(phone);
  await writes(stranger, '1');
  const stream = await listens(stranger);
  await system.hears(2, phone);
  const conversation = (await system.simulator.conversation(phone, NORTHSIDE))!;
  await system.simulator.agentWrites({
    ...{ conversation_uid: conversation.uid, body: 'You owe us a lot.', sender_uid: A_PERSON },
  });
  await system.isQuiet();
  await stream.hears(1, 'state');
  expect(stream.events.map(({ event, data }) => [event, data])).toEqual([
    ['state', { opted_out: false, open: true, began: true }],
  ]);
  expect(await rows('widget_replies', stranger)).toEqual([]);
  stream.close();
});

test('a server that is killed loses nothing: what was accepted is answered, and the browser goes on where it was', async () => {
  const jane = browser('+61412340108');
  const [server] = system.servers;
  await writes(jane, 'Hello');
  const stream = await listens(jane);
  await stream.hears(1);
  const lastId = stream.events.at(-1)!.id;
  const sent = message(jane, '1');
  const answered = post(sent).catch(() => null);
  await server!.kill();
  await answered;
  await stream.untilEnd();
  await server!.start();
  expect(await post(sent)).toMatchObject({ status: 202 });
  const again = await listens(jane, lastId);
  await again.hears(1);
  await system.isQuiet();
  expect(again.events.filter(({ event }) => event === 'reply').map(({ data }) => data['id'])).toEqual(['2']);
  expect(await inInbox(jane)).toEqual(['Hello', '1']);
  again.close();
});

test('a server that ends lets its browsers go at once', async () => {
  const jane = browser('+61412340109');
  const [server] = system.servers;
  await writes(jane, 'Hello');
  const stream = await listens(jane);
  await stream.hears(1);
  await server!.stop();
  await stream.untilEnd();
  expect(stream.response.complete).toBe(true); // a connection that is not let go is cut after 3 s
  await server!.start();
});

test('what a browser has left is found when its person is erased, and nothing of it stays', async () => {
  const jane = browser('+61412340110');
  await writes(jane, 'A quokka, please');
  await system.hears(1, jane.phone);
  await system.isQuiet();
  const tables = ['widget_conversations', 'widget_replies', 'widget_imports'];
  const { data } = await system.cli(['contacts', 'erase', '--phone', jane.phone]);
  for (const table of tables) expect(JSON.stringify(data)).toContain(table);
  expect(await system.cli(['contacts', 'erase', '--phone', jane.phone, '--yes'])).toMatchObject({
    exitCode: 0,
  });
  for (const table of tables) expect(await rows(table, jane)).toEqual([]);
});

test('no phone, no token and no word of anybody stands in a log', async () => {
  const jane = browser('+61412340111');
  await writes(jane, 'A quokka, please');
  await system.hears(1, jane.phone);
  const logs = Object.entries(await system.logs()).filter(([name]) => /server|worker/.test(name));
  expect(logs.length).toBeGreaterThan(1);
  for (const [, log] of logs) {
    expect(log).not.toContain('quokka');
    expect(log).not.toContain('412340111');
    expect(log).not.toContain(jane.token);
  }
});
