/** Phones as people type them, read as the server reads them. The browser's build is run through the same table. */
import { phoneInputs } from '../test/support/phone-inputs';
import { normalizePhone } from './phone';

test('there is enough of it, from five countries and none', () => {
  expect(phoneInputs.length).toBeGreaterThanOrEqual(200);
  expect(new Set(phoneInputs.map(({ country }) => country))).toEqual(
    new Set(['AU', 'US', 'CA', 'NZ', 'GB', null]),
  );
});

test.each(phoneInputs)('$input typed in $country is $expected', ({ input, country, expected }) => {
  const phone = normalizePhone(input, country);
  expect(phone.ok ? phone.e164 : phone.failure.code).toBe(expected);
});
