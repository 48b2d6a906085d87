import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { BAYVIEW, JANE, JOHN, NORTHSIDE } from '../test/support/received';
import { contactOf, saveContact } from './contacts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
afterEach(() => db.pool.query('truncate contacts, contact_locations, contact_history'));

it('is one per phone, whoever races', async () => {
  const writers = Array.from({ length: 20 }, (_, i) =>
    saveContact(db.pool, {
      phone: JANE,
      podiumUid: `p-${i}`,
      name: null,
      locationUid: i % 2 ? NORTHSIDE : BAYVIEW,
    }),
  );
  await Promise.all(writers);
  const { rows } = await db.pool.query('select * from contacts');
  expect(rows).toHaveLength(1);
  expect(await contactOf(db.pool, JANE)).toMatchObject({ locationUids: [NORTHSIDE, BAYVIEW].sort() });
  expect(await contactOf(db.pool, JOHN)).toBeNull();
});

it('keeps what a later answer of Podium does not say', async () => {
  await saveContact(db.pool, { phone: JANE, podiumUid: 'p-1', name: 'Ja\0ne', locationUid: NORTHSIDE });
  await saveContact(db.pool, { phone: JANE, podiumUid: null, name: null, locationUid: NORTHSIDE });
  expect(await contactOf(db.pool, JANE)).toEqual({
    podiumUid: 'p-1',
    name: 'Ja\uFFFDne',
    locationUids: [NORTHSIDE],
  });
});
