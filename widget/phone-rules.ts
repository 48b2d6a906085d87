/**
 * What the server says of a phone, said in the browser: the same code. It brings every country's numbering plan
 * with it, so it is loaded when a phone is about to be typed.
 */
import {
  AsYouType,
  getCountries,
  getCountryCallingCode,
  parsePhoneNumberFromString,
  type CountryCode,
} from 'libphonenumber-js/max';
import { isPhoneCountry, normalizePhone, type NormalizedPhone } from '../core/phone';

export { normalizePhone };

type KnownPhone = Extract<NormalizedPhone, { ok: true }>;

/** What a text sent to a number comes to, as far as its type tells. */
export type Reach = 'texts' | 'landline' | 'no_texts';

const LANDLINE = 'FIXED_LINE';
const WITHOUT_TEXTS = ['TOLL_FREE', 'PREMIUM_RATE', 'SHARED_COST', 'UAN', 'PAGER', 'VOICEMAIL'];

export function reachOf({ type }: KnownPhone): Reach {
  if (type === LANDLINE) return 'landline';
  return type !== null && WITHOUT_TEXTS.includes(type) ? 'no_texts' : 'texts';
}

/** As people write it, with the calling code: +61 412 345 678. */
export function shownPhone(e164: string): string {
  return parsePhoneNumberFromString(e164)?.formatInternational() ?? e164;
}

/** What was typed so far, with blanks and brackets as usual there. @param country ISO alpha-2; null when unknown */
export function formatTyped(typed: string, country: string | null): string {
  return new AsYouType(knownCountry(country)).input(typed);
}

/** Of a number that begins with +, as far as it is typed; null when its digits do not tell yet. */
export function countryOfTyped(typed: string): string | null {
  const number = new AsYouType();
  number.input(typed);
  return number.getCountry() ?? null;
}

/** As 61; null for what is no country. @param country ISO alpha-2 */
export function callingCode(country: string): string | null {
  return isPhoneCountry(country) ? getCountryCallingCode(country as CountryCode) : null;
}

/** ISO alpha-2 of all that have phones. */
export function phoneCountries(): string[] {
  return getCountries();
}

function knownCountry(country: string | null): CountryCode | undefined {
  return country !== null && isPhoneCountry(country) ? (country as CountryCode) : undefined;
}
