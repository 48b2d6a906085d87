import { idleDeadlines, idleSinceAfter } from './idle';

const MINUTE = 60_000;
const POLICY = { idleWarnSeconds: 1200, idleCloseSeconds: 1680 };
const since = (idleSince: number, at: number, receivedAt: number, now: number) =>
  idleSinceAfter(idleSince, { at, receivedAt }, POLICY, now);

it('counts from the earlier of Podium’s time and our receipt', () => {
  expect(since(0, 10 * MINUTE, 11 * MINUTE, 12 * MINUTE)).toBe(10 * MINUTE);
  expect(since(0, 11 * MINUTE, 10 * MINUTE, 12 * MINUTE)).toBe(10 * MINUTE);
});

it('never moves back', () => {
  expect(since(11 * MINUTE, 10 * MINUTE, 10 * MINUTE, 12 * MINUTE)).toBe(11 * MINUTE);
});

it('never moves into the future, whatever a clock says', () => {
  expect(since(0, 99 * MINUTE, 99 * MINUTE, 12 * MINUTE)).toBe(12 * MINUTE);
});

it('counts a message that is past the prompt from its handling', () => {
  expect(since(0, 10 * MINUTE, 10 * MINUTE, 30 * MINUTE)).toBe(30 * MINUTE);
  expect(since(0, 10 * MINUTE, 10 * MINUTE, 30 * MINUTE - 1)).toBe(10 * MINUTE);
});

it('prompts after 20 and closes after 28 minutes', () => {
  expect(idleDeadlines(5 * MINUTE, POLICY)).toEqual({ promptAt: 25 * MINUTE, closeAt: 33 * MINUTE });
});
