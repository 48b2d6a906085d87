import { drawFairness } from './fairness-picture';

const waits = [
  { location: 'Busy & Sons', seconds: [30, 40, 50] },
  { location: 'Quiet Store', seconds: [0.8] },
];

test('the picture has a dot for each answer, a row for each location, and an axis that holds them all', () => {
  const svg = drawFairness(waits, 50);
  expect(svg.match(/<circle/g)).toHaveLength(4);
  expect(svg).toContain('Busy &amp; Sons (3)');
  expect(svg).toContain('>40 s</text>');
  const [from, to] = [/>0\.5<\/text>/, />50<\/text>/].map((tick) => svg.search(tick));
  expect(from).toBeGreaterThan(0);
  expect(to).toBeGreaterThan(from!);
  expect(svg).not.toContain('NaN');
});
