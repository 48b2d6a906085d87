/** Temporal away: everything is accepted, and handled in order later. Postgres away: nothing is, and nothing is sent. */
import { NORTHSIDE } from './support/simulator';
import { startSystem, type System } from './support/system';

const JANE = '+61400123456';
const JOHN = '+61412345678';

let system: System;
beforeAll(async () => {
  system = await startSystem({ stoppable: true });
});
afterAll(() => system.stop());

const write = (phone: string, body: string) =>
  system.simulator.customerWrites({ phone, location_uid: NORTHSIDE, body });

test('with Temporal stopped, every event is answered 200 and handled in order when it is back', async () => {
  await system.temporal.stop();
  const written = Array.from({ length: 5 }, (_, n) => `Message ${n}`);
  const events: string[] = [];
  for (const body of written) {
    events.push((await write(JANE, body)).event_uid);
    events.push((await write(JOHN, body)).event_uid);
  }
  expect(new Set((await answersTo(events)).flat())).toEqual(new Set([200]));

  await system.temporal.start();

  for (const phone of [JANE, JOHN]) {
    await system.hears(1, phone);
    await system.isQuiet();
    expect((await system.messagesOf(phone)).map(({ text }) => text)).toEqual(written);
    expect(await system.textsTo(phone)).toHaveLength(1);
  }
});

describe('with Postgres stopped', () => {
  test('events are answered 503, nothing comes of them, and the retries bring all in afterwards', async () => {
    await system.isQuiet();
    const before = await callsAboutCustomers();
    const answers = ['1', 'Jane Citizen', 'A test drive'];

    await system.postgres!.stop();
    const events: string[] = [];
    for (const body of answers) events.push((await write(JANE, body)).event_uid);
    const [first, second] = events as [string, string];
    const refusals = async () => (await attemptsFor(first)).filter((status) => status === 503);
    await system.eventually('some attempts', async () => (await refusals()).length >= 3);
    expect(await attemptsFor(first)).not.toContain(200);
    expect(await attemptsFor(second)).toEqual([]); // they wait for the first one, as at Podium
    expect(await callsAboutCustomers()).toBe(before);

    await system.postgres!.start();

    await system.hears(2, JANE);
    await system.isQuiet();
    expect((await system.messagesOf(JANE)).slice(-3).map(({ text }) => text)).toEqual(answers);
  });

  test('a reply that is tried again is not sent before opt-outs can be read', async () => {
    await system.simulator.fault({
      ...{ method: 'POST', path: '^/v4/messages$' },
      ...{ status: 429, headers: { 'retry-after': '10' } },
    });
    const heldBack = async () =>
      Object.values(await system.logs())
        .join()
        .split('ERR_WEBCHAT_010').length;
    const heldBackBefore = await heldBack();
    await write(JOHN, '1');
    await system.eventually('the throttled send', async () => (await sendsTo(JOHN)).includes(429));
    const before = await sendsTo(JOHN);

    await system.postgres!.stop();
    await system.eventually('the retry', async () => (await heldBack()) > heldBackBefore);
    expect(await sendsTo(JOHN)).toEqual(before);

    await system.postgres!.start();

    expect((await system.hears(2, JOHN))[1]).toContain('Please tell us your name');
  });
});

/** The statuses that each event was answered with, one list an event; an attempt that Podium gave up has none. */
async function answersTo(eventUids: string[]): Promise<number[][]> {
  return system.eventually('an answer to every event', async () => {
    const attempts = await Promise.all(eventUids.map(attemptsFor));
    const answers = attempts.map((statuses) => statuses.filter((status) => status !== null));
    return answers.every((statuses) => statuses.length > 0) && answers;
  });
}

async function attemptsFor(eventUid: string): Promise<(number | null)[]> {
  const deliveries = await system.simulator.deliveries();
  const delivery = deliveries.find(({ event_uid }) => event_uid === eventUid);
  return delivery!.attempts.map(({ status }) => status);
}

/** Without the list of stores, which is read anew now and then, and the tokens. */
async function callsAboutCustomers(): Promise<number> {
  const calls = await system.simulator.calls();
  return calls.filter(({ path }) => path !== '/v4/locations' && path !== '/oauth/token').length;
}

/** The statuses that our sends to a customer (E.164) were answered with. */
async function sendsTo(phone: string): Promise<(number | null)[]> {
  const calls = await system.simulator.calls();
  const sends = calls.filter(({ method, path }) => method === 'POST' && path === '/v4/messages');
  return sends.filter(({ body }) => JSON.stringify(body).includes(phone)).map(({ status }) => status);
}
