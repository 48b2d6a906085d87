import { createTestDatabase, type TestDatabase } from '../test/support/database';
import {
  BAYVIEW,
  context,
  customerMessage,
  JANE,
  JOHN,
  NORTHSIDE,
  storeMessage,
  testHash,
  workflowIdOf,
} from '../test/support/received';
import { receive, type Outcome } from './inbox';
import { claimSessions, settleClaim } from './relay';
import { selectSessions } from './session-lists';
import { closeSession } from './session-close';
import { saveProgress } from './session-progress';
import { findSession } from './sessions';
import { endWait, waitingChats } from './waiting-chats';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
afterEach(() =>
  db.pool.query(
    `truncate inbox_events, sessions, partial_answers, opt_outs, opt_out_history, agent_notes, audit_entries`,
  ),
);

interface Chat {
  phone?: string;
  locationUid?: string;
}
const keyOf = ({ phone = JANE, locationUid = NORTHSIDE }: Chat = {}) => ({
  ...{ workflowId: workflowIdOf(phone, locationUid), phone, locationUid },
});
async function receives(...events: Parameters<typeof receive>[1]): Promise<Outcome[]> {
  const outcomes = await receive(db.pool, events, context);
  for (const claim of await claimSessions(db.pool, 10, 60_000)) await settleClaim(db.pool, claim);
  return outcomes;
}
const deals = (waitsForPerson: boolean | null, chat?: Chat) =>
  saveProgress(db.pool, {
    ...{ ...keyOf(chat), handledNumber: 1, status: 'active', lastMessageAt: null, partial: null, notes: [] },
    ...{ conversationUid: null, waitsForPerson },
  });
const closes = (closeConversation: boolean, reason: 'idle' | 'completed' = 'idle') =>
  closeSession(db.pool, {
    ...{ ...keyOf(), phoneHash: testHash(JANE), handledNumber: 9, reason, partial: null, note: null },
    ...{ closeConversation, conversationUid: null },
  });
/** As if what waits had waited for so long. */
const waited = (interval: string, { phone = JANE }: Chat = {}) =>
  db.pool.query('update sessions set waiting_since = waiting_since - $2::interval where phone_e164 = $1', [
    phone,
    interval,
  ]);
const since = async () => (await findSession(db.pool, JANE, NORTHSIDE))!.waitingSince;

/** Jane's chat waits for a person. */
async function waits(): Promise<void> {
  await receives(customerMessage());
  await deals(true);
}

test('a chat waits from the time at which the robot has nothing more to say', async () => {
  await receives(customerMessage());
  await deals(null);
  expect(await since()).toBeNull();
  await deals(true);
  const began = await since();
  expect(began).toEqual(expect.any(Date));
  await deals(true);
  expect(await since()).toEqual(began);
});

test('a person who writes ends the wait, once, and it is told how long it was', async () => {
  await waits();
  await waited('90 seconds');
  const [first, second] = await receives(storeMessage(), storeMessage());
  expect(first!.waitedSeconds).toBeGreaterThanOrEqual(90);
  expect(first!.waitedSeconds).toBeLessThan(100);
  expect(second).not.toHaveProperty('waitedSeconds');
  expect(await since()).toBeNull();
});

test('what a person had written before the wait ends none, however late it comes', async () => {
  await waits();
  const [late] = await receives(storeMessage({ at: new Date(Date.now() - 60_000) }));
  expect(late).not.toHaveProperty('waitedSeconds');
  expect(await since()).not.toBeNull();
});

test('a wait is as long as until the person wrote, however late that comes', async () => {
  await waits();
  await waited('10 minutes');
  const ago = (minutes: number) => storeMessage({ at: new Date(Date.now() - minutes * 60_000) });
  const [before, answer] = await receives(ago(20), ago(8));
  expect(before).not.toHaveProperty('waitedSeconds');
  expect(answer!.waitedSeconds).toBeGreaterThan(110);
  expect(answer!.waitedSeconds).toBeLessThan(130);
});

test('our own texts, and automatic ones, end no wait', async () => {
  await waits();
  await receives(storeMessage({ senderUid: null }));
  expect(await since()).not.toBeNull();
});

test('a workflow that learns of the person later has the last word', async () => {
  await waits();
  await receives(storeMessage());
  await deals(true); // it has not seen the person's message yet
  await deals(false);
  expect(await since()).toBeNull();
});

test('a robot that takes a chat up again does not end the wait for a person', async () => {
  await waits();
  await deals(null);
  expect(await since()).not.toBeNull();
});

test('a chat waits in which the customer may have asked for no more messages, once its session is closed', async () => {
  await receives(customerMessage());
  await closes(true);
  expect(await since()).toBeNull();
  const asks = customerMessage({ text: 'Please leave me alone', webchat: false });
  const said = { wish: 'ask', rule: 'test', mayAnswer: false } as const;
  await receives({ ...asks, verdict: { ...asks.verdict, said } as typeof asks.verdict });
  expect(await since()).toEqual(expect.any(Date));
});

