import { heldBySettings, isQuiet } from './robot';

const NIGHT = { from: '21:00', to: '08:00', time_zone: 'Australia/Sydney' };
const NEVER = { pause: { all: false, locations: [] }, quiet_hours: { all: null, locations: {} } };
/** Sydney is 11 h ahead of UTC in January. */
const at = (utc: string) => new Date(`2026-01-10T${utc}:00Z`);
const [EVENING, MORNING, NOON] = [at('10:00'), at('21:00'), at('01:00')];

it.each([
  ['at the minute when they begin', EVENING, true],
  ['the minute before', at('09:59'), false],
  ['past midnight', at('14:00'), true],
  ['at the minute when they end', MORNING, false],
  ['at noon', NOON, false],
])('has quiet hours over midnight: %s', (_, now, quiet) => {
  expect(isQuiet(NIGHT, now)).toBe(quiet);
});

it('has quiet hours within a day, and none between a time and itself', () => {
  const lunch = { from: '12:00', to: '13:00', time_zone: 'Australia/Sydney' };
  expect(isQuiet(lunch, NOON)).toBe(true);
  expect(isQuiet(lunch, EVENING)).toBe(false);
  expect(isQuiet({ ...lunch, to: '12:00' }, NOON)).toBe(false);
});

it('goes by the clock of the store, not by ours', () => {
  expect(isQuiet({ ...NIGHT, time_zone: 'America/New_York' }, EVENING)).toBe(true); // 5 in the morning
  expect(isQuiet({ ...NIGHT, time_zone: 'America/New_York' }, NOON)).toBe(false); // 20:00
});

describe('the settings', () => {
  const held = (settings: Partial<Parameters<typeof heldBySettings>[0]>, purpose: string, now = EVENING) =>
    heldBySettings({ ...NEVER, ...settings }, { purpose, locationUid: 'here' }, now);

  it('hold nothing back unless they say so', () => {
    expect(held({}, 'prompt')).toBeNull();
  });

  it('hold back prompts in quiet hours, and no answer', () => {
    const settings = { quiet_hours: { all: NIGHT, locations: {} } };
    expect(held(settings, 'prompt')).toBe('ERR_WEBCHAT_021');
    expect(held(settings, 'prompt', NOON)).toBeNull();
    for (const purpose of ['greeting', 'question', 'hand_over', 'help', 'file'])
      expect(held(settings, purpose)).toBeNull();
  });

  it('let a store have hours of its own, or none', () => {
    expect(held({ quiet_hours: { all: null, locations: { here: NIGHT } } }, 'prompt')).toBe(
      'ERR_WEBCHAT_021',
    );
    expect(held({ quiet_hours: { all: NIGHT, locations: { here: null } } }, 'prompt')).toBeNull();
  });

  it.each([
    ['all', { all: true, locations: [] }, 'ERR_WEBCHAT_020'],
    ['this store', { all: false, locations: ['here'] }, 'ERR_WEBCHAT_020'],
    ['another store', { all: false, locations: ['there'] }, null],
  ])('pause the robot for %s, and never a person', (_, pause, code) => {
    expect(held({ pause }, 'greeting')).toBe(code);
    expect(held({ pause }, 'file')).toBeNull();
    expect(held({ pause }, 'forwarded_file')).toBeNull();
  });
});
