import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { lastReading, listLocations, readAlone, replaceLocations, type StoredLocation } from './locations';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
afterEach(() => db.pool.query('truncate locations, location_readings'));

const location = (uid: string, change: Partial<StoredLocation> = {}): StoredLocation => ({
  ...{ uid, name: `Store ${uid}`, country: 'AU', archived: false, organizationUid: null },
  ...change,
});

it('is empty until the first reading', async () => {
  expect(await listLocations(db.pool)).toEqual([]);
  expect(await lastReading(db.pool)).toBeNull();
});

it('is replaced as a whole', async () => {
  await replaceLocations(db.pool, [location('a'), location('b')], new Date('2026-07-23T10:00:00Z'));
  const next = [
    location('b', { name: 'Bay\0view', country: null, archived: true, organizationUid: 'o' }),
    location('c'),
  ];
  await replaceLocations(db.pool, next, new Date('2026-07-23T10:05:00Z'));
  expect(await listLocations(db.pool)).toEqual([{ ...next[0], name: 'Bay\uFFFDview' }, next[1]]);
  expect(await lastReading(db.pool)).toEqual(new Date('2026-07-23T10:05:00Z'));
});

it('is kept when a reading comes back empty', async () => {
  await replaceLocations(db.pool, [location('a')], new Date());
  await expect(replaceLocations(db.pool, [], new Date())).rejects.toThrow('empty list');
  expect(await listLocations(db.pool)).toEqual([location('a')]);
});

it('is one reading or the other when two servers replace it at once, never a mixture', async () => {
  for (let i = 0; i < 10; i++) {
    const [one, other] = [
      [location('a'), location('b')],
      [location('b'), location('c'), location('d')],
    ];
    await Promise.all([
      replaceLocations(db.pool, one, new Date()),
      replaceLocations(db.pool, other.reverse(), new Date()),
    ]);
    const uids = (await listLocations(db.pool)).map(({ uid }) => uid).join('');
    expect(['ab', 'bcd']).toContain(uids);
  }
});

it('is read by one server at a time, and by the next one as soon as that has ended or failed', async () => {
  let finish = () => {};
  const reading = new Promise<void>((resolve) => (finish = resolve));
  let begin = () => {};
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const first = readAlone(db.pool, async () => {
    begin();
    await reading;
    throw new Error('Podium is away');
  });
  await begun;
  expect(await readAlone(db.pool, async () => 'mine')).toBeNull();
  finish();
  await expect(first).rejects.toThrow('Podium is away');
  expect(await readAlone(db.pool, async () => 'mine')).toBe('mine');
});
