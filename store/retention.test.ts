import { createTestDatabase, type TestDatabase } from '../test/support/database';
import {
  context,
  customerMessage,
  JANE,
  JOHN,
  MARY,
  testHash,
  workflowIdOf,
  NORTHSIDE,
} from '../test/support/received';
import type { Pool } from './database';
import { receive } from './inbox';
import { recordOptOut } from './opt-outs';
import { deleteOutdated, retentionRules } from './retention';
import { loadSettings } from '../config/load';

const RULES = { messagesDays: 400, partialAnswersDays: 30, tombstonesDays: 22 };

let db: TestDatabase;
beforeAll(async () => (db = await createTestDatabase()));
afterAll(() => db.drop());
beforeEach(async () => {
  const { rows } = await db.pool.query<{ name: string }>(
    `select table_name as name from information_schema.tables
      where table_schema = 'public' and table_name <> 'pgmigrations'`,
  );
  await db.pool.query(`truncate ${rows.map(({ name }) => name).join(', ')}`);
});

const deleteOneBatch = () => deleteOutdated(db.pool, RULES, 1);

const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000);
const count = async (table: string, where = 'true') =>
  (await db.pool.query(`select from ${table} where ${where}`)).rowCount;

/** A customer's message that came so long ago, and its row as it is now. */
async function message(days: number, status: string, phone = JANE): Promise<void> {
  const receivedAt = daysAgo(days);
  const event = customerMessage({ receivedAt, phone });
  await receive(db.pool, [event], context);
  await db.pool.query('update inbox_events set status = $2 where event_id = $1', [
    event.event.eventId,
    status,
  ]);
}

test.each(['delivered', 'recorded', 'ignored'])(
  'a message that was %s goes after its days, and not before',
  async (status) => {
    await message(401, status);
    await message(399, status);
    await deleteOneBatch();
    expect(await count('inbox_events')).toBe(1);
    expect(await count('inbox_events', "received_at > now() - interval '400 days'")).toBe(1);
  },
);

test.each(['pending', 'quarantined'])('one that is %s waits for as long as it takes', async (status) => {
  await message(4_000, status);
  await deleteOneBatch();
  expect(await count('inbox_events')).toBe(1);
});

test('what is left of an erased message goes once it cannot come again', async () => {
  await message(23, 'erased');
  await message(21, 'erased');
  await deleteOneBatch();
  expect(await count('inbox_events')).toBe(1);
});

test('why a session was closed goes as messages do', async () => {
  for (const days of [399, 401])
    await db.pool.query(
      `insert into close_wishes (entry_key, phone_e164, location_uid, reason, closed_at) values ($1, $2, $3, 'Sold', $4)`,
      [`${days}`, JANE, NORTHSIDE, daysAgo(days)],
    );
  await deleteOneBatch();
  expect(await count('close_wishes')).toBe(1);
});

test('a text of our own, and its permit, go as messages do', async () => {
  for (const days of [399, 401]) {
    await db.pool.query(
      `insert into own_texts (id, once_key, phone_e164, location_uid, purpose, body, good_until, created_at)
       values (gen_random_uuid(), $1, $2, $3, 'help', 'Hi', $4, $4)`,
      [`${days}`, JANE, NORTHSIDE, daysAgo(days)],
    );
    await db.pool.query(
      `insert into opt_out_permits (send_id, phone_e164, version, expires_at) values (gen_random_uuid(), $1, 1, $2)`,
      [JANE, daysAgo(days)],
    );
  }
  await deleteOneBatch();
  expect([await count('own_texts'), await count('opt_out_permits')]).toEqual([1, 1]);
});

test('a closed session goes with its last message; one that is open stays', async () => {
  for (const [phone, age] of [
    [JANE, 401],
    [JOHN, 399],
    [MARY, 401],
  ] as const) {
    await message(age, 'delivered', phone);
    await db.pool.query('update inbox_events set delivery_number = 1 where phone_e164 = $1', [phone]);
    await db.pool.query(
      `update sessions set status = 'closed', closed_at = $2, relay_due_at = null where phone_e164 = $1`,
      [phone, daysAgo(401)],
    );
  }
  await db.pool.query("update sessions set status = 'active' where phone_e164 = $1", [MARY]);
  await deleteOneBatch();
  const { rows } = await db.pool.query<{ id: string }>('select workflow_id as id from sessions');
  expect(rows.map(({ id }) => id).sort()).toEqual(
    [JOHN, MARY].map((phone) => workflowIdOf(phone, NORTHSIDE)).sort(),
  );
});

test('answers go after their own days, unless their session goes on', async () => {
  await message(0, 'pending', MARY);
  for (const [phone, age] of [
    [JANE, 31],
    [JOHN, 29],
    [MARY, 31],
  ] as const)
    await db.pool.query(
      `insert into partial_answers (phone_e164, location_uid, state, saved_at) values ($1, $2, '{}', $3)`,
      [phone, NORTHSIDE, daysAgo(age)],
    );
  await deleteOneBatch();
  expect(await count('partial_answers')).toBe(2);
  expect(await count('partial_answers', `phone_e164 = '${JANE}'`)).toBe(0);
});

