/** Much at the same moment, and the same thing many times. */
import { executions } from './support/histories';
import { publishedEvent } from './support/podium-events';
import { startSystem, type System } from './support/system';

const JANE = '+61400123456';
const JOHN = '+61412345678';
const MARY = '+14155551234';

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system.stop());

test('100 first messages at the same moment: one workflow, one contact, one greeting, all in order of arrival', async () => {
  const events = Array.from({ length: 100 }, (_, n) =>
    publishedEvent({ phone: '0400 123 456', body: `Message ${n}` }),
  );
  const answers = await Promise.all(events.map((event) => system.post(event)));
  await system.hears(1, JANE);
  await system.isQuiet();

  expect(answers).toEqual(events.map(() => expect.objectContaining({ status: 200 })));
  const messages = await system.messagesOf(JANE);
  expect(messages.map(({ number }) => number)).toEqual(events.map((_, n) => n + 1));
  expect(messages.map(({ text }) => text)).toEqual(await textsInOrderOfArrival(JANE));
  expect(await handledNumber(JANE)).toBe(100);

  const sessions = await executions(system.client, 'WorkflowType = "webchatSession"');
  expect(sessions).toMatchObject([{ workflowId: system.workflowId(JANE) }]);
  expect(await system.textsTo(JANE)).toEqual([expect.stringContaining('thanks for contacting')]);
  expect((await system.simulator.state()).contacts).toMatchObject([{ phone: JANE }]);
  expect(await contactsInDatabase()).toEqual([{ phone_e164: JANE }]);
});

test('messages that come while the greeting is on its way are greeted once, and are no wrong answers', async () => {
  await system.simulator.fault({ method: 'POST', path: '^/v4/messages$', delay_ms: 1_000 });
  const events = Array.from({ length: 20 }, (_, n) => publishedEvent({ phone: MARY, body: `Message ${n}` }));
  await system.post(events[0]!);
  await system.eventually('the greeting to be on its way', isSendUnderWay);

  await Promise.all(events.slice(1).map((event) => system.post(event)));

  await system.hears(1, MARY);
  await system.isQuiet();
  expect(await handledNumber(MARY)).toBe(20);
  expect(await system.textsTo(MARY)).toEqual([expect.stringContaining('thanks for contacting')]);
});

test('one event delivered ten times at once has one effect', async () => {
  const event = publishedEvent({ phone: JOHN, body: 'Can I book a test drive?' });
  const answers = await Promise.all(Array.from({ length: 10 }, () => system.post(event)));
  await system.hears(1, JOHN);
  await system.isQuiet();

  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  expect(answers.map(({ body }) => body.status).sort()).toEqual(['accepted', ...Array(9).fill('duplicate')]);
  expect(await system.messagesOf(JOHN)).toMatchObject([{ number: 1, text: 'Can I book a test drive?' }]);
  expect(await system.textsTo(JOHN)).toHaveLength(1);
});

async function isSendUnderWay(): Promise<boolean> {
  const calls = await system.simulator.calls();
  return calls.some(({ path, status }) => path === '/v4/messages' && status === null);
}

async function textsInOrderOfArrival(phone: string): Promise<string[]> {
  const { rows } = await system.pool.query<{ text: string }>(
    `select message->>'text' as text from inbox_events where phone_e164 = $1 and message is not null order by id`,
    [phone],
  );
  return rows.map(({ text }) => text);
}

async function handledNumber(phone: string): Promise<number | undefined> {
  const { rows } = await system.pool.query<{ number: number }>(
    'select handled_number as number from sessions where phone_e164 = $1',
    [phone],
  );
  return rows[0]?.number;
}

async function contactsInDatabase(): Promise<object[]> {
  const { rows } = await system.pool.query('select phone_e164 from contacts');
  return rows;
}
