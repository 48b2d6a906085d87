import { failure } from '../core/error-codes';
import { foundEventId, UNCLEAR_MESSAGE } from '../core/events';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import {
  BAYVIEW,
  context,
  customerMessage,
  JANE,
  NORTHSIDE,
  received,
  storeMessage,
  testHash,
  type MessageOptions,
} from '../test/support/received';
import { transaction } from './database';
import { receive, type ReceivedEvent } from './inbox';
import { blockOf, isOptedOut } from './opt-out-states';
import { recordOptOut } from './opt-outs';

const NOON = new Date('2026-07-23T12:00:00Z');
const later = (minutes: number) => new Date(NOON.getTime() + minutes * 60_000);

let db: TestDatabase;
beforeAll(async () => (db = await createTestDatabase()));
afterAll(() => db.drop());
afterEach(async () => {
  await db.pool.query(
    'truncate inbox_events, sessions, opt_outs, opt_out_history, workflow_starts, sends, audit_entries',
  );
  await db.pool.query('update reconciliation_totals set finds = 0');
});

const read = (raw: Buffer) => {
  const { data } = JSON.parse(raw.toString()) as { data: { body: string } };
  return customerMessage({ text: data.body, webchat: false }).event;
};
const take = async (...batch: ReceivedEvent[]) =>
  (await receive(db.pool, batch, context, { read })).map(({ status }) => status);

/** As its webhook brings it. */
const published = (uid: string, options: MessageOptions = {}) =>
  customerMessage({ messageUid: uid, receivedAt: NOON, ...options });
/** The same where an event has neither uid nor time. */
const skill = (options: MessageOptions = {}) =>
  customerMessage({
    ...{ contract: 'skill', eventType: 'webchat.message.received', messageUid: null, at: null },
    ...{ receivedAt: NOON, ...options },
  });
/** As reconciliation finds it, minutes later. */
const found = (uid: string, options: MessageOptions = {}) =>
  customerMessage({
    ...{ eventId: foundEventId(uid), messageUid: uid, at: NOON, receivedAt: later(10), ...options },
  });
const unclear = (uid: string, text = 'Hi') =>
  received(
    {
      ...{ eventId: foundEventId(`unclear:${uid}`), eventType: UNCLEAR_MESSAGE, messageUid: uid, text },
      ...{ at: NOON, receivedAt: later(10) },
    },
    {
      ...{ kind: 'quarantined', failure: failure('ERR_WHK_013'), phone: JANE, locationUid: NORTHSIDE },
      ...{ optOut: null, said: null },
    },
  );

async function texts(): Promise<string[]> {
  const { rows } = await db.pool.query<{ text: string }>(
    `select message->>'text' as text from inbox_events where status = 'pending' order by id`,
  );
  return rows.map(({ text }) => text);
}

async function finds(): Promise<number> {
  const { rows } = await db.pool.query<{ finds: number }>('select finds from reconciliation_totals');
  return rows[0]!.finds;
}

describe('a message with a uid in its event', () => {
  test('comes in once, in either order', async () => {
    expect(await take(published('m1'))).toEqual(['accepted']);
    expect(await take(found('m1'))).toEqual(['duplicate']);
    expect(await take(found('m2'))).toEqual(['accepted']);
    expect(await take(published('m2'))).toEqual(['duplicate']);
    expect(await finds()).toBe(1);
  });

  test('with STOP in other words is heard after a decision, though the same was found before', async () => {
    const ask = (event: ReceivedEvent): ReceivedEvent => ({
      ...event,
      verdict: {
        ...{ kind: 'customer_message', phone: JANE, locationUid: NORTHSIDE, optOut: null },
        said: { wish: 'ask', rule: 'a rule', mayAnswer: false },
      },
    });
    await take(ask(found('m1')));
    await recordOptOut(db.pool, {
      ...{ phone: JANE, phoneHash: testHash(JANE), wish: 'dismiss', source: 'operator', actor: 'Ann' },
      ...{ rule: null, locationUid: null, messageUid: null, at: later(60) },
    });
    expect(await blockOf(db.pool, JANE)).toBeNull();
    expect(await take(ask(skill({ receivedAt: later(120) })))).toEqual(['accepted']);
    expect(await blockOf(db.pool, JANE)).toBe('undecided');
  });

  test('comes in once, when both come at the same moment', async () => {
    for (let n = 0; n < 20; n += 1) {
      const outcomes = await Promise.all([published(`m${n}`), found(`m${n}`)].map((event) => take(event)));
      expect(outcomes.flat().sort()).toEqual(['accepted', 'duplicate']);
    }
    expect(await texts()).toHaveLength(20);
  });
});

