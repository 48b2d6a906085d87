import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { replaceLocations } from '../store/locations';
import { findStore } from './store-meant';

const location = (uid: string, name: string, archived = false) => ({
  ...{ uid, name, archived, country: 'AU', organizationUid: null },
});

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
  const stores = [
    location('north-1', 'Northside Motors'),
    location('bay-1', 'Bayview Outfitters'),
    ...[location('twin-1', 'Twin'), location('twin-2', 'twin')],
    ...[location('old', 'Harbour', true), location('new', 'Harbour')],
  ];
  await replaceLocations(db.pool, stores, new Date());
});
afterAll(() => db.drop());

const uidOf = async (given: string) => (await findStore(db, given)).uid;

it.each(['north-1', 'Northside Motors', ' northside   MOTORS '])(
  'is named by its uid, or its name in whatever case: %j',
  async (given) => {
    expect(await uidOf(given)).toBe('north-1');
  },
);

it('whose name an archived one has as well is the one that is served', async () => {
  expect(await uidOf('Harbour')).toBe('new');
});

it('whose name another one has is not guessed: both are told', async () => {
  await expect(findStore(db, 'Twin')).rejects.toMatchObject({
    kind: 'wrong_input',
    failure: {
      code: 'ERR_OPS_WHICH_STORE',
      message: 'Several stores have this name: Twin (twin-1) or twin (twin-2).',
    },
  });
});

it.each([
  ['Bayveiw Outfiters', 'Is it Bayview Outfitters (bay-1)? '],
  ['bay', 'Is it Bayview Outfitters (bay-1)? '],
  ['nowhere', ''],
])('that there is not is refused, with those that are called nearly so: %s', async (given, hint) => {
  await expect(findStore(db, given)).rejects.toMatchObject({
    kind: 'unknown',
    failure: { code: 'ERR_WEBCHAT_003', hint: `${hint}"locations list" shows names and uids.` },
  });
});

it.each([
  [
    'a session',
    `insert into sessions (workflow_id, phone_e164, location_uid, status) values ('w', '+61400123456', 'gone', 'active')`,
  ],
  ['a pause', `insert into robot_pauses (place, actor) values ('gone', 'kim')`],
  [
    'an event in quarantine',
    `insert into inbox_events (contract, event_id, event_type, received_at, raw, status, error_code, location_uid)
     values ('published', 'e', 'message.received', now(), '', 'quarantined', 'ERR_WEBCHAT_003', 'gone')`,
  ],
])('of which only %s is left can be named by its uid', async (_, statement) => {
  const client = await db.pool.connect();
  try {
    await client.query('begin');
    await expect(findStore({ pool: client as never }, 'gone')).rejects.toThrow();
    await client.query(statement);
    expect(await findStore({ pool: client as never }, 'gone')).toEqual({ uid: 'gone', country: null });
  } finally {
    await client.query('rollback');
    client.release();
  }
});
