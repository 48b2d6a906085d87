import fc from 'fast-check';
import { isPhoneCountry, maskPhone, normalizePhone } from './phone';

const e164 = (input: string, country: string | null) => {
  const phone = normalizePhone(input, country);
  return phone.ok ? phone.e164 : phone.failure.code;
};

test.each([
  // Australia: mobile, landline, every way of writing them
  ['0412 345 678', 'AU', '+61412345678'],
  ['0412-345-678', 'AU', '+61412345678'],
  ['(0412) 345.678', 'AU', '+61412345678'],
  ['412345678', 'AU', '+61412345678'],
  ['61412345678', 'AU', '+61412345678'],
  ['+61 412 345 678', 'AU', '+61412345678'],
  ['+61 (0) 412 345 678', 'AU', '+61412345678'],
  ['+61 0412 345 678', 'AU', '+61412345678'],
  ['0011 61 412 345 678', 'AU', '+61412345678'],
  ['(02) 5550 0123', 'AU', '+61255500123'],
  // United States and Canada share a calling code
  ['(415) 555-1234', 'US', '+14155551234'],
  ['1 415 555 1234', 'US', '+14155551234'],
  ['415.555.1234', 'CA', '+14155551234'],
  ['(604) 555-0123', 'CA', '+16045550123'],
  ['(604) 555-0123', 'US', '+16045550123'],
  ['011 61 412 345 678', 'US', '+61412345678'],
  // New Zealand, Great Britain: 00 dials abroad there
  ['021 123 0100', 'NZ', '+64211230100'],
  ['09 555 0123', 'NZ', '+6495550123'],
  ['0061412345678', 'NZ', '+61412345678'],
  ['020 7946 0123', 'GB', '+442079460123'],
  ['0061 412 345 678', 'GB', '+61412345678'],
  // Italy keeps its zero
  ['+39 02 3655 0123', null, '+390236550123'],
  // The international form needs no country, and no country changes it
  ['+14155551234', 'AU', '+14155551234'],
  ['+61412345678', null, '+61412345678'],
  ['+61412345678', 'XX', '+61412345678'],
])('%j dialled in %s is %s', (input, country, expected) => {
  expect(e164(input, country)).toBe(expected);
});

test.each([
  ['tel:', 'tel:+61412345678'],
  ['TEL: with a blank', 'TEL: +61-412-345-678'],
  ['marks for the direction of writing', '\u202A+61412345678\u202C'],
  ['zero-width blanks and a byte order mark', '\uFEFF0412\u200B345\u2060678'],
  ['a soft hyphen', '0412\u00AD345678'],
  ['no-break and ideographic blanks', '0412\u00A0345\u3000678'],
  ['tab and line feed around', '\t0412 345 678\r\n'],
  ['non-breaking hyphens', '0412\u2011345\u2011678'],
  ['fullwidth digits and plus', '＋６１４１２３４５６７８'],
  ['Arabic digits', '٠٤١٢٣٤٥٦٧٨'],
  ['Persian digits', '۰۴۱۲۳۴۵۶۷۸'],
  ['Devanagari digits', '०४१२३४५६७८'],
  ['mathematical digits', '𝟎𝟒𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖'],
])('%s are seen through', (_, input) => {
  expect(e164(input, 'AU')).toBe('+61412345678');
});

test.each([
  ['nothing', ''],
  ['blanks', '   '],
  ['a plus', '+'],
  ['words', 'call me'],
  ['letters for digits', '1-800-GOT-MILK'],
  ['the letter O for a zero', 'O412345678'],
  ['the letter O for zeros', '04OO123456'],
  ['the letter O after a plus', '+O412345678'],
  ['a circled digit', '0412 345 67⑧'],
  ['a superscript digit', '0412 345 67⁸'],
  ['an extension', '0412 345 678 x12'],
  ['an extension in words', '(02) 5550 0123 ext. 12'],
  ['an extension behind #', '0412 345 678 #12'],
  ['an extension behind commas', '0412345678,,12'],
  ['an extension as a parameter', 'tel:+61412345678;ext=12'],
  ['a country of its own choosing', 'tel:412345678;phone-context=+61'],
  ['two numbers', '0412345678/0400123456'],
  ['two numbers and a comma', '+61412345678,+61400123456'],
  ['two plus signs', '++61412345678'],
  ['a plus in the middle', '0412+345678'],
  ['text behind', '0412 345 678 a'],
  ['text in front', 'phone: 0412 345 678'],
  ['U+0000', '0412\u0000345678'],
  ['a digit too few', '0412 345 67'],
  ['a digit too many', '04123456789'],
  ["another country's way of dialling abroad, which is possible but not valid", '0061412345678'],
  ["another country's local form", '(415) 555-1234'],
  ['a calling code that nobody has', '+0412345678'],
  ['an emergency number', '000'],
  ['a number that no country has given out', '+15551234567'],
  ['very many digits', '+61' + '4'.repeat(300)],
  ['an e-mail address', 'jane@example.com'],
])('%s is refused', (_, input) => {
  expect(e164(input, 'AU')).toBe('ERR_WEBCHAT_001');
});

