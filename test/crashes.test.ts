/** `kill -9`, whenever it comes: nothing is missing afterwards, and nothing is done twice. */
import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { loadSettings } from '../config/load';
import type { Child } from '../embedded/child';
import { AUDIT_HEADS } from '../store/files/file-store';
import { contentOf } from './support/file-contents';
import { publishedEvent } from './support/podium-events';
import { NORTHSIDE } from './support/simulator';
import { startSystem, type System } from './support/system';
import { upload } from './support/upload';
import { uploadsAge } from './support/uploads-under-way';

const JANE = '+61400123456';
const JOHN = '+61412345678';
const MARY = '+14155551234';
const ANNE = '+14155550150';
const BETH = '+14155550151';
const CARA = '+14155550152';
const DORA = '+14155550153';
/** A send that was cut off is tried again after its 30 s, a session that was held by a dead relay after 15. */
const LONGEST_RECOVERY_MS = 120_000;

jest.setTimeout(300_000);

let system: System;

const write = (phone: string, body: string) =>
  system.simulator.customerWrites({ phone, location_uid: NORTHSIDE, body });

describe('of the worker during the idle time', () => {
  beforeAll(async () => {
    // The answer comes before the prompt, on a machine that stands still for a while too. Temporal waits up to 10 s for
    // the worker that knew the session, and another one needs as long to start; the prompt still comes before the close.
    const session = { idle_warn_seconds: 8, idle_close_seconds: 32, podium_expiry_seconds: 33 };
    system = await startSystem({ settings: { session } });
  });
  afterAll(() => system.stop());

  test('one prompt, and one close with the answers', async () => {
    await write(JANE, 'Can I book a test drive?');
    await system.hears(1, JANE);
    await write(JANE, '1');
    await system.hears(2, JANE);
    await system.isQuiet();

    await killAndStart(system.workers);

    const isClosed = async () => {
      const conversation = await system.simulator.conversation(JANE, NORTHSIDE);
      return conversation?.closed && conversation;
    };
    const conversation = await system.eventually('the close', isClosed, LONGEST_RECOVERY_MS);
    await system.isQuiet(LONGEST_RECOVERY_MS);
    const texts = await system.textsTo(JANE);
    expect(texts.filter((text) => text.includes('Are you still there?'))).toHaveLength(1);
    expect(texts).toHaveLength(3);
    expect(conversation.notes).toEqual([
      expect.objectContaining({ body: expect.stringContaining('Topic: Sales') }),
    ]);
    expect(await closesInPodium()).toBe(1);
  });
});

describe('of what is busy', () => {
  beforeAll(async () => {
    system = await startSystem();
  });
  afterAll(() => system.stop());

  test('of the server between commit and relay: the message arrives all the same, once', async () => {
    await system.pauseTemporal();
    const event = publishedEvent({ phone: ANNE, body: 'Can I book a test drive?' });
    expect((await system.post(event)).body.status).toBe('accepted');
    expect(await statusOf(event.metadata.eventUid)).toBe('pending');

    await Promise.all(system.servers.map((server) => server.kill()));
    await system.resumeTemporal();
    await Promise.all(system.servers.map((server) => server.start()));

    await system.hears(1, ANNE);
    await system.isQuiet(LONGEST_RECOVERY_MS);
    expect(await statusOf(event.metadata.eventUid)).toBe('delivered');
    expect(new Set(await numbersOf(ANNE))).toEqual(new Set([1]));
    expect(await system.textsTo(ANNE)).toHaveLength(1);
  });

  test('of the server between signal and settlement: what is signalled again changes nothing', async () => {
    await write(BETH, 'Can I book a test drive?');
    await system.hears(1, BETH);
    await signalAgain(BETH);
    expectOnly(1, 2, await numbersOf(BETH));
    expect(await system.textsTo(BETH)).toHaveLength(1);

    const session = system.client.workflow.getHandle(system.workflowId(BETH));
    await session.signal('forceClose', { actor: 'kim', reason: 'a test' });
    await session.result(); // what comes now begins another one
    await signalAgain(BETH);
    expectOnly(1, 3, await numbersOf(BETH));
    expect(await system.textsTo(BETH)).toHaveLength(1);
  });

  test('of the workflow by an operator: the next run deals with what it was given', async () => {
    await write(CARA, 'Can I book a test drive?');
    await system.hears(1, CARA);
    await Promise.all(system.workers.map((worker) => worker.kill()));
    await write(CARA, '1'); // the answer: Sales
    await system.eventually('the signal', async () => (await system.messagesOf(CARA)).length === 2);
    await system.client.workflow.getHandle(system.workflowId(CARA)).terminate('a test');
    await Promise.all(system.workers.map((worker) => worker.start()));

    await write(CARA, 'Hello?');
    await system.hears(2, CARA);
    const { rows } = await system.pool.query('select state from partial_answers where phone_e164 = $1', [
      CARA,
    ]);
    expect(rows).toMatchObject([{ state: { answers: [{ value: 'Sales' }], waitingFor: 'name' } }]);
  });

  test('of the server between file store and database: what it has put there is deleted a day later', async () => {
    const holder = await system.pool.connect();
    await holder.query('begin; lock table files in exclusive mode'); // no file gets its row
    const cutOff = [sendsFile(), operatorSendsFile()].map((sent) =>
      sent.catch((error: Error) => error.message),
    );
    const files = await system.eventually('both contents', async () => {
      const ids = await contents();
      return ids.length === 2 && ids;
    });
    await killAndStart(system.servers);
    expect(await Promise.all(cutOff)).not.toContain(202);
    await holder.query('rollback');
    holder.release();
    const [one, other] = [await sendsFile(), await operatorSendsFile()];
    expect([one, other]).toEqual([202, 202]);

    await system.runScheduled('retention');
    expect(await contents()).toEqual(expect.arrayContaining(files));
    await uploadsAge(system.pool, 25);
    await system.runScheduled('retention');
    const { rows } = await system.pool.query<{ id: string }>("select id from files where status = 'kept'");
    expect(rows).toHaveLength(2);
    expect((await contents()).sort()).toEqual(rows.map(({ id }) => id).sort());
  });

  test('of both in the middle of three conversations, twice: all messages in order, no text twice', async () => {
    const phones = [JANE, JOHN, MARY];
    const written = Array.from({ length: 20 }, (_, n) => `Message ${n}`);
    await system.simulator.fault({ method: 'POST', path: '^/v4/messages$', delay_ms: 9_000 });
    const [first, ...others] = written as [string, ...string[]];
    for (const phone of phones) await write(phone, first);

    await system.eventually('a send under way', isSendUnderWay); // Podium makes it, and nobody learns of it
    const writesTheRest = (phone: string) => inOrder(others, (body) => write(phone, body));
    await Promise.all([killAndStart([...system.servers, ...system.workers]), ...phones.map(writesTheRest)]);
    await system.eventually('half of the events to be left', async () => (await eventsLeft()) <= 30);
    await killAndStart([...system.servers, ...system.workers]);

    await system.isQuiet(LONGEST_RECOVERY_MS);
    for (const phone of phones) {
      const messages = new Map((await system.messagesOf(phone)).map(({ number, text }) => [number, text]));
      expect([...messages]).toEqual(written.map((text, n) => [n + 1, text]));
      const texts = await system.textsTo(phone);
      expect(texts[0]).toContain('thanks for contacting');
      expect(new Set(texts).size).toBe(texts.length);
    }
    const contacts = (await system.simulator.state()).contacts.map(({ phone }) => phone);
    expect(new Set(contacts).size).toBe(contacts.length);
  });
});