describe('a message without a uid in its event', () => {
  test('is known by its words when it is found, and by its uid from then on', async () => {
    expect(await take(skill())).toEqual(['accepted']);
    expect(await take(found('m1'))).toEqual(['duplicate']);
    expect(await take(found('m1'))).toEqual(['duplicate']);
    expect(await finds()).toBe(0);
  });

  test('that was found is known when its event comes late, however often it comes', async () => {
    expect(await take(found('m1'))).toEqual(['accepted']);
    const late = skill({ receivedAt: later(600) });
    expect(await take(late)).toEqual(['duplicate']);
    expect(await take(late)).toEqual(['duplicate']);
    expect(await texts()).toHaveLength(1);
  });

  test('is known when its late event has the type under which it was found, and a second one is new', async () => {
    await take(found('m1'));
    const late = { eventType: 'message.received', receivedAt: later(20) };
    expect(await take(skill(late))).toEqual(['duplicate']);
    expect(await take(found('m1'))).toEqual(['duplicate']);
    expect(await take(skill({ ...late, contract: 'published' }))).toEqual(['accepted']);
    expect(await take(found('m2', { at: later(20), receivedAt: later(30) }))).toEqual(['duplicate']);
    expect(await texts()).toHaveLength(2);
  });

  test.each([
    ['as its event', {}],
    ['under the type of what was found', { eventType: 'message.received' }],
  ])('with a STOP is heard after an opt-in, though the same was found before: %s', async (_, type) => {
    const stop = { text: 'STOP', stop: true };
    await take(found('m1', stop));
    await recordOptOut(db.pool, {
      ...{ phone: JANE, phoneHash: testHash(JANE), wish: 'opt_in', source: 'operator', actor: 'Ann' },
      ...{ rule: null, locationUid: null, messageUid: null, at: later(60) },
    });
    expect(await isOptedOut(db.pool, JANE)).toBe(false);
    expect(await take(skill({ ...stop, ...type, receivedAt: later(120) }))).toEqual(['accepted']);
    expect(await isOptedOut(db.pool, JANE)).toBe(true);
    expect(await take(found('m2', { ...stop, at: later(119) }))).toEqual(['duplicate']);
  });

  test('comes in once, when both come at the same moment', async () => {
    const both = Array.from({ length: 20 }, (_, n) => [
      skill({ text: `${n}` }),
      found(`m${n}`, { text: `${n}` }),
    ]);
    await Promise.all(both.flat().map((event) => take(event)));
    expect((await texts()).map(Number).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, n) => n),
    );
  });

  test('and with the same words as another one is another one: each event stands for one message', async () => {
    await take(skill({ text: 'Yes' }), skill({ text: 'Yes', receivedAt: later(2) }));
    const three = [0, 1, 2].map((n) => found(`m${n}`, { text: 'Yes', at: later(n) }));
    expect((await take(...three)).filter((status) => status === 'accepted')).toHaveLength(1);
    expect(await take(...three)).toEqual(['duplicate', 'duplicate', 'duplicate']);
    expect(await texts()).toEqual(['Yes', 'Yes', 'Yes']);
  });

  test('is not the one that was written after its event had come', async () => {
    await take(skill());
    expect(await take(found('m1', { at: later(6) }))).toEqual(['accepted']);
  });

  test.each([
    ['customer', { phone: '+61412345678' }],
    ['store', { locationUid: BAYVIEW }],
    ['text', { text: 'Another question' }],
  ])('is not the one of another %s', async (_, other) => {
    await take(skill());
    expect(await take(found('m1', other))).toEqual(['accepted']);
  });
});

