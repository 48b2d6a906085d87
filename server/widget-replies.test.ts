/** What a browser is shown of a conversation, over true HTTP and on a true database. */
import { randomBytes, randomUUID } from 'node:crypto';
import { receive, type ReceivedEvent } from '../store/inbox';
import { recordOptOut } from '../store/opt-outs';
import { openDoor } from '../store/door';
import { settleSend } from '../store/sends';
import { closeSession } from '../store/session-close';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { EventStream } from '../test/support/event-stream';
import { eventually } from '../test/support/eventually';
import {
  context,
  customerMessage,
  JANE,
  NORTHSIDE,
  storeMessage,
  testHash,
  workflowIdOf,
} from '../test/support/received';
import { startReceiver, type Receiver } from '../test/support/receiver';

let db: TestDatabase;
let server: Receiver;
const streams: EventStream[] = [];

beforeAll(async () => {
  db = await createTestDatabase();
  await db.pool.query(
    `insert into locations (uid, name, country, archived) values ($1, 'Northside Motors', 'AU', false)`,
    [NORTHSIDE],
  );
});
beforeEach(async () => {
  await db.pool.query(
    `truncate inbox_events, sessions, opt_outs, opt_out_history, partial_answers, sends, workflow_starts, agent_notes,
              widget_conversations, widget_replies, widget_imports`,
  );
  server = await startReceiver(db.pool);
});
afterEach(async () => {
  for (const stream of streams.splice(0)) stream.close();
  await server.close();
});
afterAll(() => db.drop());

const newBrowser = () => randomBytes(32).toString('base64url');

async function writes(browser: string, body = 'Can I book a test drive?', phone = JANE): Promise<void> {
  const response = await fetch(`${server.url}/widget/messages`, {
    method: 'POST',
    body: JSON.stringify({
      ...{ message_id: randomUUID(), conversation: browser, phone, location_uid: NORTHSIDE, body },
    }),
  });
  expect(response.status).toBe(202);
}

async function listens(browser: string, lastEventId?: string): Promise<EventStream> {
  const stream = await EventStream.open(`${server.url}/widget/replies?location_uid=${NORTHSIDE}`, {
    Authorization: `Bearer ${browser}`,
    ...(lastEventId !== undefined && { 'Last-Event-ID': lastEventId }),
  });
  streams.push(stream);
  return stream;
}

/** The robot's text leaves, and Podium takes it. */
async function robotSays(body: string, sendId = randomUUID()): Promise<void> {
  const send = { sendId, phone: JANE, phoneHash: testHash(JANE), locationUid: NORTHSIDE, body };
  const door = { ...send, workflowId: null, conversationUid: null, purpose: 'question', now: new Date() };
  expect(await openDoor(db.pool, door, 0)).toMatchObject({ kind: 'open' });
  await settleSend(db.pool, sendId, {
    ...{ kind: 'sent', messageUid: randomUUID(), conversationUid: null, at: new Date() },
  });
}

const comes = (...events: ReceivedEvent[]) => receive(db.pool, events, context);
const texts = (text: string) => comes(customerMessage({ webchat: false, text }));
const personSays = (text: string) => comes(storeMessage({ text }));

/** The session ends, with or without answers for the next one. */
async function sessionEnds(answers = false): Promise<void> {
  const { rows } = await db.pool.query<{ last: number }>(
    `update inbox_events set status = 'delivered', delivery_number = id where status = 'pending' returning id as last`,
  );
  await db.pool.query('update sessions set last_number = 1000000');
  await closeSession(db.pool, {
    ...{ workflowId: workflowIdOf(JANE, NORTHSIDE), phone: JANE, phoneHash: testHash(JANE) },
    ...{
      locationUid: NORTHSIDE,
      handledNumber: Math.max(0, ...rows.map(({ last }) => last)),
      reason: 'idle',
    },
    partial: answers ? { answers: [], waitingFor: 'topic', askedAgain: false } : null,
    ...{ note: null, closeConversation: false, conversationUid: null },
  });
}

