import { failure } from '../core/error-codes';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import {
  BAYVIEW,
  context,
  customerMessage,
  JANE,
  JOHN,
  MARY,
  testHash,
  workflowIdOf,
  NORTHSIDE,
} from '../test/support/received';
import { receive } from './inbox';
import { recordOptOut } from './opt-outs';
import {
  claimSessions,
  claimWorkflowStarts,
  countPending,
  deleteWorkflowStart,
  failClaim,
  quarantineMessages,
  settleClaim,
} from './relay';
import { closeSession } from './session-close';
import { findSession } from './sessions';

const LEASE_MS = 60_000;

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
afterEach(() =>
  db.pool.query('truncate inbox_events, sessions, opt_outs, opt_out_history, workflow_starts, audit_entries'),
);

const claim = (limit = 10, leaseMs = LEASE_MS) => claimSessions(db.pool, limit, leaseMs);
const say = (...texts: string[]) =>
  receive(
    db.pool,
    texts.map((text) => customerMessage({ text })),
    context,
  );
const optOut = (at: Date, phone = JANE) =>
  recordOptOut(db.pool, {
    ...{
      phone,
      phoneHash: testHash(phone),
      wish: 'opt_out',
      source: 'operator',
      actor: 'ann',
      rule: null,
      at,
    },
    ...{ locationUid: null, messageUid: null },
  });
const leaseRunsOut = () =>
  db.pool.query('update sessions set relay_due_at = now() where relay_token is not null');

it('hands out what waits for a session, numbered in the order of receipt', async () => {
  await say('one', 'two');
  await say('three');
  const [session, ...others] = await claim();
  expect(others).toEqual([]);
  expect(session).toMatchObject({
    workflowId: workflowIdOf(JANE, NORTHSIDE),
    phone: JANE,
    locationUid: NORTHSIDE,
    optOutAt: null,
  });
  expect(session!.messages.map(({ number, text }) => [number, text])).toEqual([
    [1, 'one'],
    [2, 'two'],
    [3, 'three'],
  ]);
});

it('gives a session to one of many claimers', async () => {
  const phones = [JANE, JOHN, MARY];
  for (let i = 0; i < 10; i++) {
    const batch = phones.flatMap((phone) =>
      [NORTHSIDE, BAYVIEW].map((locationUid) => customerMessage({ phone, locationUid })),
    );
    await receive(db.pool, batch, context);
    const claims = (await Promise.all([claim(4), claim(4), claim(4), claim(4)])).flat();
    expect(new Set(claims.map(({ workflowId }) => workflowId)).size).toBe(claims.length);
    const late = await claim();
    await Promise.all([...claims, ...late].map((each) => settleClaim(db.pool, each)));
    expect(claims.length + late.length).toBe(6);
  }
});

it('holds back a session while its lease runs, and gives the rest at once when it is settled', async () => {
  await say('one');
  const [first] = await claim();
  await say('two');
  expect(await claim()).toEqual([]);
  expect(await settleClaim(db.pool, first!)).toBe(true);
  const [second] = await claim();
  expect(second!.messages).toMatchObject([{ number: 2, text: 'two' }]);
  await settleClaim(db.pool, second!);
  expect(await claim()).toEqual([]);
});

it('keeps the numbers when a claimer died before it could settle', async () => {
  await say('one', 'two');
  await claim();
  await say('three');
  await leaseRunsOut();
  const [again] = await claim();
  expect(again!.messages.map(({ number, text }) => [number, text])).toEqual([
    [1, 'one'],
    [2, 'two'],
    [3, 'three'],
  ]);
});

it('keeps the numbers ahead of what is released later with an earlier id', async () => {
  await say('held back');
  await db.pool.query(`update inbox_events set status = 'quarantined'`);
  await say('one');
  await claim();
  await db.pool.query(`update inbox_events set status = 'pending'`);
  await leaseRunsOut();
  const [again] = await claim();
  expect(again!.messages.map(({ number, text }) => [number, text])).toEqual([
    [1, 'one'],
    [2, 'held back'],
  ]);
});

