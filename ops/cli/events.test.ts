import { randomUUID } from 'node:crypto';
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
async function comesTooEarly(): Promise<number> {
  const message = {
    uid: randomUUID(),
    ...{
      body: 'Can I book a test drive?',
      createdAt: new Date().toISOString(),
      webchatUrl: 'https://example.com',
    },
    conversation: { uid: randomUUID(), channel: { type: 'phone', identifier: JANE } },
    location: { uid: NORTHSIDE, organizationUid: randomUUID() },
  };
  const eventUid = randomUUID();
  const body = {
    data: message,
    metadata: { eventType: 'message.received', eventUid, version: '2021.04.01' },
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

test('events replay --all comes to every one, however many stay in quarantine', async () => {
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