describe('a browser that has begun the session', () => {
  test('is told where it stands, and shown the replies of robot and person in their order', async () => {
    const browser = newBrowser();
    await writes(browser);
    const stream = await listens(browser);
    expect(stream.status).toBe(200);
    expect(stream.response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    await robotSays('Hi! What is it about?');
    await personSays('Jane from the store here.');
    expect(await stream.hears(2)).toEqual([
      {
        ...{ id: '1', from: 'robot', name: 'Virtual assistant', text: 'Hi! What is it about?', file: false },
        at: expect.any(String),
      },
      {
        ...{ id: '2', from: 'person', name: null, text: 'Jane from the store here.', file: false },
        at: expect.any(String),
      },
    ]);
    expect(stream.events[0]).toMatchObject({
      event: 'state',
      data: { opted_out: false, open: true, began: true },
    });
  });

  test('is shown a text that Podium takes after the close, and told of the end thereafter', async () => {
    const browser = newBrowser();
    await writes(browser);
    const stream = await listens(browser);
    const sendId = randomUUID();
    const send = { sendId, phone: JANE, phoneHash: testHash(JANE), locationUid: NORTHSIDE, body: 'Goodbye' };
    const door = { ...send, workflowId: null, conversationUid: null, purpose: 'question', now: new Date() };
    await openDoor(db.pool, door, 0);
    await sessionEnds();
    const later = await listens(browser, '0.open');
    expect(later.status).toBe(200);
    await settleSend(db.pool, sendId, {
      ...{ kind: 'sent', messageUid: randomUUID(), conversationUid: null, at: new Date() },
    });
    for (const each of [stream, later]) {
      expect(await each.hears(1)).toMatchObject([{ text: 'Goodbye' }]);
      await each.untilEnd();
      expect(each.events.at(-1)).toMatchObject({ event: 'state', data: { open: false } });
    }
  });

  test('is shown a text once Podium has taken it, and not before', async () => {
    const browser = newBrowser();
    await writes(browser);
    const send = { sendId: randomUUID(), phone: JANE, phoneHash: testHash(JANE), locationUid: NORTHSIDE };
    await openDoor(
      db.pool,
      {
        ...send,
        body: 'First',
        workflowId: null,
        conversationUid: null,
        purpose: 'question',
        now: new Date(),
      },
      0,
    );
    await robotSays('Second');
    const stream = await listens(browser);
    expect(await stream.hears(1)).toMatchObject([{ text: 'Second' }]);
    // The first one's answer was lost; its echo tells.
    await comes(storeMessage({ text: 'First' }));
    expect(await stream.hears(2)).toMatchObject([
      { text: 'Second' },
      { id: '2', text: 'First', from: 'robot' },
    ]);
  });

  test('that comes back is shown what it has missed, and nothing twice', async () => {
    const browser = newBrowser();
    await writes(browser);
    const first = await listens(browser);
    await robotSays('One');
    await first.hears(1);
    const lastId = first.events.at(-1)!.id;
    first.close();
    await robotSays('Two');
    await robotSays('Three');
    const again = await listens(browser, lastId);
    expect((await again.hears(2)).map(({ text }) => text)).toEqual(['Two', 'Three']);
    const anew = await listens(browser);
    expect((await anew.hears(3)).map(({ text }) => text)).toEqual(['One', 'Two', 'Three']);
  });

  test('is told of the end, gets what came before it, and nothing is left to come', async () => {
    const browser = newBrowser();
    await writes(browser);
    const stream = await listens(browser);
    await stream.hears(1, 'state');
    await robotSays('Goodbye');
    await sessionEnds();
    await stream.untilEnd();
    expect(stream.events.map(({ event }) => event)).toEqual(['state', 'reply', 'state']);
    expect(stream.events.at(-1)!.data).toEqual({ opted_out: false, open: false, began: true });
    expect((await listens(browser, stream.events.at(-1)!.id)).status).toBe(204);
    // What a person writes after the close is for the phone alone.
    await personSays('Your car is ready.');
    expect((await listens(browser, stream.events.at(-1)!.id)).status).toBe(204);
    // Until the browser begins the next one.
    await writes(browser, 'One more thing');
    await robotSays('Welcome back');
    const next = await listens(browser, stream.events.at(-1)!.id);
    expect(await next.hears(1)).toMatchObject([{ text: 'Welcome back' }]);
  });

  test('hears of an opt-out, and that nothing comes any more', async () => {
    const browser = newBrowser();
    await writes(browser);
    const stream = await listens(browser);
    await stream.hears(1, 'state');
    await comes(customerMessage({ webchat: false, text: 'STOP', stop: true }));
    expect((await stream.hears(2, 'state')).at(-1)).toEqual({ opted_out: true, open: true, began: true });
  });
});

describe('a browser that has typed the phone of somebody else', () => {
  test('is shown nothing of a session that goes on by text, neither its replies nor its end later on', async () => {
    await comes(customerMessage({ text: 'I want to sell my car' })); // through Podium's own chat
    await robotSays('Which one?');
    await texts('The blue one');
    const stranger = newBrowser();
    await writes(stranger, 'Hello?');
    const stream = await listens(stranger);
    await robotSays('Thank you, Jane!');
    await personSays('The blue one is worth a lot.');
    await stream.hears(1, 'state');
    await sessionEnds();
    await stream.untilEnd();
    expect(stream.events.filter(({ event }) => event === 'reply')).toEqual([]);
    // A session that begins after it shows nothing to it either, not even that there is one.
    const lastId = stream.events.at(-1)!.id;
    await comes(customerMessage({ text: 'Me again' }));
    await robotSays('Welcome back');
    expect((await listens(stranger, lastId)).status).toBe(204);
  });

  test('is shown that there are replies, and not their words, once the phone itself has written', async () => {
    const stranger = newBrowser();
    await writes(stranger);
    await robotSays('What is it about?');
    await texts('My loan');
    await robotSays('Your loan, thank you.');
    await personSays('You owe us a lot.');
    const stream = await listens(stranger);
    expect((await stream.hears(3)).map(({ text, private: hidden }) => [text, hidden])).toEqual([
      ['What is it about?', undefined],
      [null, true],
      [null, true],
    ]);
    const { rows } = await db.pool.query('select body from widget_replies order by number');
    expect(rows).toEqual([{ body: 'What is it about?' }, { body: null }, { body: null }]);
  });

  test.each([
    ['a text that begins no session', () => texts('What about my loan?')],
    ["an agent's text outside of any session", () => personSays('Hi Jane, about your loan:')],
    ['a message from another browser', () => writes(newBrowser(), 'How much do I owe?')],
  ])('is not shown what a person answers to what came by another way: %s', async (_, heard) => {
    await heard();
    await sessionEnds();
    const stranger = newBrowser();
    await writes(stranger, 'Hello?');
    await robotSays('What is it about?');
    await personSays('You owe us a lot.');
    await writes(stranger, 'How much?');
    await personSays('A lot.');
    const stream = await listens(stranger);
    expect((await stream.hears(3)).map(({ text, private: hidden }) => [text, hidden])).toEqual([
      ['What is it about?', undefined],
      [null, true],
      [null, true],
    ]);
  });

  test('is shown what persons answer in its second session as well, where all came from it and from us', async () => {
    const browser = newBrowser();
    await writes(browser);
    await robotSays('What is it about?');
    const { rows } = await db.pool.query<{ message_uid: string }>('select message_uid from sends');
    await comes(
      storeMessage({ text: 'What is it about?', senderUid: 'us', messageUid: rows[0]!.message_uid }),
    );
    await sessionEnds();
    await writes(browser, 'And at five?');
    await personSays('Five is fine.');
    const stream = await listens(browser);
    expect((await stream.hears(2)).map(({ text }) => text)).toEqual(['What is it about?', 'Five is fine.']);
  });

  test('is shown no answer of an earlier session', async () => {
    await comes(customerMessage({ text: 'I want to sell my car' }));
    await sessionEnds(true);
    const stranger = newBrowser();
    await writes(stranger, 'Hello?');
    await robotSays('Welcome back! So far: sell a car.');
    const stream = await listens(stranger);
    expect(await stream.hears(1)).toMatchObject([{ text: null, private: true }]);
  });

  test('is shown nothing of a session that another browser has begun, which goes on being shown that there are replies', async () => {
    const [one, other] = [newBrowser(), newBrowser()];
    await writes(one);
    await writes(other, 'And I?');
    await robotSays('Two of you?');
    const [stream, second] = [await listens(one), await listens(other)];
    expect(await stream.hears(1)).toMatchObject([{ text: null, private: true }]);
    await second.hears(1, 'state');
    expect(second.events).toHaveLength(1);
  });
});

test('a browser gets back its own answers, where nobody else had a part in them', async () => {
  const browser = newBrowser();
  await writes(browser);
  await sessionEnds(true);
  await writes(browser, 'Back again');
  await robotSays('Welcome back! So far: sales.');
  const stream = await listens(browser);
  expect(await stream.hears(1)).toMatchObject([{ text: 'Welcome back! So far: sales.' }]);
  // By text the phone goes on: from then on what it has answered is not for the browser.
  await sessionEnds(true);
  await comes(customerMessage({ text: 'From another page' }));
  await sessionEnds(true);
  await writes(browser, 'And again');
  await robotSays('Welcome back! So far: sales, Jane.');
  const last = await listens(browser, stream.events.at(-1)!.id);
  expect((await last.hears(1)).at(-1)).toMatchObject({ text: null, private: true });
});

test('who has opted out is told so, and that nothing comes', async () => {
  await recordOptOut(db.pool, {
    ...{ phone: JANE, phoneHash: testHash(JANE), wish: 'opt_out', source: 'text', actor: 'customer' },
    ...{ rule: 'keyword', locationUid: NORTHSIDE, messageUid: null, at: new Date() },
  });
  const browser = newBrowser();
  await writes(browser);
  const stream = await listens(browser);
  await stream.untilEnd();
  expect(stream.events.map(({ data }) => data)).toEqual([{ opted_out: true, open: false, began: false }]);
});

test('a browser whose message comes into no session any more is shown nothing of the next one', async () => {
  const browser = newBrowser();
  await writes(browser);
  await writes(browser, 'STOP');
  await sessionEnds();
  await writes(browser, 'Are you there?');
  const stream = await listens(browser);
  await stream.untilEnd();
  expect(stream.events.map(({ data }) => data)).toEqual([{ opted_out: true, open: false, began: false }]);
});

test('the token is asked for, and an unknown one knows nothing', async () => {
  const url = `${server.url}/widget/replies?location_uid=${NORTHSIDE}`;
  const status = async (headers: Record<string, string>) => (await fetch(url, { headers })).status;
  expect(await status({})).toBe(401);
  expect(await status({ Authorization: `Bearer ${newBrowser()}` })).toBe(401);
  expect(await status({ Authorization: 'Bearer short' })).toBe(401);
  expect((await fetch(`${server.url}/widget/replies`)).status).toBe(400);
});

test('of many tabs the oldest gives way, and all end with the server', async () => {
  const browser = newBrowser();
  await writes(browser);
  const tabs: EventStream[] = [];
  for (let n = 0; n < 5; n++) tabs.push(await listens(browser));
  await tabs[0]!.untilEnd();
  await tabs.at(-1)!.hears(1, 'state');
  expect(tabs.slice(1).map(({ ended }) => ended)).toEqual([false, false, false, false]);
  const ending = server.close();
  await eventually('all streams to end', () => tabs.every(({ ended }) => ended));
  await ending;
  server = await startReceiver(db.pool);
});
