import { RejectionBurst } from './rejection-burst';

const MINUTE = 60_000;

it('tells of a burst when its last rejection falls into the time', () => {
  const burst = new RejectionBurst({ count: 3, minutes: 5 });
  expect([0, MINUTE, 4 * MINUTE].map((at) => burst.note(at))).toEqual([false, false, true]);
});

it('is quiet when the same number is spread out', () => {
  const burst = new RejectionBurst({ count: 3, minutes: 5 });
  expect([0, 3 * MINUTE, 6 * MINUTE, 9 * MINUTE].map((at) => burst.note(at))).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

it('tells of one burst once', () => {
  const burst = new RejectionBurst({ count: 2, minutes: 5 });
  expect([0, 1, 2, 3].map((at) => burst.note(at))).toEqual([false, true, false, true]);
});
