import { retryAfterMs } from './retry-after';

const NOW = Date.parse('2026-07-23T10:00:00.000Z');
const wait = (headers: Record<string, string>, status = 429) =>
  retryAfterMs({ status, headers: new Headers(headers) }, NOW);

describe('the wait that Podium asks for', () => {
  it.each([
    ['seconds', '30', 30_000],
    ['a date', 'Thu, 23 Jul 2026 10:00:30 GMT', 30_000],
    ['an old form of date', 'Thursday, 23-Jul-26 10:00:30 GMT', 30_000],
    ['the oldest form of date, which names no zone', 'Thu Jul 23 10:00:30 2026', 30_000],
    ['no time at all', '0', 1_000],
    ['a date that has passed', 'Thu, 23 Jul 2026 09:00:00 GMT', 1_000],
    ['more than an hour', '86400', 3_600_000],
  ])('is read from Retry-After as %s', (_, value, expected) => {
    expect(wait({ 'retry-after': value })).toBe(expected);
  });

  it.each(['-5', 'soon', '10 minutes', '1e3', ''])('is not guessed from "%s"', (value) => {
    expect(wait({ 'retry-after': value })).toBeUndefined();
  });

  it('is ratelimit-reset when Retry-After is missing or of no use', () => {
    expect(wait({ 'ratelimit-reset': '42' })).toBe(42_000);
    expect(wait({ 'retry-after': 'soon', 'ratelimit-reset': '42' })).toBe(42_000);
    expect(wait({ 'retry-after': '7', 'ratelimit-reset': '42' })).toBe(7_000);
  });

  it('is read from a ratelimit-reset that is a time, too', () => {
    expect(wait({ 'ratelimit-reset': String(NOW / 1000 + 42) })).toBe(42_000);
  });

  it('is not ratelimit-reset where nothing was refused for its rate', () => {
    expect(wait({ 'ratelimit-reset': '42' }, 502)).toBeUndefined();
    expect(wait({ 'retry-after': '7', 'ratelimit-reset': '42' }, 503)).toBe(7_000);
  });

  it('is unknown when nothing is said', () => {
    expect(wait({})).toBeUndefined();
  });
});
