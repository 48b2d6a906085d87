import { optOutWish } from './opt-out-words';

const KEYWORDS = ['STOP', 'UNSUBSCRIBE', 'QUIT', 'END', 'CANCEL', 'OPTOUT'];

test.each(KEYWORDS)('%s is a wish to opt out, in any case', (keyword) => {
  for (const text of [keyword, keyword.toLowerCase(), keyword[0] + keyword.slice(1).toLowerCase()]) {
    expect(optOutWish(text, KEYWORDS)).toEqual({ rule: `keyword:${keyword}` });
  }
});

test.each([
  ' stop ',
  '\n\tSTOP\r\n',
  'Stop!',
  'stop.',
  '"STOP"',
  '“stop”',
  '¡stop!',
  '(stop)',
  '*STOP*',
  'STOP 🛑',
  'stop ❤️',
  '\u202Astop\u202C',
  's\u200Btop',
  '\uFEFFstop',
  'ＳＴＯＰ',
  'S T O P',
  'un-subscribe',
])('%j is a wish to opt out', (text) => {
  expect(optOutWish(text, KEYWORDS)).not.toBeNull();
});

test.each(['opt out', 'opt-out', 'Opt–Out!', 'OPT  OUT', 'optout', 'OPT\u00A0OUT', 'opt\u2011out'])(
  '%j is OPTOUT',
  (text) => {
    expect(optOutWish(text, KEYWORDS)).toEqual({ rule: 'keyword:OPTOUT' });
  },
);

test.each([
  '',
  '   ',
  '!!!',
  'stop by tomorrow',
  "don't stop",
  'Is there a bus stop?',
  'stopp',
  'endless',
  'cancellation',
  '0',
  '🛑',
])('%j is none', (text) => {
  expect(optOutWish(text, KEYWORDS)).toBeNull();
});

test('a keyword of the settings may be written as people write it', () => {
  expect(optOutWish('STOP-ALL', ['stop all'])).toEqual({ rule: 'keyword:stop all' });
  expect(optOutWish('?', ['!'])).toBeNull();
});
