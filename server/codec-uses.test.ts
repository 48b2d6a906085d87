import { codecUses } from './codec-uses';

it('has a line for the first use of each name, and one a minute for those that follow', () => {
  let now = 0;
  const lines: object[] = [];
  const logger = { info: (line: object) => lines.push(line) };
  const used = codecUses(logger as never, () => now);
  used('ann', 3);
  used('kim', 1);
  now = 59_000;
  used('ann', 2);
  used('ann', 2);
  now = 61_000;
  used('ann', 1);
  expect(lines).toEqual([
    { operator: 'ann', payloads: 3 },
    { operator: 'kim', payloads: 1 },
    { operator: 'ann', payloads: 5 },
  ]);
});