test('waits for the relay that has its session, and never the relay for it', async () => {
  await take(skill());
  let reading: Promise<string[]> = Promise.resolve([]);
  await transaction(db.pool, async (relay) => {
    await relay.query('select from sessions for update');
    reading = take(found('m1'), found('m2', { text: 'Another question' }));
    reading.catch(() => undefined);
    await someoneWaits();
    await relay.query(`update inbox_events set status = 'delivered' where status = 'pending'`);
  });
  expect(await reading).toEqual(['duplicate', 'accepted']);
});

/** Until a statement of another connection waits for a lock. */
async function someoneWaits(): Promise<void> {
  for (;;) {
    const { rowCount } = await db.pool.query(
      `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
    );
    if (rowCount) return;
  }
}

describe('a message of which nobody can say who wrote it', () => {
  test('goes to quarantine once, and its webhook is heard all the same', async () => {
    expect(await take(unclear('m1'))).toEqual(['quarantined']);
    expect(await take(unclear('m1'))).toEqual(['duplicate']);
    expect(await take(published('m1'))).toEqual(['accepted']);
    expect(await finds()).toBe(0);
  });

  test.each([
    ["a customer's, by its webhook", () => take(published('m1'))],
    ["a customer's, by its words", () => take(skill({ text: 'Hi' }))],
    ["a store's", () => take(storeMessage({ messageUid: 'm1' }))],
    [
      'ours',
      () =>
        db.pool.query(
          `insert into sends (id, phone_e164, phone_hash, location_uid, purpose, body_hash, status, attempts,
                              message_uid, intended_at)
           values (gen_random_uuid(), $1, 'x', $2, 'answer', 'x', 'sent', 1, 'm1', now())`,
          [JANE, NORTHSIDE],
        ),
    ],
  ])('is let be when it is known as %s', async (_, comes) => {
    await comes();
    expect(await take(unclear('m1'))).toEqual(['duplicate']);
  });
});

describe('what was ignored, since the message that begins the session was lost, follows that one', () => {
  const [first, second] = [{ text: 'Hi' }, { text: '2', webchat: false, at: later(1) }];

  test('by its uid', async () => {
    expect(await take(published('m2', second))).toEqual(['ignored']);
    expect(await take(found('m1', first), found('m2', second))).toEqual(['accepted', 'duplicate']);
    expect((await texts()).sort()).toEqual(['2', 'Hi']);
  });

  test('without a uid or a time, found or not', async () => {
    const third = { text: '3', webchat: false, receivedAt: later(2) };
    expect(await take(skill({ ...second, at: null, receivedAt: later(1) }), skill(third))).toEqual(
      Array(2).fill('ignored'),
    );
    expect(await take(found('m1', first), found('m2', second))).toEqual(['accepted', 'duplicate']);
    expect((await texts()).sort()).toEqual(['2', '3', 'Hi']);
  });

  test('when the conversation is read page by page, and only once', async () => {
    expect(await take(found('m2', second))).toEqual(['ignored']);
    await take(found('other', { ...second, text: 'elsewhere', locationUid: BAYVIEW }));
    expect(await take(found('m1', first))).toEqual(['accepted']);
    expect((await texts()).sort()).toEqual(['2', 'Hi']);
    expect(await take(found('m1', first), found('m2', second))).toEqual(['duplicate', 'duplicate']);
  });
});

test('what was ignored before the session began stays so', async () => {
  const text = { text: 'Are you open?', webchat: false };
  await take(published('m1', text));
  expect(await take(found('m1', text), found('m2', { at: later(1) }))).toEqual(['duplicate', 'accepted']);
});

test('a find has an entry in the audit, without a phone and a word', async () => {
  await take(found('m1'));
  const { rows } = await db.pool.query(`select * from audit_entries where kind = 'message_found'`);
  expect(rows).toMatchObject([{ entry_key: 'reconciled:m1', details: { status: 'pending' } }]);
  expect(JSON.stringify(rows)).not.toMatch(/61400123456|test drive/);
});
