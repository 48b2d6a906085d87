/** What a text's wish does in the receiving transaction, and what leaves for it. */
import { failure } from '../core/error-codes';
import type { OtherWish } from '../core/events';
import { suppressionKeys } from '../core/suppression-keys';
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
import { beginErasure } from './erasures';
import { receive, type ReceivedEvent } from './inbox';
import { blockOf, optOutRecords, type Wish } from './opt-out-states';
import { recordOptOut } from './opt-outs';
import { ownText, wantHelp } from './own-texts';
import { lookBack, openDoor } from './door';
import { settleSend } from './sends';
import { useSuppressionKeys } from './suppressions';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
beforeEach(() =>
  db.pool.query(
    `insert into locations (uid, name, country, archived) values ($1, 'Northside', 'AU', false), ($2, 'Bayview', 'US', false)`,
    [NORTHSIDE, BAYVIEW],
  ),
);
afterEach(() =>
  db.pool.query(
    `truncate inbox_events, sessions, opt_outs, opt_out_history, opt_out_permits, own_texts, agent_notes,
              workflow_starts, sends, audit_entries, locations`,
  ),
);

const CONFIRMATION = '{location}: no more texts.';
const take = (events: ReceivedEvent[], texts = context.texts) =>
  receive(db.pool, events, { ...context, texts });
const confirming = { ...context.texts, confirmation: CONFIRMATION };
const rows = async (sql: string, ...values: unknown[]) => (await db.pool.query(sql, values)).rows;
const block = () => blockOf(db.pool, JANE);
const starts = async (type: string) =>
  rows('select workflow_id, args from workflow_starts where workflow_type = $1', type);

/** A message that wishes for something else than an opt-out. */
function wishes(
  wish: OtherWish['wish'],
  options: MessageOptions & { mayAnswer?: boolean } = {},
): ReceivedEvent {
  const { phone = JANE, locationUid = NORTHSIDE, mayAnswer = false } = options;
  const said = { wish, rule: 'a rule', mayAnswer };
  return received(
    { webchat: false, ...options },
    { kind: 'customer_message', phone, locationUid, optOut: null, said },
  );
}
const stops = (options: MessageOptions = {}) => customerMessage({ stop: true, webchat: false, ...options });

function atUnknownStore(): ReceivedEvent {
  const refused = { failure: failure('ERR_WEBCHAT_003'), phone: JANE, locationUid: 'nowhere' };
  return received({ webchat: false }, { kind: 'quarantined', ...refused, optOut: null, said: null });
}

async function optedOut(): Promise<void> {
  await take([stops({ receivedAt: new Date(Date.now() - 60_000) })]);
  await db.pool.query('truncate workflow_starts, agent_notes');
}

/** The echo of what we have told it. */
async function podiumTellsAgain(): Promise<void> {
  await recordOptOut(db.pool, {
    ...{
      phone: JANE,
      phoneHash: testHash(JANE),
      wish: 'opt_out',
      source: 'podium',
      actor: 'podium',
      rule: null,
    },
    ...{ locationUid: null, messageUid: null, at: new Date(), contactUid: 'c-1' },
  });
}

describe('START', () => {
  it('by text from the phone itself ends the opt-out, and Podium is told', async () => {
    await optedOut();
    await take([wishes('opt_in')]);
    expect(await block()).toBeNull();
    expect((await optOutRecords(db.pool, JANE)).at(-1)).toMatchObject({
      ...{ wish: 'opt_in', source: 'text', actor: 'customer', rule: 'a rule', applied: true },
      messageUid: expect.any(String),
    });
    expect(await starts('optOutMirror')).toHaveLength(1);
    expect(await rows('select status from inbox_events order by id')).toEqual([
      { status: 'recorded' },
      { status: 'recorded' },
    ]);
  });

  it('typed into a website opts nobody in: that phone is nobody’s proven own', async () => {
    await optedOut();
    await take([wishes('opt_in', { webchat: true })]);
    expect(await block()).toBe('opted_out');
    expect(await rows('select body from agent_notes')).toEqual([
      { body: expect.stringContaining('no text may be sent to this phone') },
    ]);
  });

  it('at an unknown store counts all the same', async () => {
    await optedOut();
    const verdict = {
      failure: failure('ERR_WEBCHAT_003'),
      phone: JANE,
      locationUid: 'nowhere',
      optOut: null,
    };
    const said = { wish: 'opt_in', rule: 'a rule', mayAnswer: false } as const;
    await take([received({ webchat: false }, { kind: 'quarantined', ...verdict, said })]);
    expect(await block()).toBeNull();
  });
});

