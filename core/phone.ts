import {
  getCountries,
  isSupportedCountry,
  parsePhoneNumberFromString,
  type PhoneNumber,
} from 'libphonenumber-js/max';
import { failure } from './error-codes';
import type { Failure } from './events';
import { withoutInvisible } from './plain-text';

export type NormalizedPhone =
  | {
      ok: true;
      /** As +61412345678. */
      e164: string;
      /** ISO alpha-2; null for numbers of no country. Not for comparing: +447911123456 belongs to Guernsey. */
      country: string | null;
      /** The calling code: 61. */
      countryCode: number;
      nationalNumber: string;
      /** As libphonenumber names it (`MOBILE`, `FIXED_LINE`…); null where it cannot tell. Valid is not textable. */
      type: string | null;
    }
  | { ok: false; failure: Failure; problem: PhoneProblem };

/** What the person who typed it can do about it: give the country, leave the extension out, or look at the digits. */
export type PhoneProblem = 'country' | 'extension' | 'digits';

/**
 * The E.164 form of a phone as somebody typed it, or `ERR_WEBCHAT_001`. Refused when unsure: letters,
 * extensions, two numbers in one, a local form without a country, a number that no country has given out.
 *
 * @param country ISO alpha-2 of the place where a local form is dialled; null when it is not known
 */
export function normalizePhone(input: string, country: string | null): NormalizedPhone {
  const dialled = dialledForm(input);
  const defaultCountry = country?.trim().toUpperCase() ?? '';
  const phone = parse(dialled, defaultCountry);
  if (!phone?.isValid() || phone.ext) {
    return { ok: false, ...refusal(dialled, defaultCountry, phone) };
  }
  return {
    ok: true,
    e164: phone.number,
    country: phone.country ?? null,
    countryCode: Number(phone.countryCallingCode),
    nationalNumber: phone.nationalNumber,
    type: phone.getType() ?? null,
  };
}

/** All whose phones are known: ISO alpha-2, upper case. */
export const PHONE_COUNTRIES: readonly string[] = getCountries();

/** Whether phones of this country (ISO alpha-2, upper case) are known. */
export function isPhoneCountry(country: string): boolean {
  return isSupportedCountry(country);
}

/** What may stand in a log of a phone: its last two digits. */
export function maskPhone(e164: string): string {
  return `…${e164.slice(-2)}`;
}

/**
 * `extract: false`, since libphonenumber otherwise takes the first thing that looks like a number out
 * of the text, and makes +11800 of 1-800-GOT-MILK. Parameters (`;phone-context=`) would let the text
 * choose its own country.
 */
function parse(dialled: string, country: string): PhoneNumber | undefined {
  if (dialled.includes(';')) return undefined;
  return parsePhoneNumberFromString(dialled, {
    extract: false,
    ...(isSupportedCountry(country) ? { defaultCountry: country } : {}),
  });
}

/** The characters that one would dial: no `tel:`, nothing invisible, ASCII digits and plus, plain blanks. */
function dialledForm(input: string): string {
  return withoutInvisible(input)
    .replace(/\p{Nd}/gu, asciiDigit)
    .replace(/[＋﹢]/g, '+')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/^tel: ?/i, '');
}

/** The value of any script's decimal digit. Unicode gives them out in runs of ten, from zero to nine. */
function asciiDigit(digit: string): string {
  const codePoint = digit.codePointAt(0)!;
  let zero = codePoint;
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero--;
  return String((codePoint - zero) % 10);
}

function refusal(
  dialled: string,
  country: string,
  phone: PhoneNumber | undefined,
): { failure: Failure; problem: PhoneProblem } {
  if (phone?.ext) {
    const hint = 'Leave the extension out: a text reaches no extension.';
    return { failure: failure('ERR_WEBCHAT_001', { hint }), problem: 'extension' };
  }
  if (!dialled.startsWith('+') && !country) {
    const said = {
      message: 'The phone number is in a local form, and no country is known.',
      hint: 'Give it in international form, with + and the calling code, or give the location a country in Podium or in locations.country_overrides.',
    };
    return { failure: failure('ERR_WEBCHAT_001', said), problem: 'country' };
  }
  if (!dialled.startsWith('+') && !isSupportedCountry(country)) {
    const said = {
      message: 'The phone number is in a local form, and its country is not one that has phones.',
      hint: 'A country is two letters of ISO 3166-1, as AU or GB.',
    };
    return { failure: failure('ERR_WEBCHAT_001', said), problem: 'country' };
  }
  return { failure: failure('ERR_WEBCHAT_001'), problem: 'digits' };
}