describe('a close', () => {
  test('that leaves the conversation open leaves the chat waiting, until a person writes', async () => {
    await waits();
    const began = await since();
    await closes(false);
    expect(await since()).toEqual(began);
    expect((await receives(storeMessage()))[0]).toMatchObject({ waitedSeconds: expect.any(Number) });
    expect(await since()).toBeNull();
    await closes(false); // the activity is tried again
    expect(await since()).toBeNull();
  });

  test('that leaves a conversation open which the robot could not answer has it wait from then on', async () => {
    await receives(customerMessage());
    await closes(false);
    expect(await since()).toEqual(expect.any(Date));
  });

  test('of a chat in which a person has written ends the wait: they have it', async () => {
    await receives(customerMessage());
    await receives(storeMessage());
    await deals(true); // the customer wrote once more
    await closes(false);
    expect(await since()).toBeNull();
  });

  test('leaves it waiting where a person had written only before the customer did', async () => {
    await receives(customerMessage());
    await receives(storeMessage({ at: new Date(Date.now() - 60_000) }));
    await closes(false);
    expect(await since()).toEqual(expect.any(Date));
  });

  test('that closes the conversation ends the wait', async () => {
    await waits();
    await closes(true);
    expect(await since()).toBeNull();
  });

  test('of a run in which nothing happened changes nothing', async () => {
    await waits();
    await closes(false, 'completed');
    expect(await since()).not.toBeNull();
  });
});

describe('an operator who closes a chat that is closed and waits', () => {
  const ends = (sessionUid: string) =>
    endWait(
      db.pool,
      { ...keyOf(), sessionUid, conversationUid: 'c-1' },
      { actor: 'kim', wish: 'Sold', phoneHash: testHash(JANE), note: 'By: kim.' },
    );
  const session = async () => (await findSession(db.pool, JANE, NORTHSIDE))!;
  const written = async (table: 'agent_notes' | 'audit_entries') =>
    (await db.pool.query(`select * from ${table} order by id`)).rows;

  test('ends the wait alone: the session was closed once, and for its own reason', async () => {
    await waits();
    await closes(false);
    const { sessionUid, closedAt } = await session();
    expect(await ends(sessionUid)).toBe(true);
    expect(await session()).toMatchObject({ closeReason: 'idle', closedAt, waitingSince: null });
    expect(await written('agent_notes')).toMatchObject([{ body: 'By: kim.', close: true }]);
    expect((await written('audit_entries')).slice(1)).toMatchObject([
      { kind: 'wait_ended', phone_hash: testHash(JANE), details: { actor: 'kim', session: sessionUid } },
    ]);
    expect(await ends(sessionUid)).toBe(false);
  });

  test('changes nothing where the customer has begun another session meanwhile', async () => {
    await waits();
    await closes(false);
    const { sessionUid } = await session();
    await receives(customerMessage());
    const begun = await session();
    expect(await ends(sessionUid)).toBe(false);
    expect(await ends(begun.sessionUid)).toBe(false);
    expect(await session()).toEqual(begun);
    expect(await written('agent_notes')).toEqual([]);
  });
});

test('chats that wait are counted by store, with the longest wait', async () => {
  await receives(customerMessage(), customerMessage({ phone: JOHN }));
  await receives(customerMessage({ locationUid: BAYVIEW }));
  for (const chat of [{}, { phone: JOHN }, { locationUid: BAYVIEW }]) await deals(true, chat);
  await waited('1 hour', { phone: JOHN });
  const counted = await waitingChats(db.pool);
  expect(counted.sort((one, other) => other.count - one.count)).toMatchObject([
    { locationUid: NORTHSIDE, count: 2 },
    { locationUid: BAYVIEW, count: 1 },
  ]);
  expect(counted[0]!.oldestSeconds).toBeGreaterThanOrEqual(3_600);
  expect(counted[1]!.oldestSeconds).toBeLessThan(60);
});

test('they are listed, the one that has waited longest first', async () => {
  await receives(
    customerMessage(),
    customerMessage({ phone: JOHN }),
    customerMessage({ locationUid: BAYVIEW }),
  );
  for (const chat of [{}, { phone: JOHN }]) await deals(true, chat);
  await waited('1 hour', { phone: JOHN });
  const any = { phone: null, locationUid: null, status: null, limit: 10 };
  const listed = await selectSessions(db.pool, { ...any, waiting: true });
  expect(listed.map(({ phone }) => phone)).toEqual([JOHN, JANE]);
  expect(await selectSessions(db.pool, { ...any, waiting: false })).toHaveLength(3);
});

test.each([
  ['nobody has answered for three days', () => waited('3 days')],
  [
    'whose customer has opted out',
    () => receives(customerMessage({ text: 'STOP', webchat: false, stop: true })),
  ],
])('one %s is no longer counted', async (_, happens) => {
  await waits();
  expect(await waitingChats(db.pool)).toHaveLength(1);
  await happens();
  expect(await waitingChats(db.pool)).toEqual([]);
  expect(await since()).toBeNull();
});