describe('YES', () => {
  it('ends an opt-out, since nobody was asked anything', async () => {
    await optedOut();
    await take([wishes('opt_in', { mayAnswer: true })]);
    expect(await block()).toBeNull();
  });

  it.each([
    ['a person of the store has written since', () => [storeMessage()]],
    ['the customer has written since', () => [customerMessage({ webchat: false })]],
    ['somebody has written to an unknown store since', () => [atUnknownStore()]],
  ])('may answer a person, and opts nobody in, where %s', async (_, meanwhile) => {
    await optedOut();
    await take(meanwhile());
    await take([wishes('opt_in', { mayAnswer: true, receivedAt: new Date(Date.now() + 1_000) })]);
    expect(await block()).toBe('opted_out');

    await db.pool.query('update opt_outs set spoken_at = null; truncate inbox_events');
    await take([
      ...meanwhile(),
      wishes('opt_in', { mayAnswer: true, receivedAt: new Date(Date.now() + 1_000) }),
    ]);
    expect(await block()).toBe('opted_out');
  });

  it.each([false, true])(
    'opts nobody in who has written since, though Podium has told of the opt-out later; in one batch: %s',
    async (isOneBatch) => {
      await optedOut();
      const written = customerMessage({ webchat: false, receivedAt: new Date(Date.now() - 30_000) });
      if (!isOneBatch) await take([written]);
      await podiumTellsAgain();
      const yes = wishes('opt_in', { mayAnswer: true, receivedAt: new Date(Date.now() + 1_000) });
      await take(isOneBatch ? [written, yes] : [yes]);
      expect(await block()).toBe('opted_out');
    },
  );

  it('opts in who has said STOP twice, and nothing else', async () => {
    await optedOut();
    await take([stops()]);
    await take([wishes('opt_in', { mayAnswer: true, receivedAt: new Date(Date.now() + 1_000) })]);
    expect(await block()).toBeNull();
  });

  it('opts nobody in who was erased, since nobody knows what was said then; START does', async () => {
    useSuppressionKeys(suppressionKeys({ suppressionKeys: [], idKeys: ['an-id-key-of-some-length'] }));
    await optedOut();
    await beginErasure(db.pool, { phone: JANE, phoneHash: testHash(JANE), actor: 'ann' });
    await db.pool.query('truncate opt_outs, opt_out_history');
    const soon = new Date(Date.now() + 1_000);
    await take([wishes('opt_in', { mayAnswer: true, receivedAt: soon })]);
    expect(await block()).toBe('opted_out');
    await take([wishes('opt_in', { receivedAt: soon })]);
    expect(await block()).toBeNull();
    await db.pool.query('truncate suppressions, suppression_keys, erasures');
    useSuppressionKeys([]);
  });

  it('opts in where all that was said was before the opt-out, or said by no person', async () => {
    const before = new Date(Date.now() - 120_000);
    await take([customerMessage({ receivedAt: before }), storeMessage({ receivedAt: before })]);
    await optedOut();
    await take([storeMessage({ receivedAt: before }), storeMessage({ senderUid: null })]);
    await take([wishes('opt_in', { mayAnswer: true, receivedAt: new Date(Date.now() + 1_000) })]);
    expect(await block()).toBeNull();
  });

  it('is an answer of everybody else, and goes to the session', async () => {
    await take([customerMessage()]);
    await take([wishes('opt_in', { mayAnswer: true })]);
    expect(await optOutRecords(db.pool, JANE)).toEqual([]);
    expect(await rows(`select status from inbox_events where status = 'pending'`)).toHaveLength(2);
  });
});

