import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { BAYVIEW, JANE, JOHN, NORTHSIDE } from '../test/support/received';
import { contactHistory } from './contact-history';
import { contactOf, contactToRead, namesByStore, saveContact } from './contacts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
afterEach(() => db.pool.query('truncate contacts, contact_locations, contact_history'));

const jane = (locationUid: string) => ({ phone: JANE, podiumUid: 'p-1', name: null, locationUid });

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

it('has one name, and at each store the one that is used there', async () => {
  await saveContact(db.pool, { ...jane(NORTHSIDE), name: 'Jane', nameThere: 'Jane' });
  await saveContact(db.pool, { ...jane(BAYVIEW), name: 'Jane', nameThere: 'J. Citizen' });
  expect(await contactOf(db.pool, JANE)).toMatchObject({ name: 'Jane' });
  expect(await namesByStore(db.pool, JANE)).toEqual([
    { locationUid: NORTHSIDE, name: 'Jane', goneAt: null },
    { locationUid: BAYVIEW, name: 'J. Citizen', goneAt: null },
  ]);
  expect(await contactHistory(db.pool, JANE)).toMatchObject([
    { change: 'linked', podiumUid: 'p-1', name: 'Jane' },
    { change: 'renamed', name: 'Jane', locationUid: NORTHSIDE },
    { change: 'renamed', name: 'J. Citizen', locationUid: BAYVIEW },
  ]);
});

it('whose uid Podium did not tell is read later, by one workflow', async () => {
  const wanted = async () =>
    (
      await db.pool.query(
        "select workflow_id, args from workflow_starts where workflow_type = 'contactReading'",
      )
    ).rows;
  await saveContact(db.pool, { ...jane(NORTHSIDE), podiumUid: null });
  const [{ workflow_id, args }] = await wanted();
  const [{ contactId }] = args;
  expect(workflow_id).toBe(`contact-reading:${contactId}`);
  expect(await contactToRead(db.pool, contactId)).toEqual({ phone: JANE, locationUid: NORTHSIDE });
  await saveContact(db.pool, jane(NORTHSIDE));
  expect(await contactToRead(db.pool, contactId)).toBeNull();
  await saveContact(db.pool, { ...jane(BAYVIEW), podiumUid: null });
  expect(await wanted()).toHaveLength(1);
});
