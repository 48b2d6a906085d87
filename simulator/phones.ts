import { isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js';

/**
 * The E.164 form by which Podium files a conversation. A phone that cannot be read is filed as it was
 * typed, without its blanks: Podium refuses no customer for a mistyped number.
 */
export function filedAs(typed: string, country: string | null): string {
  return e164(typed, country) ?? typed.replace(/\s+/g, '');
}

/** The E.164 form of a valid number, else null. A national number needs a country. */
export function e164(typed: string, country: string | null): string | null {
  const known = country !== null && isSupportedCountry(country) ? country : undefined;
  const phone = parsePhoneNumberFromString(typed, known ? { defaultCountry: known } : {});
  return phone?.isValid() ? phone.number : null;
}