describe('HELP', () => {
  const texts = () => rows('select purpose, body, location_uid from own_texts');

  it('is answered with the name of the store, once a phone and day', async () => {
    const receivedAt = new Date();
    await take([wishes('help', { receivedAt }), wishes('help', { receivedAt })]);
    await take([wishes('help', { receivedAt, locationUid: BAYVIEW })]);
    expect(await texts()).toEqual([
      { purpose: 'help', body: 'Northside: about your chat. STOP ends it.', location_uid: NORTHSIDE },
    ]);
    const [start] = await starts('ownText');
    expect(start).toMatchObject({ args: [{ textId: expect.any(String), locationUid: NORTHSIDE }] });
    await take([wishes('help', { receivedAt: new Date(receivedAt.getTime() + 86_400_000) })]);
    expect(await texts()).toHaveLength(2);
  });

  it('is answered in time or not at all: who asked long ago is left to the session', async () => {
    const at = new Date(Date.now() - 31 * 60_000);
    await take([customerMessage()]);
    await take([wishes('help', { at, receivedAt: new Date() })]);
    expect(await texts()).toEqual([]);
    expect(await rows(`select status from inbox_events where status = 'pending'`)).toHaveLength(2);
    await take([wishes('help', { at: new Date(Date.now() - 60_000), receivedAt: new Date() })]);
    const [{ id }] = await rows('select id from own_texts');
    expect(await ownText(db.pool, id)).toMatchObject({ purpose: 'help' });
    await db.pool.query(`update own_texts set good_until = good_until - interval '29 minutes'`);
    expect(await ownText(db.pool, id)).toBeNull();
  });

  it('is not answered to who has opted out', async () => {
    await optedOut();
    await take([wishes('help')]);
    expect(await texts()).toEqual([]);
  });
});

it('a text of our own is wanted at the time of the lock, and not when its transaction began', async () => {
  const { began, created } = await transaction(db.pool, async (client) => {
    const { rows: times } = await client.query<{ began: Date }>('select now() as began, pg_sleep(0.01)');
    const [askedAt, goodUntil] = [new Date(), new Date(Date.now() + 60_000)];
    await wantHelp(client, { phone: JANE, locationUid: NORTHSIDE, body: 'Help', askedAt, goodUntil });
    const { rows: texts } = await client.query<{ created: Date }>(
      'select created_at as created from own_texts',
    );
    return { ...times[0]!, ...texts[0]! };
  });
  expect(created.getTime()).toBeGreaterThan(began.getTime());
});

describe('a wish in other words', () => {
  it('suppresses all sends, and has the agent decide', async () => {
    await take([wishes('ask')]);
    expect(await block()).toBe('undecided');
    expect(await rows('select status from inbox_events')).toEqual([{ status: 'recorded' }]);
    expect(await rows('select body from agent_notes')).toEqual([
      { body: expect.stringContaining('may have asked for no more messages') },
    ]);
    const send = { sendId: crypto.randomUUID(), phone: JANE, phoneHash: 'h', locationUid: NORTHSIDE };
    const wanted = { ...send, workflowId: null, conversationUid: null, purpose: 'greeting', body: 'Hi' };
    const door = () => openDoor(db.pool, { ...wanted, now: new Date() }, 0);
    expect(await door()).toEqual({ kind: 'refused', code: 'ERR_WEBCHAT_018' });
    expect(await door()).toEqual({ kind: 'refused', code: 'ERR_WEBCHAT_018' });
    expect(await rows('select kind from audit_entries order by id')).toEqual([
      { kind: 'opt_out_asked' },
      { kind: 'send_blocked' },
    ]);
  });

  it('goes to the session that is open, which is silent from then on', async () => {
    await take([customerMessage()]);
    await take([wishes('ask')]);
    expect(await rows(`select message from inbox_events where message ? 'mayOptOut'`)).toHaveLength(1);
  });
});

