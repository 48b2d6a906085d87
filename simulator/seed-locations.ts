import type { Location } from './world';

export const ORGANIZATION_UID = '1f000000-0000-4000-8000-000000000001';

/**
 * The stores that a fresh simulator has: more than a page of ten, one archived, one without a country.
 * Their phone numbers are from the ranges that are kept for examples.
 */
export const seedLocations: Location[] = [
  store(1, 'Northside Motors', 'AU'),
  store(2, 'Bayview Outfitters', 'US'),
  store(3, 'Southside Motors', 'AU', { archived: true }),
  store(4, 'Corner Store', null),
  store(5, 'Harbour Cycles', 'NZ'),
  store(6, 'Thames Furniture', 'GB'),
  store(7, 'Maple Dental', 'CA'),
  store(8, 'Westside Motors', 'AU'),
  store(9, 'Lakeside Optics', 'US'),
  store(10, 'Eastside Motors', 'AU'),
  store(11, 'Hillcrest Flooring', 'US'),
  store(12, 'Wharf Street Jewellers', 'NZ'),
  store(13, 'Kingsway Tyres', 'GB'),
  store(14, 'Granite Roofing', 'CA'),
];

function store(number: number, name: string, country: string | null, { archived = false } = {}): Location {
  return {
    uid: `9e000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
    name,
    country,
    archived,
    podiumPhoneNumber: `+1202555${String(100 + number).padStart(4, '0')}`,
    createdAt: '2021-04-01T00:00:00.000Z',
    updatedAt: '2021-04-01T00:00:00.000Z',
  };
}