const picture = contentOf('png', 10_000);
/** @returns the status of the answer */
async function sendsFile(): Promise<number> {
  const fields = {
    message_id: randomUUID(),
    phone: DORA,
    location_uid: NORTHSIDE,
    body: 'What is this noise?',
  };
  return (await upload(`${system.serverUrls[0]}/widget/attachments`, { fields, file: picture })).status;
}
async function operatorSendsFile(): Promise<number> {
  const fields = { phone: DORA, location_uid: NORTHSIDE, body: 'Your quote.' };
  const headers = { authorization: `Bearer ${system.keys.opsToken}` };
  const url = `${system.serverUrls[0]}/ops/messages/attachment`;
  return (await upload(url, { fields, file: picture }, { headers })).status;
}
/** The names of what the file store holds of customers. */
async function contents(): Promise<string[]> {
  const { store } = loadSettings(system.environment['WEBCHAT_SETTINGS']).attachments;
  const names = await readdir((store as { path: string }).path);
  return names.filter((name) => name !== 'incoming' && name !== AUDIT_HEADS);
}

async function inOrder<T>(all: T[], work: (one: T) => Promise<unknown>): Promise<void> {
  for (const one of all) await work(one);
}

async function killAndStart(parts: Child[]): Promise<void> {
  await Promise.all(parts.map((part) => part.kill()));
  await Promise.all(parts.map((part) => part.start()));
}

async function statusOf(eventUid: string): Promise<string | undefined> {
  const { rows } = await system.pool.query<{ status: string }>(
    'select status from inbox_events where event_id = $1',
    [eventUid],
  );
  return rows[0]?.status;
}

/** Leaves the rows as a server does that dies once its signal was made: the next one makes it again. */
async function signalAgain(phone: string): Promise<void> {
  await system.isQuiet();
  const id = system.workflowId(phone);
  await system.pool.query(`update inbox_events set status = 'pending' where workflow_id = $1`, [id]);
  await system.pool.query('update sessions set relay_due_at = now() where workflow_id = $1', [id]);
  await system.isQuiet();
}

/** The numbers of the messages that were signalled to a customer's session. */
async function numbersOf(phone: string): Promise<number[]> {
  return (await system.signalsTo(phone)).map(({ number }) => number);
}

/** So many times at least: a signal that is not answered in time is made once more. */
function expectOnly(number: number, times: number, numbers: number[]): void {
  expect(new Set(numbers)).toEqual(new Set([number]));
  expect(numbers.length).toBeGreaterThanOrEqual(times);
}

async function closesInPodium(): Promise<number> {
  const calls = await system.simulator.calls();
  return calls.filter(({ method, path }) => method === 'PUT' && path.startsWith('/v4/conversations/')).length;
}

async function isSendUnderWay(): Promise<boolean> {
  const calls = await system.simulator.calls();
  return calls.some(
    ({ method, path, status }) => method === 'POST' && path === '/v4/messages' && status === null,
  );
}

async function eventsLeft(): Promise<number> {
  const { webhooks } = await system.simulator.state();
  return webhooks[0]!.waiting;
}