test('notes, sends, and what is known of files that are gone go with the messages', async () => {
  await db.pool.query(
    `insert into agent_notes (note_key, phone_e164, location_uid, body, created_at)
     select 'note ' || days, '${JANE}', '${NORTHSIDE}', 'A note', now() - days * interval '1 day' from unnest(array[399, 401]) as days;
     insert into sends (id, phone_e164, phone_hash, location_uid, purpose, body_hash, status, attempts, intended_at)
     select gen_random_uuid(), '${JANE}', 'hash', '${NORTHSIDE}', 'greeting', '', 'sent', 1, now() - days * interval '1 day' from unnest(array[399, 401]) as days;
     insert into file_sends (id, file_id, phone_e164, location_uid, body, forwarded, wanted_by, created_at)
     select gen_random_uuid(), gen_random_uuid(), '${JANE}', '${NORTHSIDE}', '', false, 'alice', now() - days * interval '1 day' from unnest(array[399, 401]) as days;
     insert into files (id, came_by, phone_e164, location_uid, stem, status, received_at)
     select gen_random_uuid(), 'podium', '${JANE}', '${NORTHSIDE}', 'car', status, now() - interval '401 days' from unnest(array['kept', 'deleted']) as status`,
  );
  await deleteOneBatch();
  for (const table of ['agent_notes', 'sends', 'file_sends']) expect(await count(table)).toBe(1);
  expect(await count('files', "status = 'kept'")).toBe(1);
  expect(await count('files')).toBe(1);
});

test('opt-outs and the audit stay for ever', async () => {
  await recordOptOut(db.pool, {
    ...{ phone: JANE, phoneHash: testHash(JANE), wish: 'opt_out', source: 'text', actor: 'customer' },
    ...{ rule: 'keyword', locationUid: null, messageUid: null, at: daysAgo(4_000) },
  });
  await db.pool.query("update audit_entries set at = now() - interval '4000 days'");
  await db.pool.query("update opt_out_history set written_at = now() - interval '4000 days'");
  await deleteOneBatch();
  for (const table of ['opt_outs', 'opt_out_history', 'opt_out_mirrors', 'audit_entries'])
    expect(await count(table)).toBe(1);
});

test('much goes batch by batch, and it is told when there is more', async () => {
  await db.pool.query(
    `insert into inbox_events (contract, event_id, event_type, received_at, raw, status)
     select 'published', n::text, 'other', now() - interval '500 days', '', 'ignored' from generate_series(1, 1001) as n`,
  );
  expect(await deleteOneBatch()).toBe(true);
  expect(await count('inbox_events')).toBe(1);
  expect(await deleteOneBatch()).toBe(false);
});

test('a table that fails keeps no other from its turn, and is told of once they have nothing more', async () => {
  await message(401, 'delivered');
  await db.pool.query(
    `insert into agent_notes (note_key, phone_e164, location_uid, created_at)
     select 'note ' || n, '${JANE}', '${NORTHSIDE}', now() - interval '401 days' from generate_series(1, 1001) as n;
     create function refuse() returns trigger language plpgsql as $$ begin raise 'the disk is full'; end $$;
     create trigger refuse before delete on inbox_events for each row execute function refuse()`,
  );
  try {
    expect(await deleteOneBatch()).toBe(true);
    await expect(deleteOneBatch()).rejects.toThrow('Not deleted: inbox_events: the disk is full');
    expect([await count('inbox_events'), await count('agent_notes')]).toEqual([1, 0]);
  } finally {
    await db.pool.query('drop function refuse cascade');
  }
});

test('each table finds what is old by an index of its age', async () => {
  const plans = await plansOf((pool) => deleteOutdated(pool, RULES, 1));
  expect(plans.length).toBeGreaterThan(10);
  for (const plan of plans) {
    expect(plan).toMatch(/Index Scan using \w+ on \w+ rows\n +Index Cond: \(\w+ </);
    expect(plan).not.toContain('Seq Scan');
  }
});

/** How Postgres would run the statements of `work`, were the tables too large to be read whole. */
async function plansOf(work: (pool: Pool) => Promise<unknown>): Promise<string[]> {
  const plans: string[] = [];
  const client = await db.pool.connect();
  const query = async (statement: string, values: unknown[]) => {
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain (costs off) ${statement}`, values);
    plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
    return { rowCount: 0 };
  };
  try {
    await client.query('set enable_seqscan = off; set enable_bitmapscan = off');
    await work({ query } as unknown as Pool);
    return plans;
  } finally {
    client.release(true);
  }
}

test('by the shipped settings what is left of the erased outlasts twice the replay window', () => {
  expect(retentionRules(loadSettings())).toEqual({ ...RULES });
});
