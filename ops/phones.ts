/** Everything that a phone number itself tells: its forms, its kind, and to whom its range was given. */
import { carrier as originalCarrier } from 'libphonenumber-geo-carrier';
import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import type { Failure } from '../core/events';
import { normalizePhone } from '../core/phone';

export interface PhoneReport {
  input: string;
  e164: string | null;
  /** ISO alpha-2. */
  country: string | null;
  country_code: number | null;
  national_number: string | null;
  is_valid: boolean;
  /** Whether its length could be that of a number of its country. */
  is_possible: boolean;
  /** As libphonenumber names it: `MOBILE`, `FIXED_LINE`, `TOLL_FREE` … */
  number_type: string | null;
  /**
   * To whom Google's data say that the range was given at first: numbers move with their owners. Null for landlines
   * and wherever it is not known, as in the whole of North America.
   */
  carrier: string | null;
  error: Failure | null;
}

/** @param defaultCountry ISO alpha-2, of a number in local form; null where there is none */
export async function describePhone(input: string, defaultCountry: string | null): Promise<PhoneReport> {
  const read = normalizePhone(input, defaultCountry);
  if (!read.ok)
    return { ...NOTHING, input, is_possible: isPossible(input, defaultCountry), error: read.failure };
  const phone = parsePhoneNumberFromString(read.e164)!;
  return {
    input,
    e164: read.e164,
    country: read.country,
    country_code: read.countryCode,
    national_number: read.nationalNumber,
    is_valid: true,
    is_possible: true,
    number_type: read.type,
    carrier: await originalCarrier(phone),
    error: null,
  };
}

const NOTHING = {
  ...{ e164: null, country: null, country_code: null, national_number: null },
  ...{ is_valid: false, number_type: null, carrier: null },
};

function isPossible(input: string, country: string | null): boolean {
  const defaultCountry = country?.trim().toUpperCase() as 'AU' | undefined;
  const phone = parsePhoneNumberFromString(input, {
    extract: false,
    ...(defaultCountry && { defaultCountry }),
  });
  return phone?.isPossible() ?? false;
}