it('lets nobody settle whose lease has gone to another', async () => {
  await say('one');
  const [slow] = await claim();
  await leaseRunsOut();
  const [quick] = await claim();
  expect(await settleClaim(db.pool, slow!)).toBe(false);
  expect(await failClaim(db.pool, slow!, 0)).toBe(false);
  expect(await quarantineMessages(db.pool, slow!, failure('ERR_WHK_007'))).toBe(false);
  expect(await countPending(db.pool)).toMatchObject({ pending: 1 });
  expect(await claim()).toEqual([]); // the lease of the quick one still runs
  expect(await settleClaim(db.pool, quick!)).toBe(true);
  expect(await settleClaim(db.pool, quick!)).toBe(false);
});

it('has a session due again at the time that was asked for after a failure', async () => {
  await say('one');
  const [failed] = await claim();
  await failClaim(db.pool, failed!, 60_000);
  expect(await claim()).toEqual([]);
  await db.pool.query('update sessions set relay_due_at = now()');
  const [again] = await claim();
  expect(again!.messages).toMatchObject([{ number: 1, text: 'one' }]);
});

it('puts no more into a claim than a signal carries', async () => {
  await say(...Array.from({ length: 130 }, (_, i) => `${i + 1}`));
  const [first] = await claim();
  expect(first!.messages.map(({ number }) => number)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
  await settleClaim(db.pool, first!);
  const [rest] = await claim();
  expect(rest!.messages.map(({ number, text }) => `${number}` === text)).toEqual(Array(30).fill(true));
});

it('counts bytes as well as messages, and lets one that is too big by itself go alone', async () => {
  await say('é'.repeat(150_000), 'x'.repeat(200_000), 'y'.repeat(100_000), 'z');
  const sizes: number[] = [];
  for (let [next] = await claim(); next; [next] = await claim()) {
    sizes.push(next.messages.length);
    await settleClaim(db.pool, next);
  }
  expect(sizes).toEqual([1, 1, 2]);
});

it('sets aside what Temporal refuses for good, and goes on with the next number', async () => {
  await say('refused');
  const [bad] = await claim();
  await say('fine');
  expect(await quarantineMessages(db.pool, bad!, failure('ERR_WHK_007'))).toBe(true);
  const [good] = await claim();
  expect(good!.messages).toMatchObject([{ number: 2, text: 'fine' }]);
  await settleClaim(db.pool, good!);
  const { rows } = await db.pool.query('select status, error_code from inbox_events order by id');
  expect(rows).toEqual([
    { status: 'quarantined', error_code: 'ERR_WHK_007' },
    { status: 'delivered', error_code: null },
  ]);
  const closing = {
    reason: 'idle',
    partial: null,
    note: null,
    closeConversation: false,
    conversationUid: null,
  } as const;
  const key = {
    workflowId: good!.workflowId,
    phone: JANE,
    locationUid: NORTHSIDE,
    phoneHash: testHash(JANE),
  };
  expect(await closeSession(db.pool, { ...key, ...closing, handledNumber: 2 })).toEqual({ closed: true });
});

it('ends a session whose first messages Temporal refuses: it has no run, and nobody else would', async () => {
  await say('refused');
  const [first] = await claim();
  await quarantineMessages(db.pool, first!, failure('ERR_WHK_007'));
  const session = () => findSession(db.pool, JANE, NORTHSIDE);
  expect(await session()).toMatchObject({ status: 'closed' });

  await say('fine');
  const [good] = await claim();
  await settleClaim(db.pool, good!);
  await say('refused again');
  const [second] = await claim();
  await quarantineMessages(db.pool, second!, failure('ERR_WHK_007'));
  expect(await session()).toMatchObject({ status: 'active' }); // its run goes on

  const closing = { phoneHash: testHash(JANE), handledNumber: 2, reason: 'idle', partial: null } as const;
  const rest = { note: null, closeConversation: false, conversationUid: null };
  const key = { workflowId: good!.workflowId, phone: JANE, locationUid: NORTHSIDE };
  await closeSession(db.pool, { ...key, ...closing, ...rest });
  await say('refused in a new session');
  const [third] = await claim();
  await quarantineMessages(db.pool, third!, failure('ERR_WHK_007'));
  expect(await session()).toMatchObject({ status: 'closed' });
});

it('hands out an opt-out until it is settled, and a later one again', async () => {
  await say('one');
  await optOut(new Date('2026-07-23T10:00:00Z'));
  const [first] = await claim();
  expect(first!.optOutAt).toEqual(new Date('2026-07-23T10:00:00Z'));
  await optOut(new Date('2026-07-23T11:00:00Z'));
  await settleClaim(db.pool, first!);
  const [second] = await claim();
  expect(second).toMatchObject({ optOutAt: new Date('2026-07-23T11:00:00Z'), messages: [] });
  await settleClaim(db.pool, second!);
  expect(await claim()).toEqual([]);
});

it('hands everything out once and in order, with several receivers and relays at work', async () => {
  const delivered = new Map<string, { number: number; text: string }[]>();
  let receiving = true;
  const relay = async () => {
    for (;;) {
      const done = !receiving;
      const claims = await claim(3);
      for (const each of claims) {
        delivered.set(each.workflowId, [...(delivered.get(each.workflowId) ?? []), ...each.messages]);
        await settleClaim(db.pool, each);
      }
      if (done && claims.length === 0) return;
    }
  };
  const receiver = async (name: string) => {
    for (let i = 0; i < 30; i++) {
      const size = 1 + ((i * 7) % 5);
      const batch = Array.from({ length: size }, (_, k) =>
        customerMessage({ phone: [JANE, JOHN, MARY][(i + k) % 3]!, text: `${name} ${i * 10 + k}` }),
      );
      await receive(db.pool, batch, context);
    }
  };
  const relays = [relay(), relay()];
  await Promise.all(['a', 'b', 'c', 'd'].map(receiver));
  receiving = false;
  await Promise.all(relays);

  const { rows } = await db.pool.query<{ workflow_id: string; numbers: number[]; texts: string[] }>(
    `select workflow_id, array_agg(delivery_number::int order by id) as numbers, array_agg(message->>'text' order by id) as texts
       from inbox_events where status = 'delivered' group by 1`,
  );
  expect(rows).toHaveLength(3);
  for (const { workflow_id, numbers, texts } of rows) {
    expect(numbers).toEqual(numbers.map((_, i) => i + 1));
    expect(delivered.get(workflow_id)!.map(({ number }) => number)).toEqual(numbers);
    expect(delivered.get(workflow_id)!.map(({ text }) => text)).toEqual(texts);
    for (const name of ['a', 'b', 'c', 'd']) {
      const own = texts.filter((text) => text.startsWith(name)).map((text) => Number(text.split(' ')[1]));
      expect(own).toEqual([...own].sort((x, y) => x - y));
    }
  }
});

it('says how much waits, and since when', async () => {
  expect(await countPending(db.pool)).toEqual({ pending: 0, oldestReceivedAt: null });
  const receivedAt = new Date('2026-07-23T10:00:00Z');
  await receive(db.pool, [customerMessage(), customerMessage({ receivedAt })], context);
  expect(await countPending(db.pool)).toEqual({ pending: 2, oldestReceivedAt: receivedAt });
});

it('hands out each wanted workflow to one claimer, again when its lease has run out, and not once it runs', async () => {
  for (let i = 0; i < 6; i++) await optOut(new Date('2026-07-23T10:00:00Z'), `+6141234010${i}`);
  const starts = (await Promise.all([1, 2, 3].map(() => claimWorkflowStarts(db.pool, 4, LEASE_MS)))).flat();
  expect(new Set(starts.map(({ id }) => id)).size).toBe(6);
  expect(starts).toHaveLength(6);
  expect(starts[0]).toMatchObject({
    workflowType: 'optOutMirror',
    args: [{ historyId: expect.any(Number) }],
  });
  await deleteWorkflowStart(db.pool, starts[0]!.id);
  await db.pool.query('update workflow_starts set due_at = now()');
  expect(await claimWorkflowStarts(db.pool, 10, LEASE_MS)).toHaveLength(5);
});