describe('by Podium’s clock, in whatever order events come, and twice', () => {
  const at = (minute: number) => new Date(Date.UTC(2026, 6, 23, 10, minute));
  const record = (wish: Wish, minute: number) =>
    recordOptOut(db.pool, {
      ...{ phone: JANE, phoneHash: 'h', wish, source: 'text', actor: 'customer', rule: null },
      ...{ locationUid: null, messageUid: null, at: at(minute) },
    });

  it.each<[Wish[], 'opted_out' | 'undecided' | null]>([
    [['opt_out', 'opt_in', 'opt_out'], 'opted_out'],
    [['opt_in', 'opt_out', 'opt_in'], null],
    [['opt_out', 'ask'], 'opted_out'],
    [['opt_out', 'ask', 'opt_in'], null],
    [['opt_out', 'opt_in', 'ask'], 'undecided'],
    [['ask', 'opt_out', 'opt_in'], null],
    [['ask', 'opt_in'], null],
    [['opt_in', 'ask'], 'undecided'],
    [['opt_out', 'opt_out', 'opt_in', 'ask'], 'undecided'], // the second STOP may be heard of after the wish
    [['opt_out', 'ask', 'opt_out', 'opt_in'], null],
  ])('%j leaves the phone %s', async (wishes, expected) => {
    for (const order of permutations(wishes.map((wish, minute) => [wish, minute] as const))) {
      for (const times of ['once', 'twice']) {
        for (const [wish, minute] of order) await record(wish, minute);
        expect({ order, times, block: await block() }).toEqual({ order, times, block: expected });
      }
      await db.pool.query('truncate opt_outs, opt_out_history');
    }
  });

  it('a decision ends the suppression for what was said until then, and never an opt-out', async () => {
    await record('ask', 1);
    await record('dismiss', 2);
    expect(await block()).toBeNull();
    await record('ask', 3);
    expect(await block()).toBe('undecided');
    await record('dismiss', 2);
    expect(await block()).toBe('undecided');
    await record('opt_out', 4);
    await record('dismiss', 5);
    expect(await block()).toBe('opted_out');
  });
});

describe('the confirmation of an opt-out', () => {
  const confirmation = async () => (await rows('select id, body from own_texts'))[0];
  const door = async (sendId: string) => {
    const send = { sendId, phone: JANE, phoneHash: 'h', locationUid: NORTHSIDE, workflowId: null };
    const of = { conversationUid: null, purpose: 'opt_out_confirmation', body: 'x', now: new Date() };
    const wanted = { ...send, ...of };
    return (await openDoor(db.pool, wanted, (await lookBack(db.pool, sendId)).count)).kind;
  };

  it('is wanted only where the settings say so, and only by an opt-out that changes something', async () => {
    await take([stops()]);
    expect(await confirmation()).toBeUndefined();
    await take([stops()], confirming);
    expect(await confirmation()).toBeUndefined();
  });

  it('may leave, once, and nothing else may', async () => {
    await take([stops()], confirming);
    const { id, body } = await confirmation();
    expect(body).toBe('Northside: no more texts.');
    // Podium would not deliver it, were it told of the opt-out first.
    expect(await rows('select workflow_type from workflow_starts order by due_at')).toEqual([
      { workflow_type: 'ownText' },
      { workflow_type: 'optOutMirror' },
    ]);
    expect(await door(crypto.randomUUID())).toBe('blocked');
    await take([stops({ receivedAt: new Date(Date.now() + 1_000) })], confirming); // said once more
    expect(await door(id)).toBe('open');
    expect(await door(id)).toBe('blocked');
  });

  it('is tried again when it is certain that it did not leave', async () => {
    await take([stops()], confirming);
    const { id } = await confirmation();
    expect(await door(id)).toBe('open');
    await settleSend(db.pool, id, { kind: 'not_sent' });
    expect(await door(id)).toBe('open');
  });

  it('may leave for 5 minutes from the opt-out on, whenever that was heard of', async () => {
    await take([stops({ at: new Date(Date.now() - 4 * 60_000), receivedAt: new Date() })], confirming);
    const { id } = await confirmation();
    await db.pool.query(`update opt_out_permits set expires_at = expires_at - interval '30 seconds'`);
    expect(await door(id)).toBe('open');
    await db.pool.query(
      `truncate sends; update opt_out_permits set expires_at = expires_at - interval '31 seconds'`,
    );
    expect(await door(id)).toBe('blocked');
  });

  it('is not wanted of an opt-out that was longer ago', async () => {
    await take([stops({ at: new Date(Date.now() - 5 * 60_000), receivedAt: new Date() })], confirming);
    expect(await confirmation()).toBeUndefined();
    expect(await block()).toBe('opted_out');
  });

  it.each([
    ['not again', true],
    ['also where the customer does not stop again', false],
  ])('may not leave after a change of mind, %s', async (_, again) => {
    await take([stops()], confirming);
    const { id } = await confirmation();
    await take([wishes('opt_in', { receivedAt: new Date(Date.now() + 1_000) })]);
    if (again) await take([stops({ receivedAt: new Date(Date.now() + 2_000) })]);
    expect(await door(id)).toBe('blocked');
  });

  it('waits for its next attempt also when STOP is said once more', async () => {
    await take([stops()], confirming);
    const { id } = await confirmation();
    await door(id);
    await settleSend(db.pool, id, { kind: 'not_sent' });
    await take([stops({ receivedAt: new Date(Date.now() + 1_000) })], confirming);
    expect(await door(id)).toBe('open');
  });
});

