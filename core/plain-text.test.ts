import fc from 'fast-check';
import { comparable, oneLine, withoutInvisible } from './plain-text';

test('characters that cannot be seen are taken out', () => {
  expect(withoutInvisible('\u202A+61\u200B412\u2060345\uFEFF678\u202C\u00AD')).toBe('+61412345678');
});

test('a text becomes one line with single blanks', () => {
  expect(oneLine('  Jane\r\n\tCitizen\u0000\u00A0 ')).toBe('Jane Citizen');
});

test.each([
  ['stop', 'STOP'],
  [' “Stop!” ', 'STOP'],
  ['ＳＴＯＰ', 'STOP'],
  ['stop ❤️', 'STOP'],
  ['s\u200Btop', 'STOP'],
  ['New  car', 'NEW CAR'],
  ['हाँ।', 'हाँ'],
  ['!?', ''],
])('%j compares as %j', (text, expected) => {
  expect(comparable(text)).toBe(expected);
});

test('making a text comparable twice changes nothing more', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(comparable(comparable(text))).toBe(comparable(text));
    }),
  );
});
