/** Phones as an operator gives them, and as they are shown. */
import { Option } from 'commander';
import { maskPhone, normalizePhone } from '../../core/phone';
import type { Person } from '../../store/personal-data';

export interface PhoneOptions {
  phone: string;
  showPhones?: boolean;
}

/** In international form: an operator knows the calling code. */
export const phoneOption = () =>
  new Option('--phone <phone>', 'the customer, in international form').makeOptionMandatory();

export const showPhonesOption = () => new Option('--show-phones', 'show phones whole');

/** @throws Error that says how a phone is given */
export function e164(phone: string): string {
  return person(phone).phone;
}

/** A phone in its parts. @throws Error that says how a phone is given */
export function person(phone: string): Person {
  const read = normalizePhone(phone, null);
  if (!read.ok) throw new Error(`${read.failure.message} ${read.failure.hint}`);
  return { phone: read.e164, countryCode: read.countryCode, nationalNumber: read.nationalNumber };
}

/** The phone as it stands in the output. */
export function shown(phone: string, { showPhones }: Pick<PhoneOptions, 'showPhones'>): string {
  return showPhones ? phone : maskPhone(phone);
}
