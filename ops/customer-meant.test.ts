import { loadSettings } from '../config/load';
import { replaceLocations, type StoredLocation } from '../store/locations';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { customerMeant } from './customer-meant';

const store = (uid: string, name: string, more: Partial<StoredLocation> = {}): StoredLocation => ({
  ...{ uid, name, country: 'AU', archived: false, organizationUid: null },
  ...more,
});
const settings = loadSettings(null);
settings.locations.country_overrides = { corner: 'US' };

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
  const locations = [
    store('north', 'Northside Motors'),
    store('corner', 'Corner', { country: null }),
    store('nowhere', 'Nowhere', { country: null }),
  ];
  await replaceLocations(db.pool, locations, new Date());
});
afterAll(() => db.drop());

const meant = (phone: string, location_uid?: string) =>
  customerMeant({ pool: db.pool, settings }, { phone, location_uid });

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
