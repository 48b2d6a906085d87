import type { PodiumConversation } from './api';
import { hasChanged, olderFollow, unchangedFollow } from './newest-first';

const day = (n: number) => new Date(Date.UTC(2026, 6, n));
const days = (...numbers: (number | null)[]) => numbers.map((n) => (n === null ? null : day(n)));

describe('a page of messages', () => {
  test.each([
    ['goes from new to old and has come to older ones', days(9, 8, 4), true],
    ['has holes in it', days(9, null, 8, 4, null), true],
    ['has not come to older ones yet', days(9, 8, 6), false],
    ['begins with the oldest', days(1, 2, 3), false],
    ['is in no order', days(9, 3, 8, 2), false],
    ['shows one time only', days(3, 3), false],
    ['shows no time', days(null), false],
    ['is empty', [], false],
  ])('that %s: %#', (_, times, ends) => {
    expect(olderFollow(times, day(5))).toBe(ends);
  });
});

/** Conversations by the days of their creation, last item and last change. */
const conversations = (
  ...each: [created: number, lastItem: number, updated: number][]
): PodiumConversation[] =>
  each.map(([createdAt, lastItemAt, updatedAt]) => ({
    ...{ uid: 'c', locationUid: null, channel: null, identifier: null, closed: false },
    ...{ createdAt: day(createdAt), lastItemAt: day(lastItemAt), updatedAt: day(updatedAt) },
  }));

describe('a page of conversations', () => {
  test.each([
    ['in the order of the last item', conversations([1, 9, 9], [6, 8, 10], [2, 4, 4]), true],
    ['in the order of the last change', conversations([1, 3, 9], [6, 8, 8], [2, 4, 4]), true],
    [
      'in the order of creation, though others fit too',
      conversations([7, 9, 9], [6, 8, 8], [2, 4, 4]),
      false,
    ],
    ['in no order', conversations([1, 9, 9], [2, 4, 4], [3, 8, 8], [1, 2, 2]), false],
  ])('%s: %#', (_, page, ends) => {
    expect(unchangedFollow(page, day(5))).toBe(ends);
  });

  test('has changed with its last item; without one, with its last change; without a time, perhaps', () => {
    const [conversation] = conversations([1, 4, 6]);
    expect(hasChanged(conversation!, day(5))).toBe(false);
    expect(hasChanged({ ...conversation!, lastItemAt: null }, day(5))).toBe(true);
    expect(hasChanged({ ...conversation!, lastItemAt: null, updatedAt: null }, day(5))).toBe(true);
  });
});
