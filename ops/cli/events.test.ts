import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { receive } from '../../store/inbox';
import { replaceLocations } from '../../store/locations';
import { cli } from '../../test/support/cli';
import { createTestDatabase, type TestDatabase } from '../../test/support/database';
import { context, JANE, NORTHSIDE, received } from '../../test/support/received';

const MORE_THAN_ONE_CALL_TAKES = 1_001;

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
  const store = { uid: NORTHSIDE, name: 'Northside', country: 'AU', archived: false, organizationUid: null };
  await replaceLocations(db.pool, [store], new Date());
});
afterAll(() => db.drop());

const run = (...args: string[]) =>
  cli(
    {
      ...{ DATABASE_URL: db.url, WEBCHAT_ID_KEY: 'an-id-key-of-some-length' },
      WEBCHAT_ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 1).toString('base64')}`,
    },
    ['events', ...args, '--json'],
  );

/** It came before its store was known. */
async function comesTooEarly(eventType = 'message.received'): Promise<number> {
  const message = {
    uid: randomUUID(),
    ...{
      body: 'Can I book a test drive?',
      createdAt: new Date().toISOString(),
      webchatUrl: 'https://example.com',
    },
    conversation: { uid: randomUUID(), channel: { type: 'phone', identifier: JANE } },
    location: { uid: NORTHSIDE, organizationUid: randomUUID() },
    ...(eventType === 'message.sent' && { senderUid: 'a-person' }),
  };
  const eventUid = randomUUID();
  const body = {
    data: message,
    metadata: { eventType, eventUid, version: '2021.04.01' },
  };
  const early = received({ eventId: eventUid, messageUid: message.uid }, {
    kind: 'quarantined',
    failure: { code: 'ERR_WEBCHAT_003', message: 'Unknown.', hint: '' },
  } as never);
  await receive(db.pool, [{ ...early, raw: Buffer.from(JSON.stringify(body)) }], context);
  const { rows } = await db.pool.query<{ id: number }>('select max(id) as id from inbox_events');
  return rows[0]!.id;
}

/** Nobody but a person can tell what these say. */
async function comeUnread(count: number): Promise<void> {
  await db.pool.query(
    `insert into inbox_events (contract, event_id, event_type, received_at, status, error_code, raw)
     select 'published', gen_random_uuid(), 'message.received', now(), 'quarantined', 'ERR_WHK_013', '{}'
       from generate_series(1, $1)`,
    [count],
  );
}

test('who reads the body of an event stands in the audit, which audit show tells by who or what it was', async () => {
  const id = await comesTooEarly();
  const { out } = await run('show', String(id), '--raw');
  expect(JSON.parse(out).raw).toContain('Can I book a test drive?');
  const { username } = userInfo();
  for (const filter of [
    ['--kind', 'event_body_read'],
    ['--actor', username, '--location', NORTHSIDE],
    ['--since', '2026-01-01', '--limit', '1'],
  ]) {
    const shown = await cli({ DATABASE_URL: db.url }, ['audit', 'show', ...filter]);
    expect(shown.out).toMatch(
      new RegExp(`  The body of event ${id} was read, with phone and words at Northside: by ${username}\n$`),
    );
  }
  const nobody = await cli({ DATABASE_URL: db.url }, ['audit', 'show', '--actor', 'nobody', '--json']);
  expect(JSON.parse(nobody.out)).toEqual({ phone: null, more: false, entries: [] });
});

test.each(['replay', 'ingest'])('events %s does nothing without its entry in the audit', async (act) => {
  const id = await comesTooEarly();
  const { rows } = await db.pool.query('select raw from inbox_events where id = $1', [id]);
  const file = join(tmpdir(), `${randomUUID()}.json`);
  await writeFile(file, String(rows[0].raw).replace(/"eventUid":"[^"]+"/, `"eventUid":"${randomUUID()}"`));
  await db.pool.query(
    `alter table audit_entries add constraint full_up check (kind not like 'event_%ed') not valid`,
  );
  const args = act === 'replay' ? [String(id)] : ['--file', file];
  const { exitCode, out } = await run(act, ...args).finally(async () => {
    await db.pool.query('alter table audit_entries drop constraint full_up');
    await rm(file);
  });
  expect(exitCode).toBe(2);
  expect(out).toContain('full_up');
  const left = await db.pool.query('select id from inbox_events where status <> $1', ['quarantined']);
  expect(left.rows).toEqual([]);
});

test('events replay --all comes to every one, however many stay in quarantine', async () => {
  await db.pool.query('truncate inbox_events');
  const first = await comesTooEarly();
  await comeUnread(MORE_THAN_ONE_CALL_TAKES);
  const last = await comesTooEarly();
  const { exitCode, out } = await run('replay', '--all');
  const { events, ...counts } = JSON.parse(out) as { events: { id: number; outcome: string }[] };
  const released = events.filter(({ outcome }) => outcome === 'released').map(({ id }) => id);
  expect(released).toEqual([first, last]);
  expect(counts).toMatchObject({ released: 2, unchanged: MORE_THAN_ONE_CALL_TAKES, more: false });
  expect(exitCode).toBe(1);
});

test('events replay --all that breaks off has told what it did, and where to go on', async () => {
  await db.pool.query('truncate inbox_events');
  const first = await comesTooEarly();
  await comeUnread(MORE_THAN_ONE_CALL_TAKES);
  const last = await comesTooEarly();
  await db.pool.query(
    `alter table inbox_events add constraint full_up check (id <> ${last} or status <> 'pending') not valid`,
  );
  const broken = await run('replay', '--all').finally(() =>
    db.pool.query('alter table inbox_events drop constraint full_up'),
  );
  expect(broken.exitCode).toBe(2);
  expect(broken.err).toContain(`released: ${first}. Go on with`);
  const [, after] = /--after (\d+)/.exec(broken.err)!;
  const { out } = await run('replay', '--all', '--after', after!);
  const { events } = JSON.parse(out) as { events: { id: number; outcome: string }[] };
  expect(events.at(-1)).toMatchObject({ id: last, outcome: 'released', alarm: null });
  expect(events.length).toBeLessThan(5);
});

test('events replay says of a released one what somebody has to be told of', async () => {
  await db.pool.query('truncate inbox_events');
  const id = await comesTooEarly('message.sent');
  await db.pool.query(
    `insert into opt_outs (phone_e164, opted_out, source, version, recorded_at) values ($1, true, 'text', 1, now() - interval '1 hour')`,
    [JANE],
  );
  const { out } = await run('replay', String(id));
  expect(JSON.parse(out).events).toMatchObject([{ outcome: 'released', alarm: { code: 'ERR_WEBCHAT_011' } }]);
});