describe('an opt-out', () => {
  const wanted = (sendId: string) => ({
    ...{
      sendId,
      phone: JANE,
      phoneHash: 'h',
      locationUid: NORTHSIDE,
      workflowId: null,
      conversationUid: null,
    },
    ...{ purpose: 'greeting', body: 'Hi', now: new Date() },
  });

  it('voids what waits for its next attempt, for good, and names what may be on the wire', async () => {
    const [waiting, onWire] = [crypto.randomUUID(), crypto.randomUUID()];
    for (const id of [waiting, onWire]) await openDoor(db.pool, wanted(id), 0);
    await settleSend(db.pool, waiting, { kind: 'not_sent' });
    await take([stops()]);
    await take([wishes('opt_in', { receivedAt: new Date(Date.now() + 1_000) })]);
    expect(await openDoor(db.pool, wanted(waiting), 1)).toEqual({ kind: 'blocked' });
    const entries = await rows(
      `select kind, details ->> 'send' as send from audit_entries
        where kind in ('send_blocked', 'send_on_wire') order by kind`,
    );
    expect(entries).toEqual([
      { kind: 'send_blocked', send: waiting },
      { kind: 'send_on_wire', send: onWire },
    ]);
  });

  it('voids what may be on the wire: it has no next attempt, whatever the customer says later', async () => {
    const [found, lost] = [crypto.randomUUID(), crypto.randomUUID()];
    for (const id of [found, lost]) await openDoor(db.pool, wanted(id), 0);
    await settleSend(db.pool, found, { kind: 'unknown' });
    await take([stops()]);
    await take([wishes('opt_in', { receivedAt: new Date(Date.now() + 1_000) })]);
    expect(await openDoor(db.pool, wanted(found), 1)).toEqual({ kind: 'blocked' });
    await settleSend(db.pool, lost, { kind: 'not_sent' });
    expect(await openDoor(db.pool, wanted(lost), 1)).toEqual({ kind: 'blocked' });
    expect((await openDoor(db.pool, wanted(crypto.randomUUID()), 0)).kind).toBe('open');
  });

  it('voids what was wanted before it and comes to the door after the customer has opted in again', async () => {
    const wantedAt = new Date();
    await take([stops()]);
    await take([wishes('opt_in', { receivedAt: new Date(Date.now() + 1_000) })]);
    const later = { ...wanted(crypto.randomUUID()), wantedAt: new Date(Date.now() + 1_000) };
    expect(await openDoor(db.pool, { ...wanted(crypto.randomUUID()), wantedAt }, 0)).toEqual({
      kind: 'blocked',
    });
    expect((await openDoor(db.pool, later, 0)).kind).toBe('open');
  });

  it('makes a person’s later message to the phone an alarm, an automatic one an entry, an earlier one neither', async () => {
    const before = storeMessage({ receivedAt: new Date(Date.now() - 120_000) });
    await optedOut();
    const [own] = await take([before]);
    expect(own).toEqual({ status: 'accepted' });
    const [byPerson, byPodium] = await take([storeMessage(), storeMessage({ senderUid: null })]);
    expect(byPerson?.alarm?.code).toBe('ERR_WEBCHAT_011');
    expect(byPodium?.alarm).toBeUndefined();
    expect(
      await rows(
        `select details ->> 'by' as by from audit_entries where kind = 'send_after_opt_out' order by id`,
      ),
    ).toEqual([{ by: 'agent' }, { by: 'podium' }]);
  });
});

it('a message between an opt-out and Podium’s echo of it is an alarm as well', async () => {
  await optedOut();
  await podiumTellsAgain();
  const [byPerson] = await take([storeMessage({ receivedAt: new Date(Date.now() - 30_000) })]);
  expect(byPerson?.alarm?.code).toBe('ERR_WEBCHAT_011');
});

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, i) =>
    permutations([...items.slice(0, i), ...items.slice(i + 1)]).map((rest) => [item, ...rest]),
  );
}
