/**
 * Every way in which the answer to a send can be lost, from the simulator to the ledger: the conversation is read
 * before anything is sent again, and the audit says what was found.
 */
import { randomUUID } from 'node:crypto';
import type { ApplicationFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import pino from 'pino';
import { sendGuarded } from '../activities/send-text';
import { createAccessTokens } from '../podium/access-token';
import type { PodiumApi } from '../podium/api';
import { createPodium } from '../podium/client';
import type { Pool } from '../store/database';
import { replaceLocations } from '../store/locations';
import { ownLimits } from './support/call-limits';
import { createTestDatabase, type TestDatabase } from './support/database';
import { MemoryTokens } from './support/memory-tokens';
import { JANE, NORTHSIDE, testHash } from './support/received';
import { credentials, startSimulator, type SimulatedFault } from './support/simulator';

/** Of the one that waits for no late answer. */
const HURRIED_MS = 500;
const PATIENT_MS = 20_000;
/** What an attempt is made with, where that is not the usual. */
interface Parts {
  pool?: Pool;
  by?: PodiumApi;
}

const silent = new DefaultLogger('ERROR', () => undefined);
const logger = pino({ level: 'silent' });

describe.each(['published', 'skill'] as const)('with the %s contract', (contract) => {
  let database: TestDatabase;
  let simulator: Awaited<ReturnType<typeof startSimulator>>;
  let podium: PodiumApi;
  let hurried: PodiumApi;
  let conversationUid: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    simulator = await startSimulator({ contract });
    const tokens = createAccessTokens({
      ...{ tokenUrl: `${simulator.url}/oauth/token`, ...credentials, logger },
      ...{ store: new MemoryTokens(), timeoutMs: PATIENT_MS },
    });
    const within = (timeoutMs: number) =>
      createPodium({ contract, apiUrl: simulator.url, tokens, limits: ownLimits(), timeoutMs, logger });
    [podium, hurried] = [within(PATIENT_MS), within(HURRIED_MS)];
    const northside = { uid: NORTHSIDE, name: 'Northside', country: 'AU', archived: false };
    await replaceLocations(database.pool, [{ ...northside, organizationUid: null }], new Date());
    const chat = { phone: JANE, location_uid: NORTHSIDE, body: 'Hi' };
    conversationUid = (await simulator.customerWrites(chat)).conversation_uid;
  });
  afterAll(async () => {
    await simulator?.stop();
    await database?.drop();
  });
  beforeEach(() => simulator.forgetCalls());
  afterEach(async () => {
    await simulator.clearFaults();
    await database.pool.query('truncate sends, audit_entries');
  });

  const text = (body: string = randomUUID()) => ({
    ...{ sendId: randomUUID(), phone: JANE, locationUid: NORTHSIDE, workflowId: 'webchat:x' },
    ...{ conversationUid, purpose: 'question' as const, body },
  });

  /** One attempt. */
  function attempt(send: ReturnType<typeof text>, { pool = database.pool, by = podium }: Parts = {}) {
    const deps = { pool, podium: by, phoneHash: testHash, senderName: 'Robot', heldBySettings: () => null };
    const info = { startToCloseTimeoutMs: 30_000, scheduleToCloseTimeoutMs: 28 * 60_000 };
    return new MockActivityEnvironment(info, { logger: silent }).run(() => sendGuarded(deps, send));
  }

  const failed = (send: ReturnType<typeof text>, parts?: Parts) =>
    attempt(send, parts).then(
      () => Promise.reject(new Error('The answer was not lost.')),
      (error: ApplicationFailure) => error,
    );

  const spoil = (fault: Omit<SimulatedFault, 'path'>) =>
    simulator.fault({ method: 'POST', path: '/messages$', ...fault });

  /** The uids of the messages with these words that the customer got. */
  async function arrived({ body }: { body: string }): Promise<string[]> {
    const { messages } = (await simulator.conversation(JANE, NORTHSIDE))!;
    return messages.filter((message) => message.body === body).map(({ uid }) => uid);
  }

  const sends = async () => (await simulator.calls()).map(({ method }) => method);

  const audit = async () =>
    (await database.pool.query('select kind, details from audit_entries order by id')).rows;

  const ways: [string, Omit<SimulatedFault, 'path'>][] = [
    ['the connection is cut', { drop: 'after' }],
    ['half of the answer comes', { drop: 'within' }],
    ['the answer takes too long', { delay_ms: HURRIED_MS + 100 }],
    ['500 is answered', { status: 500, taken: true }],
    ['502 is answered, with a page', { status: 502, taken: true, body: '<h1>Bad gateway</h1>' }],
    ['408 is answered', { status: 408, taken: true }],
    ['200 is answered, with nothing to be read', { status: 200, taken: true, body: 'OK' }],
  ];

  test.each(ways)('a text that was taken is found and left alone when %s', async (_, fault) => {
    await spoil(fault);
    const send = text();
    const failure = await failed(send, { by: fault.delay_ms === undefined ? podium : hurried });
    expect(failure).toMatchObject({ nonRetryable: false, nextRetryDelay: 15_000 });
    const [uid] = await simulator.until('the text', async () => {
      const uids = await arrived(send);
      return uids.length > 0 && uids;
    });

    expect(await attempt(send)).toMatchObject({ status: 'sent', conversationUid });
    expect(await arrived(send)).toEqual([uid]);
    expect(await sends()).toEqual([...(await firstCalls()), 'POST', 'GET']);
    const ofSend = { send: send.sendId, attempt: 1, message: uid };
    expect((await audit()).slice(1)).toEqual([
      { kind: 'send_outcome_unknown', details: { send: send.sendId, attempt: 1 } },
      {
        kind: 'send_found',
        details: { ...ofSend, conversation: conversationUid, messages: expect.any(Number) },
      },
      { kind: 'send_sent', details: ofSend },
    ]);
  });

  test.each<[string, Omit<SimulatedFault, 'path'>]>([
    ['the connection is cut', { drop: 'before' }],
    ['500 is answered', { status: 500 }],
    ['504 is answered', { status: 504 }],
  ])('a text that was not taken is looked for and sent again when %s', async (_, fault) => {
    await spoil(fault);
    const send = text();
    await failed(send);
    expect(await arrived(send)).toEqual([]);
    expect(await attempt(send)).toMatchObject({ status: 'sent' });
    expect(await arrived(send)).toHaveLength(1);
    expect((await sends()).slice(-3)).toEqual(['POST', 'GET', 'POST']);
    expect((await audit()).map(({ kind }) => kind)).toEqual([
      ...['send_intended', 'send_outcome_unknown', 'send_not_found', 'send_intended', 'send_sent'],
    ]);
  });

  test('a text whose outcome could not be written down is looked for as well', async () => {
    const send = text();
    // The database goes away once the door has been passed.
    let left = 2; // connections: for the look back, and for the door
    const away = new Proxy(database.pool, {
      get(pool, name) {
        if (name === 'connect' && (left -= 1) < 0) return () => Promise.reject(new Error('away'));
        return Reflect.get(pool, name, pool) as unknown;
      },
    });
    expect(await failed(send, { pool: away })).toMatchObject({
      type: 'not_written_down',
      nextRetryDelay: 15_000,
    });
    expect(await attempt(send)).toMatchObject({ status: 'sent' });
    expect(await arrived(send)).toHaveLength(1);
  });

  test('two texts in the same words are each found once', async () => {
    const [one, other] = [text('Your name?'), text('Your name?')];
    for (const send of [one, other]) {
      await spoil({ drop: 'after' });
      await failed(send);
    }
    await attempt(other);
    await attempt(one);
    const { rows } = await database.pool.query<{ id: string; uid: string }>(
      'select id, message_uid as uid from sends',
    );
    const uids = await arrived(one);
    expect(uids).toHaveLength(2);
    expect(rows.map(({ uid }) => uid).sort()).toEqual([...uids].sort());
    expect(await arrived(one)).toHaveLength(2); // and none was sent again
    expect((await audit()).map(({ kind }) => kind)).not.toContain('send_doubled');
  });

  test('of two texts in the same words only the one that did not come through is sent again', async () => {
    const [one, other] = [text('What is it about?'), text('What is it about?')];
    await spoil({ drop: 'after' });
    await failed(one);
    await spoil({ drop: 'before' });
    await failed(other);
    await attempt(one);
    await attempt(other);
    expect(await arrived(one)).toHaveLength(2);
  });

  /** A token comes first, once. */
  async function firstCalls(): Promise<string[]> {
    return (await simulator.calls()).some(({ path }) => path === '/oauth/token') ? ['POST'] : [];
  }
});
