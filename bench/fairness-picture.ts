/** The picture of part (f): a row a location, a dot an answer, and how long each took. */
import type { Waits } from './fairness';
import { median } from './statistics';

const WIDTH = 900;
const LEFT = 190;
const RIGHT = 110;
const TOP = 84;
const ROW = 34;
const BOTTOM = 58;
const DOT = 4;
/** Seconds on the axis, which is logarithmic: what is twice as long is as far away everywhere. */
const TICKS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500];

/** An SVG that reads on light and dark ground. The first location is the busy one. */
export function drawFairness(waits: Waits[], timesBusier: number): string {
  const all = waits.flatMap(({ seconds }) => seconds);
  const ticks = ticksAround(Math.min(...all), Math.max(...all));
  const scale = (seconds: number) => x(seconds, ticks);
  const height = TOP + waits.length * ROW + BOTTOM;
  const floor = height - BOTTOM;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title">`,
    `<title id="title">${TITLE}</title>`,
    STYLE,
    `<rect class="ground" width="${WIDTH}" height="${height}"/>`,
    `<text class="title" x="20" y="32">${TITLE}</text>`,
    `<text class="quiet" x="20" y="54">From a customer's first message to its answer. ${escaped(waits[0]!.location)} has ${timesBusier} times the traffic of each other store,</text>`,
    `<text class="quiet" x="20" y="71">and half of the calls can be made that all of them would need. A dot is an answer, a line the median.</text>`,
    ...ticks.map((tick) => axisTick(tick, scale(tick), floor)),
    `<text class="label" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${height - 14}" text-anchor="middle">seconds until the answer (logarithmic)</text>`,
    `<text class="label" x="${WIDTH - RIGHT + 16}" y="${height - 14}">median</text>`,
    ...waits.flatMap((each, row) => drawRow(each, row, scale)),
    '</svg>\n',
  ].join('\n');
}

const TITLE = 'How long customers wait for an answer while Podium allows too few calls';

const STYLE = `<style>
text { font: 13px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #1f2328; }
.title { font-size: 18px; font-weight: 600; }
.quiet, .label { fill: #59636e; }
.ground { fill: #ffffff; }
.grid { stroke: #d1d9e0; }
.dot { fill: #0969da; fill-opacity: 0.55; }
.busy { fill: #bc4c00; fill-opacity: 0.3; }
.median { stroke: #1f2328; stroke-width: 2; }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc; }
  .quiet, .label { fill: #9198a1; }
  .ground { fill: #0d1117; }
  .grid { stroke: #3d444d; }
  .dot { fill: #4493f8; }
  .busy { fill: #f0883e; }
  .median { stroke: #f0f6fc; }
}
</style>`;

/** From the last tick below all values to the first one above them. */
function ticksAround(least: number, most: number): number[] {
  const from = TICKS.findLastIndex((tick) => tick <= least);
  const to = TICKS.findIndex((tick) => tick >= most);
  return TICKS.slice(Math.max(from, 0), to < 0 ? undefined : to + 1);
}

function x(seconds: number, ticks: number[]): number {
  const [from, to] = [Math.log(ticks[0]!), Math.log(ticks.at(-1)!)];
  const share = (Math.log(seconds) - from) / (to - from);
  return rounded(LEFT + share * (WIDTH - RIGHT - LEFT));
}

function axisTick(tick: number, at: number, floor: number): string {
  return (
    `<line class="grid" x1="${at}" y1="${TOP}" x2="${at}" y2="${floor}"/>` +
    `<text class="label" x="${at}" y="${floor + 18}" text-anchor="middle">${tick}</text>`
  );
}

function drawRow({ location, seconds }: Waits, row: number, scale: (seconds: number) => number): string[] {
  const middle = TOP + (row + 0.5) * ROW;
  const at = scale(median(seconds));
  const dots = seconds.map(
    (each, n) =>
      `<circle class="${row === 0 ? 'busy' : 'dot'}" cx="${scale(each)}" cy="${rounded(middle + apart(n))}" r="${DOT}"/>`,
  );
  return [
    `<text x="${LEFT - 14}" y="${middle + 4}" text-anchor="end">${escaped(location)} (${seconds.length})</text>`,
    ...dots,
    `<line class="median" x1="${at}" y1="${middle - 12}" x2="${at}" y2="${middle + 12}"/>`,
    `<text x="${WIDTH - RIGHT + 16}" y="${middle + 4}">${Number(median(seconds).toPrecision(2))} s</text>`,
  ];
}

/** Dots that would lie upon each other are drawn a little above and below. */
function apart(n: number): number {
  return ((n % 5) - 2) * 3.5;
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
