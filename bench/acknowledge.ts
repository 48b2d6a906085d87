/**
 * (a) How many signed webhooks a second are answered 200. Each target is loaded right after the app that
 * stores nothing, several times, and the medians of the ratios count: the machine's moods hit both alike.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import getPort from 'get-port';
import { customer, webchatEvent } from './customers';
import { LoadGenerator, type LoadResult } from './load';
import { atLeast, atMost, type Aim, type Findings, type Part, type Row, type Size } from './report';
import { median } from './statistics';
import { startBeside, startMeasuredSystem, type System } from './system';

const SIZES = {
  full: { connections: [1, 16, 64], repeats: 5, seconds: 4 },
  quick: { connections: [1, 16], repeats: 1, seconds: 1 },
};
/** Where the aims are. With one connection there is nothing to write in batches. */
const BUSY = 16;
/** Requests that the end of a load has cut off are still being stored. */
const CUT_OFF_MS = 300;

interface Target {
  name: string;
  url: string;
  /** Called after each load, with how many answers there were. */
  tidyUp(answers: number): Promise<void>;
}

/** A target's load and the one on the app that stores nothing, right before it. */
interface Pair {
  nothing: LoadResult;
  target: LoadResult;
}

export const acknowledge: Part = {
  letter: 'a',
  title: 'Signed webhooks acknowledged',
  async measure(size) {
    const system = await startMeasuredSystem({ workers: 0 });
    const load = new LoadGenerator();
    const references = [await startReference(system, 'nothing'), await startReference(system, 'inline')];
    try {
      const [nothing, inline] = references.map((reference) => reference.url) as [string, string];
      const ours = { url: system.webhookUrl(), tidyUp: (answers: number) => emptyInbox(system, answers) };
      const compare = (target: Target) => compareAll(system, load, nothing, target, size);

      await system.temporal.stop();
      const away = await compare({ name: 'ours, Temporal away', ...ours });
      await system.temporal.start();
      await relayIsBack(system);
      const relaying = await compare({ name: 'ours, relaying meanwhile', ...ours });
      const inlined = await compare({
        name: 'signalWithStart inline',
        url: inline,
        tidyUp: () => Promise.resolve(),
      });
      return { ...merge([away, relaying, inlined]), notes: NOTES };
    } finally {
      load.stop();
      await Promise.all(references.map(({ child }) => child.stop()));
      await system.stop();
    }
  },
};

const NOTES = [
  'Rate: answers a second. Ratio: to the same Koa application storing nothing (signature, parsing and verdict the same), loaded right before; medians.',
  'Each request is a new event of a new customer. Load, server, Postgres and Temporal share this machine: what one takes, the others lack. ' +
    'So the aims are held against "Temporal away", where nothing but the acknowledgement is at work; in production Temporal has machines of its own.',
  'Load: how much of a core the load itself took. Near 1 it is what limits the figure.',
];

async function startReference(system: System, kind: 'nothing' | 'inline') {
  const port = await getPort();
  const child = await startBeside(system, 'reference-server', [kind], { PORT: String(port) });
  return { child, url: `http://127.0.0.1:${port}/webhooks/podium` };
}

async function compareAll(
  system: System,
  load: LoadGenerator,
  nothing: string,
  target: Target,
  size: Size,
): Promise<{ rows: Row[]; aims: Aim[] }> {
  const { connections: all, repeats, seconds } = SIZES[size];
  const secret = system.keys.webhookSecret;
  const rows: Row[] = [];
  const aims: Aim[] = [];
  for (const connections of all) {
    const loaded = async ({ url, tidyUp }: Pick<Target, 'url' | 'tidyUp'>, duration: number) => {
      const result = await load.run({ url, secret, connections, seconds: duration });
      await tidyUp(result.answers);
      return result;
    };
    const baseline = { url: nothing, tidyUp: () => Promise.resolve() };
    await loaded(baseline, 1); // both are warm when it counts
    await loaded(target, 1);
    const pairs: Pair[] = [];
    for (let repeat = 0; repeat < repeats; repeat += 1) {
      pairs.push({ nothing: await loaded(baseline, seconds), target: await loaded(target, seconds) });
    }
    rows.push(rowOf('nothing stored', connections, pairs, 'nothing'));
    rows.push(rowOf(target.name, connections, pairs, 'target'));
    if (connections >= BUSY && target.name === 'ours, Temporal away')
      aims.push(...aimsOf(connections, pairs));
  }
  return { rows, aims };
}

function rowOf(name: string, connections: number, pairs: Pair[], which: keyof Pair): Row {
  const typical = (figure: keyof LoadResult) => median(pairs.map((pair) => pair[which][figure]));
  return {
    connections,
    target: name,
    rate: typical('rate'),
    'p50 ms': typical('p50'),
    'p99 ms': typical('p99'),
    'rate ratio': which === 'nothing' ? '' : ratio(pairs, 'rate'),
    'p99 ratio': which === 'nothing' ? '' : ratio(pairs, 'p99'),
    load: typical('busy'),
  };
}

function aimsOf(connections: number, pairs: Pair[]): Aim[] {
  return [
    atLeast(0.5, `rate at ${connections} connections, of the app that stores nothing`, ratio(pairs, 'rate')),
    atMost(3, `p99 at ${connections} connections, times that app's`, ratio(pairs, 'p99')),
  ];
}

function ratio(pairs: Pair[], figure: 'rate' | 'p99'): number {
  return median(pairs.map(({ nothing, target }) => target[figure] / nothing[figure]));
}

function merge(parts: { rows: Row[]; aims: Aim[] }[]): Pick<Findings, 'table' | 'aims'> {
  return { table: parts.flatMap(({ rows }) => rows), aims: parts.flatMap(({ aims }) => aims) };
}

/** Sees that what was acknowledged was stored, and forgets it: the next load finds an empty inbox and no backlog. */
async function emptyInbox({ pool }: System, answers: number): Promise<void> {
  await sleep(CUT_OFF_MS);
  const { rows } = await pool.query<{ stored: number }>('select count(*) as stored from inbox_events');
  const stored = rows[0]!.stored;
  if (stored < answers) throw new Error(`${answers} webhooks were acknowledged and ${stored} stored.`);
  await pool.query('truncate sessions, inbox_events'); // locked in the relay's own order
}

/** The relay looks less and less often while Temporal is away. */
async function relayIsBack(system: System): Promise<void> {
  await system.post(webchatEvent(customer(0)));
  await system.eventually(
    'the relay to be back',
    async () => {
      const { rowCount } = await system.pool.query(`select from inbox_events where status = 'delivered'`);
      return rowCount! > 0;
    },
    60_000,
  );
  await emptyInbox(system, 1);
}
