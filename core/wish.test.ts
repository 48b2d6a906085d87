import fc from 'fast-check';
import { loadSettings } from '../config/load';
import { shippedWords } from '../test/support/shipped-words';
import { readWish } from './wish';
import { wordsByCountry, type WishSettings } from './wish-words';

const WORDS = shippedWords(null);
const read = (text: string) => readWish(text, WORDS);
const by = (change: Partial<WishSettings>) => wordsByCountry({ ...loadSettings().optout, ...change });

const SPECIFIED = ['STOP', 'UNSUBSCRIBE', 'QUIT', 'END', 'CANCEL', 'OPTOUT'];

describe('tier A: the whole message is a keyword', () => {
  test.each([...SPECIFIED, 'STOPALL', 'REVOKE', 'REMOVE', 'ARRET', 'ALTO', 'BAJA'])('%s', (keyword) => {
    for (const text of [keyword, keyword.toLowerCase(), keyword[0] + keyword.slice(1).toLowerCase()])
      expect(read(text)).toEqual({ wish: 'opt_out', rule: `A:${keyword}` });
  });

  test.each(SPECIFIED)('%s counts whichever languages are active', (keyword) => {
    expect(readWish(keyword, by({ languages: ['fr'] })(null))).toMatchObject({ wish: 'opt_out' });
  });

  test.each([
    ...[' stop ', '\n\tSTOP\r\n', 'Stop!', '"STOP"', '“stop”', '¡stop!', '(stop)', '*STOP*', 'STOP 🛑'],
    ...[
      'stop ❤️',
      'stop 👍🏽',
      '\u202Astop\u202C',
      's\u200Btop',
      '\uFEFFstop',
      'ＳＴＯＰ',
      'S T O P',
      's.t.o.p',
    ],
  ])('%j is STOP', (text) => {
    expect(read(text)).toEqual({ wish: 'opt_out', rule: 'A:STOP' });
  });

  test.each([...['opt out', 'opt-out', 'Opt–Out!', 'OPT  OUT', 'optout', 'OPT\u00A0OUT', 'opt\u2011out']])(
    '%j is OPTOUT',
    (text) => {
      expect(read(text)).toEqual({ wish: 'opt_out', rule: 'A:OPTOUT' });
    },
  );

  test('in any case and width, with anything that is no letter or digit around and nothing visible within', () => {
    const keyword = fc.constantFrom(...WORDS.optOut.values());
    const around = fc.string({ unit: fc.constantFrom(...' \n\t.!?"\'()*-_~…“”«»🛑🙏🏽❤️\u200B\u202E') });
    const within = fc.constantFrom('', '\u200B', '\u00AD', '\u2060', '\uFE0F');
    const shapes = [
      (letter: string) => letter,
      (letter: string) => letter.toLowerCase(),
      (letter: string) => letter.replace(/[A-Z]/, (it) => String.fromCharCode(it.charCodeAt(0) + 0xfee0)),
    ];
    fc.assert(
      fc.property(
        keyword,
        around,
        around,
        within,
        fc.constantFrom(...shapes),
        (word, left, right, gap, as) => {
          const text = left + [...word].map(as).join(gap) + right;
          expect(read(text)).toMatchObject({ wish: 'opt_out', rule: expect.stringMatching(/^A:/) });
        },
      ),
    );
  });
});

describe('tier B: nothing but courtesy and emphasis around a keyword', () => {
  it('may be signed behind thanks, and an everyday word may be about what stands there', () => {
    for (const text of [
      'Stop. Thanks, Karen',
      'Please unsubscribe me. Regards, Karen Citizen',
      'STOP\nCheers\nKaren',
    ])
      expect(read(text)).toMatchObject({ wish: 'opt_out' });
    for (const text of ['Cancel, thanks, Friday', 'Remove, please, both stickers'])
      expect(read(text)).not.toMatchObject({ wish: 'opt_out' });
    expect(read('Friday. Thanks, Karen')).toMatchObject({ wish: 'none' });
  });

  test.each([
    ['please stop', 'STOP'],
    ['Stop. Thanks', 'STOP'],
    ['stop texting me', 'STOP'],
    ['STOP!!! stop', 'STOP'],
    ['no stop', 'STOP'],
    ['stoooop', 'STOP'],
    ['stop\nSent from my iPhone', 'STOP'],
    ['Reply STOP to unsubscribe', 'STOP'],
    ['unsubscribe me please', 'UNSUBSCRIBE'],
    ['Cancel, thanks', 'CANCEL'],
    ['Arrêtez s’il vous plaît', 'ARRETEZ'],
    ["cessez de m'envoyer des textos", 'ARRET'],
    ['STOP por favor', 'STOP'],
    ['quiero darme de baja', 'BAJA'],
  ])('%j is %s', (text, keyword) => {
    expect(read(text)).toEqual({ wish: 'opt_out', rule: `B:${keyword}` });
  });
});

