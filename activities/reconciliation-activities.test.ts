import { ApplicationFailure, log } from '@temporalio/activity';
import { PodiumError, type ConversationMessage, type Page, type PodiumConversation } from '../podium/api';
import { readFigures } from '../store/figures';
import { receive } from '../store/inbox';
import { replaceLocations } from '../store/locations';
import { reconciliationTotals } from '../store/reconciliation';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { BAYVIEW, context, customerMessage, NORTHSIDE } from '../test/support/received';
import { shippedWords } from '../test/support/shipped-words';
import { createReconciliationActivities, createReconciliationSteps } from './reconciliation-activities';

const MINUTE = 60_000;
const RULES = { graceMs: MINUTE, overlapMs: 5 * MINUTE, firstLookMs: 10 * MINUTE, longestMs: 1440 * MINUTE };

type Message = ConversationMessage & { raw: unknown };
type Lists = {
  pageOfConversations: (locationUid: string, cursor: string | null) => Promise<Page<PodiumConversation>>;
  pageOfMessages: (conversationUid: string, cursor: string | null) => Promise<Page<Message>>;
};

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
  const store = { name: 'A store', country: 'AU', organizationUid: null };
  await replaceLocations(
    db.pool,
    [
      { uid: NORTHSIDE, ...store, archived: false },
      { uid: BAYVIEW, ...store, archived: true },
    ],
    new Date(),
  );
});
afterAll(() => db.drop());
afterEach(() =>
  db.pool.query('truncate inbox_events, sessions, conversations_to_read, reconciliation_looks'),
);

const ago = (minutes: number) => new Date(Date.now() - minutes * MINUTE);
const last = <T>(...items: T[]): Page<T> => ({ items, nextCursor: null });

function conversation(uid: string, change: Partial<PodiumConversation> = {}): PodiumConversation {
  return {
    ...{ uid, locationUid: NORTHSIDE, channel: 'phone', identifier: '0400 123 456', closed: false },
    ...{ lastItemAt: ago(2), createdAt: null, updatedAt: null, ...change },
  };
}

function message(uid: string, at: Date | null): Message {
  const raw = { uid, body: uid, createdAt: at?.toISOString(), webchatUrl: 'https://www.example.com/' };
  return { uid, body: uid, at, direction: 'inbound', senderUid: null, hasFile: false, raw };
}

const nothing: Lists = {
  pageOfConversations: async () => last(),
  pageOfMessages: async () => last(),
};

function look(lists: Partial<Lists>) {
  const podium = { ...nothing, ...lists };
  const given = { context, wordsFor: shippedWords, countryOverrides: {} };
  return createReconciliationActivities({ pool: db.pool, podium, rules: RULES, ...given });
}
const steps = () => createReconciliationSteps({ pool: db.pool, rules: RULES });
const until = () => Date.now() - RULES.graceMs;
const list = (lists: Partial<Lists>, cursor: string | null = null) =>
  look(lists).listConversations({ locationUid: NORTHSIDE, until: until(), cursor });
const toRead = () => steps().nextConversations({ locationUid: NORTHSIDE, afterId: 0 });

async function inbox(): Promise<string[]> {
  const { rows } = await db.pool.query<{ uid: string }>(
    'select message_uid as uid from inbox_events order by id',
  );
  return rows.map(({ uid }) => uid);
}

/** Notes one conversation down. @returns its row's id */
async function noted(): Promise<number> {
  await list({ pageOfConversations: async () => last(conversation('c1')) });
  return (await toRead())[0]!;
}

test('served locations are looked at, archived ones are not', async () => {
  expect(await steps().nextLocations({ after: '', until: until() })).toEqual([
    { locationUid: NORTHSIDE, listed: false },
  ]);
  expect(await steps().nextLocations({ after: NORTHSIDE, until: until() })).toEqual([]);
});

test('a location that was listed is not listed again in the same run', async () => {
  const run = { after: '', until: until() };
  await look({}).listConversations({ locationUid: NORTHSIDE, until: run.until, cursor: null });
  expect(await steps().nextLocations(run)).toEqual([{ locationUid: NORTHSIDE, listed: true }]);
});

test('what has changed is to be read; a filter that is ignored brings nothing of other stores', async () => {
  const page = [
    conversation('changed'),
    conversation('perhaps', { lastItemAt: null }),
    conversation('quiet', { lastItemAt: ago(60) }),
    conversation('elsewhere', { locationUid: BAYVIEW }),
  ];
  await list({ pageOfConversations: async () => last(...page) });
  const { rows } = await db.pool.query(
    'select conversation_uid as uid from conversations_to_read order by id',
  );
  expect(rows).toEqual([{ uid: 'changed' }, { uid: 'perhaps' }]);
});

test('the next look begins before the end of this one, and no look that failed moves it', async () => {
  const page = [
    conversation('before', { lastItemAt: ago(8) }),
    conversation('between', { lastItemAt: ago(5) }),
  ];
  await list({});
  await expect(list({ pageOfConversations: () => Promise.reject(away()) })).rejects.toThrow();
  await list({ pageOfConversations: async () => last(...page) });
  expect(await toRead()).toHaveLength(1);
});

test('messages since the last look come in, the older first; the youngest are left to the next one', async () => {
  const id = await noted();
  const page = last(...[0.5, 2, 3, 30].map((minutes) => message(`${minutes} min`, ago(minutes))));
  const outcome = await look({ pageOfMessages: async () => page }).readConversation({ id, until: until() });
  expect(outcome).toEqual({ more: false, accepted: 2, quarantined: 0 });
  expect(await inbox()).toEqual(['3 min', '2 min']);
  expect(await toRead()).toEqual([]);
});

