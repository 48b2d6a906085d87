import { randomUUID } from 'node:crypto';
import type { ApplicationFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { PodiumError, type PodiumErrorKind } from '../podium/api';
import { replaceLocations } from '../store/locations';
import { isOptedOut } from '../store/opt-out-states';
import { STORES, janeOptsOut, podiumDependencies } from '../test/support/activity-parts';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { FakePodium } from '../test/support/fake-podium';
import { BAYVIEW, JANE, NORTHSIDE } from '../test/support/received';
import { createPodiumActivities } from './podium-activities';
import type { TextOutcome, TextToSend } from './sendable';

const silent = new DefaultLogger('ERROR', () => undefined);

let database: TestDatabase;
let podium: FakePodium;
beforeAll(async () => (database = await createTestDatabase()));
afterAll(() => database?.drop());
beforeEach(async () => {
  podium = new FakePodium(() => Promise.resolve(Date.now()));
  podium.locations = STORES;
  await replaceLocations(database.pool, podium.locations, new Date());
  await database.pool.query('delete from opt_outs');
});

function text(options: Partial<TextToSend> = {}): TextToSend {
  return {
    ...{ sendId: randomUUID(), phone: JANE, locationUid: NORTHSIDE, workflowId: 'webchat:x' },
    ...{ conversationUid: 'conversation', purpose: 'question', body: `What is it about? ${randomUUID()}` },
    ...options,
  };
}

/** One attempt. */
async function attempt(send: TextToSend, timeouts = { one: 30_000, all: 28 * 60_000 }): Promise<TextOutcome> {
  const { pool } = database;
  const deps = podiumDependencies(pool, podium);
  const { sendText } = createPodiumActivities(deps);
  const info = { startToCloseTimeoutMs: timeouts.one, scheduleToCloseTimeoutMs: timeouts.all };
  const environment = new MockActivityEnvironment(info, { logger: silent });
  return environment.run<[TextToSend], TextOutcome, typeof sendText>(sendText, send);
}

const failed = (send: TextToSend, timeouts?: { one: number; all: number }): Promise<ApplicationFailure> =>
  attempt(send, timeouts).then(
    (outcome) => Promise.reject(new Error(`not failed, but ${outcome.status}`)),
    (error: ApplicationFailure) => error,
  );

async function row(sendId: string) {
  const { rows } = await database.pool.query<{ status: string; error_code: string | null; attempts: number }>(
    'select status, error_code, attempts from sends where id = $1',
    [sendId],
  );
  return rows[0];
}

const optOut = () => janeOptsOut(database.pool);

const error = (kind: PodiumErrorKind, details: Partial<PodiumError['details']> = {}) =>
  new PodiumError(kind, kind, { mayHaveHappened: false, ...details });

test('a text is sent, and its outcome is written down', async () => {
  const send = text();
  const outcome = await attempt(send);
  expect(outcome).toMatchObject({ status: 'sent', conversationUid: 'conversation' });
  expect(await row(send.sendId)).toMatchObject({ status: 'sent', attempts: 1 });
  expect(await attempt(send)).toMatchObject({ status: 'sent' }); // a retry of what is done
  expect(podium.texts).toHaveLength(1);
});

test('a text with little time left is sent where no other attempt can follow', async () => {
  expect(await attempt(text(), { one: 5_000, all: 5_000 })).toMatchObject({ status: 'sent' });
});

describe('nothing is sent', () => {
  test('to a phone that opts out while a token is fetched', async () => {
    podium.prepare = async () => void (await optOut());
    expect(await attempt(text())).toEqual({ status: 'blocked' });
    expect(podium.texts).toEqual([]);
  });

  test('to a phone that has opted out, also not by a retry', async () => {
    const send = text();
    podium.fail('sendMessage', error('throttled'), 1);
    await failed(send);
    await optOut();
    expect(await attempt(send)).toEqual({ status: 'blocked' });
    expect(podium.texts).toEqual([]);
    expect(await row(send.sendId)).toMatchObject({ status: 'blocked', error_code: 'ERR_WEBCHAT_009' });
  });

  test('to a phone that opts out while the conversation is read', async () => {
    const send = text();
    podium.fail('sendMessage', error('server', { mayHaveHappened: true }), 1);
    await failed(send);
    podium.listMessages = async () => {
      await optOut();
      return [];
    };
    expect(await attempt(send)).toEqual({ status: 'blocked' });
    expect(podium.texts).toEqual([]);
  });

  test('while Podium has paused sends: no intent is written, and the attempt comes back when the pause is over', async () => {
    const send = text();
    podium.prepare = async () => {
      throw error('throttled', { retryAfterMs: 42_000 });
    };
    const { type, nonRetryable, nextRetryDelay } = await failed(send);
    expect({ type, nonRetryable }).toEqual({ type: 'throttled', nonRetryable: false });
    expect(Number(nextRetryDelay)).toBeGreaterThanOrEqual(42_000);
    expect(await row(send.sendId)).toBeUndefined();
    expect(podium.calls).toEqual([]);
  });

  test('by an attempt that has read for so long that another one has sent meanwhile', async () => {
    const send = text();
    podium.fail('sendMessage', error('server', { mayHaveHappened: true }), 1);
    await failed(send);
    const { listMessages } = podium;
    podium.listMessages = async () => {
      podium.listMessages = listMessages;
      podium.fail('sendMessage', 'lost answer', 1);
      await failed(send);
      return [];
    };
    expect(await failed(send)).toMatchObject({ type: 'overtaken', nonRetryable: false });
    expect(podium.texts).toHaveLength(1);
    expect(await attempt(send)).toMatchObject({ status: 'sent' });
    expect(podium.texts).toHaveLength(1);
  });

  test('by an attempt that would be over before Podium need answer', async () => {
    const send = text();
    expect(await failed(send, { one: 11_000, all: 60_000 })).toMatchObject({
      type: 'too_late',
      nonRetryable: false,
    });
    expect(podium.texts).toEqual([]);
    expect(await row(send.sendId)).toMatchObject({ status: 'not_sent' });
    expect(await attempt(send)).toMatchObject({ status: 'sent' });
  });

  test('for a location that is archived or unknown', async () => {
    for (const locationUid of [BAYVIEW, 'nowhere'])
      expect(await attempt(text({ locationUid }))).toEqual({ status: 'refused', code: 'ERR_WEBCHAT_003' });
    expect(podium.calls).toEqual([]);
  });

  test('while the store is away', async () => {
    const away = () => Promise.reject(new Error('away'));
    const pool = { connect: away, query: away } as never;
    const deps = podiumDependencies(pool, podium);
    const sending = new MockActivityEnvironment({}, { logger: silent }).run(
      createPodiumActivities(deps).sendText,
      text(),
    );
    await expect(sending).rejects.toThrow('away');
    expect(podium.calls).toEqual([]);
  });
});

describe("Podium's errors", () => {
  test.each<[PodiumErrorKind, string | undefined, TextOutcome]>([
    ['invalid_phone', undefined, { status: 'refused', code: 'ERR_WEBCHAT_001' }],
    ['too_large', undefined, { status: 'refused', code: 'ERR_WEBCHAT_005' }],
    ['not_permitted', 'unauthorized', { status: 'refused', code: 'unauthorized' }],
    ['not_found', undefined, { status: 'refused', code: 'not_found' }],
    ['invalid', 'invalid_request_values', { status: 'refused', code: 'invalid_request_values' }],
  ])('%s is final, and the next attempt does not call', async (kind, code, outcome) => {
    const send = text();
    podium.fail('sendMessage', error(kind, code ? { code } : {}));
    expect(await attempt(send)).toEqual(outcome);
    podium.recover();
    expect(await attempt(send)).toEqual(outcome);
    expect(podium.texts).toEqual([]);
  });

  test.each<PodiumErrorKind>(['throttled', 'unauthenticated', 'conflict'])(
    '%s is retried, without reading the conversation',
    async (kind) => {
      const send = text();
      podium.fail('sendMessage', error(kind), 1);
      expect(await failed(send)).toMatchObject({ type: kind, nonRetryable: false });
      expect(await row(send.sendId)).toMatchObject({ status: 'not_sent' });
      expect(await attempt(send)).toMatchObject({ status: 'sent' });
      expect(podium.calls.map(({ method }) => method)).toEqual(['sendMessage', 'sendMessage']);
    },
  );

  test('the time that Podium asks for is waited for', async () => {
    podium.fail('sendMessage', error('throttled', { retryAfterMs: 42_000 }), 1);
    const waits = Number((await failed(text())).nextRetryDelay);
    expect(waits).toBeGreaterThanOrEqual(42_000);
    expect(waits).toBeLessThanOrEqual(43_000); // and not everything in the same instant
  });

  test('a token that was rejected is renewed by the next attempt, which comes soon', async () => {
    podium.fail('sendMessage', error('unauthenticated'), 1);
    expect((await failed(text())).nextRetryDelay).toBe(1_000);
  });

  test('an opt-out that only Podium knows goes into the ledger', async () => {
    podium.fail('sendMessage', error('opted_out', { code: 'contact_opted_out' }), 1);
    expect(await attempt(text())).toEqual({ status: 'blocked' });
    expect(await isOptedOut(database.pool, JANE)).toBe(true);
    expect(await attempt(text())).toEqual({ status: 'blocked' });
  });

  test('an unknown location has the list read anew, and is tried once more', async () => {
    podium.fail('sendMessage', error('invalid_location'), 1);
    expect(await attempt(text())).toMatchObject({ status: 'sent' });
    expect(podium.calls.map(({ method }) => method)).toEqual(['sendMessage', 'listLocations', 'sendMessage']);
  });

  test('a location that stays unknown is final', async () => {
    podium.fail('sendMessage', error('invalid_location'));
    expect(await attempt(text())).toEqual({ status: 'refused', code: 'ERR_WEBCHAT_003' });
    expect(podium.calls.filter(({ method }) => method === 'sendMessage')).toHaveLength(2);
  });
});

/** Podium shows Jane's contact with these conversations, and at which store each is. */
function janeHas(conversations: Record<string, string | null>): void {
  podium.contacts.push({
    ...{ uid: 'jane', name: null, phones: [JANE], optedOutAt: null, updatedAt: null },
    ...{ locationUids: [BAYVIEW, NORTHSIDE], conversationUids: Object.keys(conversations) },
  });
  for (const [uid, locationUid] of Object.entries(conversations)) podium.show(uid, locationUid);
}

describe('a conversation that Podium does not know', () => {
  test('is looked up at the contact, and the text goes there', async () => {
    janeHas({ 'of another store': BAYVIEW, known: NORTHSIDE });
    podium.fail('sendMessage', error('not_found'), 1);
    const outcome = await attempt(text({ conversationUid: 'unheard of' }));
    expect(outcome).toMatchObject({ status: 'sent', conversationUid: 'known' });
    const read = ['findContact', 'readConversation', 'readConversation'];
    expect(podium.calls.map(({ method }) => method)).toEqual(['sendMessage', ...read, 'sendMessage']);
  });

  test('is never replaced by one at another store', async () => {
    janeHas({ 'of another store': BAYVIEW });
    podium.fail('sendMessage', error('not_found', { code: 'resource_not_found' }));
    expect(await attempt(text())).toEqual({ status: 'refused', code: 'resource_not_found' });
    expect(podium.texts).toEqual([]);
  });
});

describe('an attempt of unknown outcome', () => {
  test.each<PodiumErrorKind>(['server', 'unreachable', 'invalid'])(
    'after %s is looked for in the conversation, and sent again when it is not there',
    async (kind) => {
      const send = text();
      podium.fail('sendMessage', error(kind, { mayHaveHappened: true }), 1);
      expect((await failed(send)).nonRetryable).toBe(false);
      expect(await attempt(send)).toMatchObject({ status: 'sent' });
      expect(podium.calls.map(({ method }) => method)).toEqual([
        'sendMessage',
        'listMessages',
        'sendMessage',
      ]);
    },
  );

  test('is looked for once Podium must have it, if it has it', async () => {
    podium.fail('sendMessage', 'lost answer', 1);
    expect((await failed(text())).nextRetryDelay).toBe(15_000);
    podium.fail('sendMessage', error('server', { mayHaveHappened: true, retryAfterMs: 42_000 }), 1);
    expect((await failed(text())).nextRetryDelay).toBe(42_000);
    podium.fail('sendMessage', error('throttled'), 1);
    expect((await failed(text())).nextRetryDelay).toBeUndefined();
  });

  test('that reached Podium is not sent again', async () => {
    const send = text();
    podium.fail('sendMessage', 'lost answer', 1);
    await failed(send);
    expect(await attempt(send)).toMatchObject({ status: 'sent', at: podium.texts[0]?.at });
    expect(podium.texts).toHaveLength(1);
    expect(await row(send.sendId)).toMatchObject({ status: 'sent' });
  });

  test('is looked for by way of the contact while no conversation is known', async () => {
    const send = text({ conversationUid: null });
    janeHas({ [`conversation of ${JANE}`]: NORTHSIDE });
    podium.fail('sendMessage', 'lost answer', 1);
    await failed(send);
    expect(await attempt(send)).toMatchObject({ status: 'sent' });
    expect(podium.texts).toHaveLength(1);
  });

  test('is not taken for the same words at another store', async () => {
    const send = text({ conversationUid: null });
    janeHas({ 'of another store': BAYVIEW });
    podium.fail('sendMessage', error('server', { mayHaveHappened: true }), 1);
    await failed(send);
    podium.conversations.set('of another store', [
      {
        ...{ uid: randomUUID(), body: send.body, at: new Date() },
        ...{ direction: 'outbound', senderUid: null, hasFile: false },
      },
    ]);
    expect(await attempt(send)).toMatchObject({ conversationUid: `conversation of ${JANE}` });
    expect(podium.texts).toHaveLength(1);
  });

  test('is not sent again while it may stand in a conversation that may be of this store', async () => {
    const send = text({ conversationUid: null });
    janeHas({ untold: null });
    podium.fail('sendMessage', error('server', { mayHaveHappened: true }), 1);
    await failed(send);
    expect(await failed(send)).toMatchObject({ type: 'not_readable_yet', nonRetryable: false });
    expect(podium.texts).toEqual([]);
  });

  test('is looked for in the other conversations of the contact when a merge has moved its own', async () => {
    const send = text();
    janeHas({ 'of another store': BAYVIEW, moved: NORTHSIDE });
    podium.fail('sendMessage', 'lost answer', 1);
    await failed(send);
    podium.conversations.set('moved', podium.conversations.get('conversation')!);
    podium.fail('listMessages', error('not_found'), 1);
    expect(await attempt(send)).toMatchObject({ status: 'sent', conversationUid: 'moved' });
    expect(podium.texts).toHaveLength(1);
  });

  test('that no conversation can tell of, since it is gone, is not sent again', async () => {
    const send = text();
    podium.fail('sendMessage', 'lost answer', 1);
    await failed(send);
    podium.fail('listMessages', error('not_found'));
    expect(await attempt(send)).toEqual({ status: 'refused', code: 'outcome_unknown' });
    expect(podium.texts).toHaveLength(1);
  });

  test('is looked for no sooner when it could not be written down as such', async () => {
    const send = text();
    const { pool } = database;
    const { connect } = pool;
    podium.sendMessage = async () => {
      pool.connect = () => Promise.reject(new Error('away')) as never;
      throw error('server', { mayHaveHappened: true });
    };
    const failure = await failed(send).finally(() => (pool.connect = connect));
    expect(failure).toMatchObject({ type: 'not_written_down', nextRetryDelay: 15_000 });
    expect(await row(send.sendId)).toMatchObject({ status: 'intent' });
  });

  test('is not sent again while neither a conversation is known nor the contact can be read', async () => {
    const send = text({ conversationUid: null });
    podium.fail('sendMessage', error('server', { mayHaveHappened: true }), 1);
    await failed(send);
    expect(await failed(send)).toMatchObject({ type: 'not_readable_yet', nextRetryDelay: 15_000 });
    expect(podium.texts).toEqual([]);
    janeHas({});
    expect(await attempt(send)).toMatchObject({ status: 'sent' }); // the contact has no conversation
    expect(podium.texts).toHaveLength(1);
  });

  test('is not taken for the same words of an earlier send', async () => {
    const body = 'Your name?';
    await attempt(text({ body }));
    const send = text({ body });
    podium.fail('sendMessage', error('server', { mayHaveHappened: true }), 1);
    await failed(send);
    expect(await attempt(send)).toMatchObject({ status: 'sent' });
    expect(podium.texts).toHaveLength(2);
  });

  test('and is sent again counts from the first time: the customer may have read and answered that one', async () => {
    const send = text();
    podium.fail('sendMessage', error('server', { mayHaveHappened: true }), 1);
    await failed(send);
    const { rows } = await database.pool.query<{ first: Date }>(
      'select intended_at as first from sends where id = $1',
      [send.sendId],
    );
    const first = rows[0]!.first.getTime();
    expect(await attempt(send)).toMatchObject({ status: 'sent', at: first, since: first });
    expect(podium.texts).toHaveLength(1);
  });

  test('is not sent again before the conversation could be read', async () => {
    const send = text();
    podium.fail('sendMessage', 'lost answer', 1);
    await failed(send);
    podium.fail('listMessages', error('server'), 1);
    expect((await failed(send)).nonRetryable).toBe(false);
    podium.fail('listMessages', error('not_permitted'), 1);
    expect(await attempt(send)).toEqual({ status: 'refused', code: 'outcome_unknown' });
    expect(podium.texts).toHaveLength(1);
  });
});
