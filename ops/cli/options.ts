/** Options of several commands. */
import { InvalidArgumentError, Option } from 'commander';

export interface PhoneOptions {
  phone: string;
}

const FORM = 'in international form; beside --location also as one dials it there';

export const phoneOption = () => new Option('--phone <phone>', `the customer, ${FORM}`).makeOptionMandatory();

export const optionalPhoneOption = () =>
  new Option('--phone <phone>', 'of one customer, in international form');

export const storeOption = (description = 'of one store; the phone may then be as it is dialled there') =>
  new Option('--location <store>', `${description} (its uid, or its name)`);

export const limitOption = () =>
  new Option('--limit <count>', 'how many at most').argParser(wholeNumber).default(50);

/** @throws InvalidArgumentError */
export function wholeNumber(value: string): number {
  if (!/^\d{1,15}$/.test(value)) throw new InvalidArgumentError('It is a whole number.');
  return Number(value);
}

/** Of an argument that may come several times. @throws InvalidArgumentError */
export function wholeNumbers(value: string, before: number[]): number[] {
  return [...before, wholeNumber(value)];
}