test('a STOP whose phone cannot be made out raises an alarm, once', async () => {
  const error = jest.spyOn(log, 'error').mockReturnValue(undefined);
  const stop = { ...message('m1', ago(2)), raw: { ...(message('m1', ago(2)).raw as object), body: 'STOP' } };
  const read = async () => {
    await list({ pageOfConversations: async () => last(conversation('c1', { identifier: 'unknown' })) });
    const [id] = (await toRead()) as [number];
    return look({ pageOfMessages: async () => last(stop) }).readConversation({ id, until: until() });
  };
  expect(await read()).toMatchObject({ quarantined: 1 });
  await read();
  expect(error).toHaveBeenCalledTimes(1);
  expect((await readFigures(db.pool, 1680)).optOutsWithoutPhone).toBe(1);
  error.mockRestore();
});

test("a person's text to somebody who had opted out raises an alarm, though no webhook has brought it", async () => {
  const error = jest.spyOn(log, 'error').mockReturnValue(undefined);
  const phone = '+61412345678';
  const stop = customerMessage({ phone, text: 'STOP', stop: true, at: ago(20), receivedAt: ago(20) });
  await receive(db.pool, [stop], context);
  const raw = { ...(message('m2', ago(2)).raw as object), sender: { uid: 'a-person' } };
  const text: Message = { ...message('m2', ago(2)), direction: 'outbound', senderUid: 'a-person', raw };
  await list({ pageOfConversations: async () => last(conversation('c2', { identifier: phone })) });
  const [id] = (await toRead()) as [number];
  await look({ pageOfMessages: async () => last(text) }).readConversation({ id, until: until() });
  expect(error).toHaveBeenCalledWith(
    expect.any(String),
    expect.objectContaining({ code: 'ERR_WEBCHAT_011' }),
  );
  expect((await readFigures(db.pool, 1680)).textsAfterOptOut).toBe(1);
  error.mockRestore();
});

test('pages are read one at a time, up to one that shows older messages only', async () => {
  const id = await noted();
  const pages: Record<string, Page<Message>> = {
    first: { items: [message('a', ago(2)), message('b', ago(3))], nextCursor: 'second' },
    second: { items: [message('c', ago(4)), message('d', ago(30))], nextCursor: 'third' },
  };
  const activities = look({ pageOfMessages: async (_, cursor) => pages[cursor ?? 'first']! });
  expect(await activities.readConversation({ id, until: until() })).toMatchObject({
    more: true,
    accepted: 2,
  });
  expect(await activities.readConversation({ id, until: until() })).toMatchObject({
    more: false,
    accepted: 1,
  });
  expect((await inbox()).sort()).toEqual(['a', 'b', 'c']);
});

test('what a younger page has brought goes to the session that an older one begins, with its words', async () => {
  const id = await noted();
  const begin = message('Hi', ago(5));
  const answer = message('2', ago(3));
  answer.raw = { ...(answer.raw as object), webchatUrl: null };
  const pages: Record<string, Page<Message>> = { first: { items: [answer], nextCursor: 'second' } };
  const activities = look({ pageOfMessages: async (_, cursor) => pages[cursor ?? 'first'] ?? last(begin) });
  expect(await activities.readConversation({ id, until: until() })).toMatchObject({ more: true });
  await activities.readConversation({ id, until: until() });
  const { rows } = await db.pool.query(
    `select message->>'text' as text, message->'at' as at from inbox_events where status = 'pending' order by 1 desc`,
  );
  expect(rows).toEqual([
    { text: 'Hi', at: begin.at!.getTime() },
    { text: '2', at: answer.at!.getTime() },
  ]);
});

test('pages that go round in a circle come to an end', async () => {
  const id = await noted();
  const pageOfMessages = async () => ({ items: [], nextCursor: 'again' });
  const read = () => look({ pageOfMessages }).readConversation({ id, until: until() });
  expect(await read()).toMatchObject({ more: true });
  await expect(read()).rejects.toThrow(ApplicationFailure);
});

test('a conversation that is no more is done with; one that cannot be read waits for the next run', async () => {
  const read = (id: number, error: PodiumError) =>
    look({ pageOfMessages: () => Promise.reject(error) }).readConversation({ id, until: until() });
  await expect(read(await noted(), away())).rejects.toThrow();
  const [id] = (await toRead()) as [number];
  const gone = new PodiumError('not_found', '404', { mayHaveHappened: false });
  expect(await read(id, gone)).toMatchObject({ more: false });
  expect(await toRead()).toEqual([]);
});

test('what was noted down long ago is read no farther back than any, and given up in the end', async () => {
  const id = await noted();
  const page = last(message('young', ago(60)), message('too old', ago(1500)));
  const age = (minutes: number) =>
    db.pool.query('update conversations_to_read set since = $1', [ago(minutes)]);
  await age(2000);
  await steps().endReconciliation();
  await look({ pageOfMessages: async () => page }).readConversation({ id, until: until() });
  expect(await inbox()).toEqual(['young']);

  await noted();
  await age(3000);
  expect(await reconciliationTotals(db.pool)).toMatchObject({ toRead: 1 });
  await steps().endReconciliation();
  expect(await toRead()).toEqual([]);
});

function away(): PodiumError {
  return new PodiumError('unreachable', 'Podium is away.', { mayHaveHappened: false });
}
