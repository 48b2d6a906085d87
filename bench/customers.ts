/** As many customers as a measurement needs, no two the same and none of them real. */
import { normalizePhone } from '../core/phone';
import type { Location } from '../core/events';
import { publishedEvent } from '../test/support/podium-events';
import { seedLocations } from '../simulator/seed-locations';

export interface Customer {
  /** E.164. */
  phone: string;
  locationUid: string;
}

/** The simulator's stores. */
export const LOCATIONS: readonly Location[] = seedLocations;

/** Those that are not archived. */
export const served = LOCATIONS.filter(({ archived }) => !archived);
const NUMBERS_PER_AREA = 100;
const areas = areaCodes();

/** The n-th of some half a million: at one store after the other, with the numbers that nobody has. */
export function customer(n: number): Customer {
  const { uid: locationUid } = served[n % served.length]!;
  return { phone: examplePhone(Math.floor(n / served.length)), locationUid };
}

/** The n-th of the numbers that nobody has, in E.164. */
export function examplePhone(n: number): string {
  const number = n % (areas.length * NUMBERS_PER_AREA);
  const area = areas[Math.floor(number / NUMBERS_PER_AREA)]!;
  return `+1${area}55501${String(number % NUMBERS_PER_AREA).padStart(2, '0')}`;
}

/** A message of a customer in a website's chat, as Podium would deliver it. */
export function webchatEvent({ phone, locationUid }: Customer, body = 'Can I book a test drive?') {
  return publishedEvent({ phone, locationUid, body });
}

/** In North America the numbers from 555-0100 to 555-0199 are kept for examples in every area. */
function areaCodes(): number[] {
  const all = Array.from({ length: 800 }, (_, n) => 200 + n);
  return all.filter((area) => {
    const phone = normalizePhone(`+1${area}5550100`, null);
    return phone.ok && phone.type === 'FIXED_LINE_OR_MOBILE';
  });
}
