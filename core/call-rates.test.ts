import { outsideCallsWindow, queueCallsPerSecond } from './call-rates';

test('the queue gets 270 of 300 calls a minute, those included that the engine lets go at once', () => {
  expect(queueCallsPerSecond(300) * (60 + 1)).toBeCloseTo(270);
});

test.each([1, 5, 20, 60, 100, 300, 600, 60_000])(
  'of %i calls a minute, no 60 s hold more than a tenth outside of the queue',
  (requestsPerMinute) => {
    const { calls, seconds } = outsideCallsWindow(requestsPerMinute);
    expect(Number.isInteger(seconds)).toBe(true);
    // The unluckiest minute: it begins just after the first call of a window whose others come at its end.
    const windowsThatBegin = Math.ceil(60 / seconds);
    const most = calls - 1 + calls * windowsThatBegin;
    expect(most).toBeLessThanOrEqual(Math.max(requestsPerMinute / 10, 1));
  },
);

test('calls outside of the queue wait for some seconds at most, with the limit that Podium has', () => {
  expect(outsideCallsWindow(300)).toEqual({ calls: 5, seconds: 12 });
});
