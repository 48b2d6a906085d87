import type { Location } from './events';

/** The location with the settings' country where Podium has none. @param overrides countries by location uid */
export function withCountry<Place extends Location>(
  location: Place,
  overrides: Record<string, string>,
): Place {
  return { ...location, country: location.country ?? overrides[location.uid] ?? null };
}
