import type { Location } from './events';

/** The location with the settings' country where Podium has none. @param overrides countries by location uid */
export function withCountry<Place extends Pick<Location, 'uid' | 'country'>>(
  location: Place,
  overrides: Record<string, string>,
): Place {
  return { ...location, country: location.country ?? overrides[location.uid] ?? null };
}
