import {
  CLOCKS_DIFFER_MS,
  ON_THE_WIRE_MS,
  violations,
  type Arrival,
  type Attempt,
  type History,
  type Wish,
} from './opt-out-history';

const wish = (
  optedOut: boolean,
  invoked: number,
  completed: number | null,
  more: Partial<Wish> = {},
): Wish => ({
  ...{ customer: 'one', optedOut, at: invoked, invoked, completed },
  ...more,
});
const optOut = (invoked: number, completed: number | null, more?: Partial<Wish>) =>
  wish(true, invoked, completed, more);
const optIn = (invoked: number, completed: number | null, more?: Partial<Wish>) =>
  wish(false, invoked, completed, more);
const attempt = (after: number, before = after + 5, customer = 'one'): Attempt => ({
  customer,
  after,
  before,
});
const arrival = (at: number, customer = 'one'): Arrival => ({ customer, at });

const found = (history: Partial<History>) =>
  violations({ wishes: [], attempts: [], arrivals: [], ...history }).map(({ rule, at }) => `${at}: ${rule}`);

/** Attempts, each with its arrival 10 ms later. */
const sent = (...attempts: Attempt[]): Pick<History, 'attempts' | 'arrivals'> => ({
  attempts,
  arrivals: attempts.map(({ customer, after }) => arrival(after + 10, customer)),
});

describe('an attempt', () => {
  test('that begins before the opt-out, beside it, or for somebody else is none of its business', () => {
    const attempts = [attempt(50), attempt(100), attempt(119), attempt(500, 505, 'another')];
    expect(found({ wishes: [optOut(100, 120)], ...sent(...attempts) })).toEqual([]);
  });

  test('that begins once an opt-out has committed is found', () => {
    const attempts = [attempt(50), attempt(120), attempt(300)];
    expect(found({ wishes: [optOut(100, 120)], ...sent(...attempts) })).toEqual([
      '120: begun after an opt-out',
      '300: begun after an opt-out',
    ]);
  });

  test('that was passed by the door before, and arrives soon after, was on the wire', () => {
    const late = ON_THE_WIRE_MS - 100;
    expect(
      found({ wishes: [optOut(100, 120)], attempts: [attempt(110, 130)], arrivals: [arrival(120 + late)] }),
    ).toEqual([]);
  });

  test('is found when nothing arrived of it', () => {
    expect(found({ wishes: [optOut(100, 120)], attempts: [attempt(121)] })).toEqual([
      '121: begun after an opt-out',
    ]);
  });

  test('proves nothing when nobody heard that the opt-out has committed', () => {
    expect(found({ wishes: [optOut(100, null)], ...sent(attempt(300)) })).toEqual([]);
  });

  test('may follow an opt-in, from when that was wanted, heard of or not', () => {
    const wishes = [optOut(100, 120), optIn(200, null)];
    expect(found({ wishes, ...sent(attempt(190, 199)) })).toEqual(['190: begun after an opt-out']);
    expect(found({ wishes, ...sent(attempt(190, 200), attempt(300)) })).toEqual([]);
  });

  test('may not follow an opt-in that is older than the opt-out, or of the same time', () => {
    const wishes = (at: number) => [optOut(100, 120), optIn(200, 210, { at })];
    for (const at of [50, 100])
      expect(found({ wishes: wishes(at), ...sent(attempt(300)) })).toEqual(['300: begun after an opt-out']);
    expect(found({ wishes: wishes(101), ...sent(attempt(300)) })).toEqual([]);
  });

  test('may not follow a second opt-out after an opt-in, and an older one that comes late changes nothing', () => {
    const wishes = [optOut(100, 120), optIn(200, 210)];
    expect(found({ wishes: [...wishes, optOut(300, 310)], ...sent(attempt(320)) })).toEqual([
      '320: begun after an opt-out',
    ]);
    expect(found({ wishes: [...wishes, optOut(300, 310, { at: 150 })], ...sent(attempt(320)) })).toEqual([]);
  });

  test('may not follow an opt-out that is later than an opt-in and another opt-out, both heard of after it', () => {
    const late = [optOut(210, 220, { at: 50 }), optIn(230, 240, { at: 60 })];
    expect(found({ wishes: [optOut(10, 20), optOut(100, 120), ...late], ...sent(attempt(300)) })).toEqual([
      '300: begun after an opt-out',
    ]);
  });

  test('may not follow an opt-in of somebody else', () => {
    const wishes = [optOut(100, 120), optIn(200, 210, { customer: 'another' })];
    expect(found({ wishes, ...sent(attempt(300)) })).toEqual(['300: begun after an opt-out']);
  });
});

describe('an arrival', () => {
  const longAfter = 120 + ON_THE_WIRE_MS + CLOCKS_DIFFER_MS;

  test('longer after an opt-out than a call can take is found, whatever its attempt says of itself', () => {
    const late = { attempts: [attempt(90)], arrivals: [arrival(longAfter)] };
    expect(found({ wishes: [optOut(100, 120)], ...late })).toEqual([
      `${longAfter}: arrived long after an opt-out`,
    ]);
    expect(found({ wishes: [optOut(100, 121)], ...late })).toEqual([]);
    expect(found({ wishes: [optOut(100, 120), optIn(longAfter, null)], ...late })).toEqual([]);
  });

  test('of which there was no attempt is found, with or without an opt-out', () => {
    expect(found({ attempts: [attempt(50, 55, 'another')], arrivals: [arrival(60)] })).toEqual([
      '60: arrived without an attempt',
    ]);
  });

  test('before its attempt, or the second of one attempt, is found', () => {
    const begun = 5_000;
    const early = begun - CLOCKS_DIFFER_MS;
    expect(found({ attempts: [attempt(begun)], arrivals: [arrival(early - 1)] })).toEqual([
      `${early - 1}: arrived without an attempt`,
    ]);
    expect(found({ attempts: [attempt(begun)], arrivals: [arrival(early)] })).toEqual([]);
    expect(found({ attempts: [attempt(begun)], arrivals: [arrival(begun), arrival(begun + 9)] })).toEqual([
      `${begun + 9}: arrived without an attempt`,
    ]);
  });
});

test('a history in which everybody behaves, in any order of its records, is fine', () => {
  const wishes = [optOut(300, 310), optIn(200, 205), optOut(100, 120)];
  const attempts = [attempt(250), attempt(50), attempt(110, 116), attempt(305, 320)];
  expect(found({ wishes, ...sent(...attempts) })).toEqual([]);
});
