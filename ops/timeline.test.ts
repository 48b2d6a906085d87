import type { Client } from '@temporalio/client';
import { replaceLocations } from '../store/locations';
import { cli } from '../test/support/cli';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { BAYVIEW, JANE, JOHN, NORTHSIDE, testHash } from '../test/support/received';
import { timelineOf } from './timeline';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

/** So many events of a phone at a store. */
async function events(phone: string, locationUid: string, count = 1): Promise<void> {
  await db.pool.query(
    `insert into inbox_events (contract, event_id, event_type, received_at, raw, status, phone_e164, location_uid)
     select 'published', gen_random_uuid()::text, 'message.received', now(), '', 'recorded', $1, $2
       from generate_series(1, $3)`,
    [phone, locationUid, count],
  );
}

/** A Temporal that has so many runs of every workflow, in each of which nothing happened. */
function temporalWith(runs: number): Client {
  return {
    withDeadline: (_: number, work: () => unknown) => work(),
    workflow: {
      list: async function* () {
        for (let n = 0; n < runs; n += 1) yield { runId: `run-${n}` };
      },
      getHandle: () => ({ fetchHistory: async () => ({ events: [] }) }),
    },
  } as unknown as Client;
}

const timeline = (phone: string, client = temporalWith(0)) =>
  timelineOf({ pool: db.pool, client, auditHash: testHash, idKeys: ['a-key'] }, phone, null);

it('says that there are more events than it tells of', async () => {
  await events(JANE, NORTHSIDE, 1_000);
  expect((await timeline(JANE)).unknown).toEqual([]);
  await events(JANE, NORTHSIDE);
  const { entries, unknown } = await timeline(JANE);
  expect(entries).toHaveLength(1_000);
  expect(unknown).toEqual(['Events before the latest 1000 of this phone.']);
});

it('says that there are more runs of a workflow than it tells of', async () => {
  await db.pool.query(
    `insert into sessions (workflow_id, phone_e164, location_uid, status) values ('w', $1, $2, 'closed')`,
    [JOHN, NORTHSIDE],
  );
  expect((await timeline(JOHN, temporalWith(20))).unknown).toEqual([]);
  expect((await timeline(JOHN, temporalWith(21))).unknown).toEqual([
    'What the workflow w did before its latest 20 runs.',
  ]);
});

it('names the store of each line where there are several', async () => {
  const phone = '+14155550120';
  const store = (uid: string, name: string) => ({
    ...{ uid, name, country: 'US', archived: false, organizationUid: null },
  });
  await replaceLocations(db.pool, [store(NORTHSIDE, 'Northside'), store(BAYVIEW, 'Bayview')], new Date());
  const key = 'a-key-of-more-than-32-characters-for-a-test';
  const encryption = `k1:${Buffer.alloc(32).toString('base64')}`;
  const env = { DATABASE_URL: db.url, WEBCHAT_ID_KEY: key, WEBCHAT_ENCRYPTION_KEYS: encryption };
  const lines = async () => (await cli(env, ['timeline', '--phone', phone])).out.trimEnd().split('\n');
  await events(phone, NORTHSIDE);
  expect(await lines()).toEqual([expect.not.stringContaining('Northside')]);
  await events(phone, BAYVIEW);
  expect(await lines()).toEqual([
    expect.stringContaining('[Northside]  A message'),
    expect.stringContaining('[Bayview]  A message'),
  ]);
});
