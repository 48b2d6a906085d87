import { CodecUses } from './codec-uses';

let lines: object[];
let uses: CodecUses;
beforeEach(() => {
  jest.useFakeTimers();
  lines = [];
  uses = new CodecUses({ info: (line: object) => lines.push(line) } as never);
});
afterEach(() => jest.useRealTimers());

it('has a line for the first use of each name, and one a minute for those that follow, without another use', () => {
  uses.decoded('ann', 3);
  uses.decoded('kim', 1);
  jest.advanceTimersByTime(30_000);
  uses.decoded('ann', 2);
  uses.decoded('ann', 2);
  expect(lines).toEqual([
    { operator: 'ann', payloads: 3 },
    { operator: 'kim', payloads: 1 },
  ]);
  jest.advanceTimersByTime(30_000);
  expect(lines.slice(2)).toEqual([{ operator: 'ann', payloads: 4 }]);
  uses.decoded('ann', 5); // within the minute of that line
  uses.decoded('kim', 6);
  expect(lines.slice(3)).toEqual([{ operator: 'kim', payloads: 6 }]);
  jest.advanceTimersByTime(600_000);
  expect(lines.slice(4)).toEqual([{ operator: 'ann', payloads: 5 }]);
});

it('loses nothing at the end of the process', () => {
  uses.decoded('ann', 3);
  uses.decoded('ann', 2);
  uses.decoded('kim', 1);
  uses.stop();
  expect(lines.slice(2)).toEqual([{ operator: 'ann', payloads: 2 }]);
  expect(jest.getTimerCount()).toBe(0);
});