describe('tier C: a wish in other words is for a person to decide', () => {
  test.each([
    ['leave me alone', 'leave-me-alone'],
    ["don't text me again", 'dont-text-me'],
    ["don't text me, call me", 'dont-text-me'],
    ['take me off your list', 'off-your-list'],
    ['lose my number', 'lose-my-number'],
    ['no more messages', 'no-more-messages'],
    ['Wrong number', 'wrong-number'],
    ["I'm not the one you're looking for", 'wrong-number'],
    ['I never signed up for this', 'never-signed-up'],
    ['I bought one already so stop texting me', 'stop-texting'],
    ['no me escriban más', 'dont-text-me'],
    ['ne m’écrivez plus', 'dont-text-me'],
  ])('%j: %s', (text, rule) => {
    expect(read(text)).toEqual({ wish: 'ask', rule: `C:${rule}` });
  });

  test('a clear keyword that is a clause of its own counts among other words', () => {
    expect(read('STOP. I have never been to your shop')).toEqual({ wish: 'ask', rule: 'C:STOP' });
  });

  test('an everyday word with emphasis leaves open what is to be cancelled', () => {
    expect(read('I want to cancel')).toEqual({ wish: 'ask', rule: 'C:CANCEL' });
  });
});

describe('no wish', () => {
  test.each([
    ...[
      '',
      '   ',
      '!!!',
      '0',
      '🛑',
      'no',
      'No thanks',
      'not interested',
      'YES',
      'stop by at 5',
      "don't stop",
    ],
    ...['cancel my appointment', 'the end of the month', 'can you remove the dent', 'Is there a bus stop?'],
    ...["please don't cancel my booking", 'I want to cancel my order', 'quit smoking lozenges', 'endless'],
    ...["Why don't you text me the price?", 'No, more messages are fine', 'Can you help me with my booking?'],
    ...['Loved “Text STOP to opt out”', 'A aimé « Répondez ARRET »'],
  ])('%j', (text) => {
    expect(read(text)).toEqual({ wish: 'none', rule: null });
  });
});

describe('opt-in', () => {
  test.each(['START', 'unstop', 'Start please'])('%j opts in', (text) => {
    expect(read(text).wish).toBe('opt_in');
  });

  test('YES does so only where no question is open', () => {
    expect(readWish('Yes!', WORDS, { questionOpen: true })).toEqual({ wish: 'none', rule: null });
    expect(readWish('Yes!', WORDS, { questionOpen: false })).toEqual({ wish: 'opt_in', rule: 'A:YES' });
  });

  test('an opt-out goes first', () => {
    expect(read('start stop').wish).not.toBe('opt_in');
    expect(readWish('ok', by({ opt_in_keywords: ['STOP', 'OK'] })(null))).toMatchObject({ wish: 'opt_in' });
    expect(readWish('stop', by({ opt_in_keywords: ['STOP'] })(null))).toMatchObject({ wish: 'opt_out' });
  });
});

test.each(['HELP', 'info', 'Aide svp', 'ayuda por favor'])('%j asks for help', (text) => {
  expect(read(text).wish).toBe('help');
});

describe('words of the settings', () => {
  test('may be written as people write them', () => {
    const words = by({ keywords: ['Enough Already'] })(null);
    expect(readWish('enough-already!', words)).toEqual({ wish: 'opt_out', rule: 'A:Enough Already' });
    expect(readWish('enough already, thanks', words)).toEqual({ wish: 'opt_out', rule: 'B:Enough Already' });
  });

  test('in any script', () => {
    expect(readWish('बंद!', by({ keywords: ['बंद'] })(null))).toMatchObject({ wish: 'opt_out' });
  });

  test('without letters or digits mean nothing', () => {
    expect(readWish('?', by({ keywords: ['!'] })(null))).toEqual({ wish: 'none', rule: null });
  });

  test('of a language that is not active mean nothing', () => {
    expect(readWish('baja', by({ languages: ['en'] })(null)).wish).toBe('none');
  });

  test('of a country count there, whichever languages are active', () => {
    const words = by({ languages: ['en'] });
    expect(readWish('ARRÊT', words('CA')).wish).toBe('opt_out');
    expect(readWish('aide', words('CA')).wish).toBe('help');
    expect(readWish('ARRÊT', words('AU')).wish).toBe('none');
  });
});

describe('whatever comes', () => {
  const told = fc.constantFrom(
    ...[
      'stop',
      'please',
      'do',
      'not',
      "don't",
      'want',
      'any',
      'of',
      'the',
      'messages',
      'no',
      'more',
      'me',
      ',',
      '.',
    ],
    ...[
      'de',
      'les',
      'plus',
      'que',
      'ne',
      'm',
      'los',
      'mas',
      'never',
      'ever',
      'text',
      'to',
      'cancel',
      '🛑',
      '\u0301',
    ],
  );

  test('it says what it is', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(told).map((all) => all.join(' ')),
        ),
        (text) => {
          const { wish, rule } = read(text);
          expect(rule === null).toBe(wish === 'none');
        },
      ),
    );
  });

  test('marks heaped on a letter are no burden', () => {
    expect(millisecondsFor('\u0301\u0316'.repeat(100_000))).toBeLessThan(1_000);
    expect(read(`st${'\u0301\u0316'.repeat(100)}op`)).toMatchObject({ rule: 'A:STOP' });
  });

  test('10,000 characters are read at once, and half a million take no more than their share', () => {
    fc.assert(
      fc.property(fc.array(told, { minLength: 1, maxLength: 12 }), (pattern) => {
        const once = `${pattern.join(' ')} `;
        const text = once.repeat(Math.ceil(10_000 / once.length));
        expect(millisecondsFor(text)).toBeLessThan(1_000);
        expect(millisecondsFor(text.repeat(50))).toBeLessThan(2_000);
      }),
      { numRuns: 30 },
    );
  });
});

/** Of this process: a machine that is busy with others makes it take no more of them. */
function millisecondsFor(text: string): number {
  const begin = process.cpuUsage();
  read(text);
  const { user, system } = process.cpuUsage(begin);
  return (user + system) / 1_000;
}
