import { loadSettings } from '../config/load';
import { replaceLocations, type StoredLocation } from '../store/locations';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { customerMeant, storeMeant } from './customer-meant';

const store = (uid: string, name: string, more: Partial<StoredLocation> = {}): StoredLocation => ({
  ...{ uid, name, country: 'AU', archived: false, organizationUid: null },
  ...more,
});
const settings = loadSettings(null);
settings.locations.country_overrides = { corner: 'US' };

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
  const twins = [store('west-1', 'Westside'), store('west-2', 'Westside')];
  const moved = [store('old', 'Harbour', { archived: true }), store('new', 'Harbour')];
  const locations = [store('north', 'Northside Motors'), ...twins, ...moved];
  locations.push(
    store('corner', 'Corner', { country: null }),
    store('nowhere', 'Nowhere', { country: null }),
  );
  await replaceLocations(db.pool, locations, new Date());
});
afterAll(() => db.drop());

const meant = (phone: string, location_uid?: string) =>
  customerMeant({ pool: db.pool, settings }, { phone, location_uid });

test.each([
  ['its uid', 'north', 'north'],
  ['its name, however it is written', ' northside MOTORS ', 'north'],
  ['its name, which an archived one has as well', 'Harbour', 'new'],
  ['a uid that is not on the list', 'gone', 'gone'],
])('a store is known by %s', async (_, given, uid) => {
  expect(await storeMeant(db, given)).toBe(uid);
});

test('of several stores of a name none is guessed', async () => {
  await expect(storeMeant(db, 'Westside')).rejects.toMatchObject({
    kind: 'wrong_input',
    failure: { code: 'ERR_OPS_WHICH_STORE', message: expect.stringContaining('west-1, west-2') },
  });
});

test.each([
  ["the store's country", '0412 345 678', 'Northside Motors', '+61412345678'],
  ['the country that the settings give the store', '(415) 555-1234', 'corner', '+14155551234'],
  ['itself, in international form', '+61 412 345 678', undefined, '+61412345678'],
])('a phone is read by %s', async (_, phone, location, e164) => {
  expect((await meant(phone, location)).phone).toBe(e164);
});

test.each([
  ['no store is named', undefined],
  ['the store has no country', 'Nowhere'],
])('a local form is refused where %s', async (_, location) => {
  await expect(meant('0412 345 678', location)).rejects.toMatchObject({
    failure: { code: 'ERR_WEBCHAT_001' },
  });
});