test('a local form is refused where no country is known', () => {
  for (const country of [null, '', 'XX', 'UK', 'Australia', '61']) {
    expect(e164('0412 345 678', country)).toBe('ERR_WEBCHAT_001');
  }
});

test('a country may be written small', () => {
  expect(e164('0412 345 678', ' au ')).toBe('+61412345678');
});

test('all that is known of a number is told', () => {
  expect(normalizePhone('0412 345 678', 'AU')).toEqual({
    ok: true,
    e164: '+61412345678',
    country: 'AU',
    countryCode: 61,
    nationalNumber: '412345678',
    type: 'MOBILE',
  });
});

test("a British mobile can be Guernsey's, with the same calling code", () => {
  expect(normalizePhone('07911 120123', 'GB')).toMatchObject({ ok: true, country: 'GG', countryCode: 44 });
});

test('a number of no country is told as such', () => {
  expect(normalizePhone('+800 1234 0123', null)).toMatchObject({ ok: true, country: null, countryCode: 800 });
});

test('a valid number need not be one that gets texts', () => {
  expect(normalizePhone('1300 550 123', 'AU')).toMatchObject({ ok: true, type: 'SHARED_COST' });
  expect(normalizePhone('(02) 5550 0123', 'AU')).toMatchObject({ ok: true, type: 'FIXED_LINE' });
});

test('the refusal says what is missing, and never the number', () => {
  const hint = (input: string, country: string | null) => {
    const phone = normalizePhone(input, country);
    return phone.ok ? '' : `${phone.failure.message} ${phone.failure.hint}`;
  };
  expect(hint('0412 345 678', null)).toContain('no country is known');
  expect(hint('0412 345 678', 'UK')).toContain('GB');
  expect(hint('0412 345 678 x12', 'AU')).toContain('extension');
  for (const input of ['0412 345 67', '0412 345 678 x12']) expect(hint(input, 'AU')).not.toMatch(/345/);
});

test('of a phone a log may hold the last two digits', () => {
  expect(maskPhone('+61412345678')).toBe('…78');
});

test('countries are those of ISO 3166-1 that have phones', () => {
  expect(['AU', 'GB', 'US'].every(isPhoneCountry)).toBe(true);
  expect(['UK', 'au', '', 'toString'].some(isPhoneCountry)).toBe(false);
});

const country = fc.constantFrom('AU', 'US', 'NZ', 'GB', 'CA', 'IT', 'AR', 'BR', 'DE', null);
const dialled = fc.string({
  unit: fc.constantFrom(...'0123456789', '+', ' ', '-', '(', ')', '٣', 'x'),
  maxLength: 16,
});

test('whatever is dialled, a form once found is found again, in any country', () => {
  fc.assert(
    fc.property(
      fc.oneof(dialled, fc.string({ unit: 'binary' })),
      country,
      country,
      (input, here, elsewhere) => {
        const phone = normalizePhone(input, here);
        if (!phone.ok) return phone.failure.code === 'ERR_WEBCHAT_001';
        // Germany and Austria have given out numbers of four digits.
        return /^\+[1-9]\d{5,14}$/.test(phone.e164) && e164(phone.e164, elsewhere) === phone.e164;
      },
    ),
    { numRuns: 2_000 },
  );
});

test('blanks and dashes between the digits change nothing', () => {
  const separators = fc.array(fc.constantFrom('', ' ', '-', '\u00A0', '\u200B'), {
    minLength: 10,
    maxLength: 10,
  });
  fc.assert(
    fc.property(separators, (between) => {
      const input = [...'0412345678'].map((digit, at) => digit + (between[at] ?? '')).join('');
      return e164(input, 'AU') === '+61412345678';
    }),
  );
});
