import { NumberedLog } from './numbered-log';

test('a log keeps its newest entries and goes on counting', () => {
  const log = new NumberedLog<{ word: string }>(10);
  for (let i = 1; i <= 25; i++) log.append({ word: `w${i}` });
  expect(log.after(22)).toEqual([
    { n: 23, word: 'w23' },
    { n: 24, word: 'w24' },
    { n: 25, word: 'w25' },
  ]);
  expect(log.after(0).length).toBeLessThanOrEqual(11);
  expect(log.after(25)).toEqual([]);
});

test('a cleared log forgets its entries but not its count', () => {
  const log = new NumberedLog<{ word: string }>(10);
  log.append({ word: 'one' });
  log.clear();
  expect(log.append({ word: 'two' })).toEqual({ n: 2, word: 'two' });
  expect(log.after(0)).toEqual([{ n: 2, word: 'two' }]);
});
