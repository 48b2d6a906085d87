/**
 * (a) How many signed webhooks a second are answered 200. Each target is loaded right after the app that
 * stores nothing, several times, and the medians of the ratios count: the machine's moods hit both alike.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import getPort from 'get-port';
import { customer, webchatEvent } from './customers';
import { LoadGenerator, type LoadResult } from './load';
import { atLeast, atMost, type Aim, type Part, type Row, type Size } from './report';
import { median } from './statistics';
import { startBeside, startMeasuredSystem, type System } from './system';

/** Times in seconds. */
const SIZES = {
  full: { connections: [1, 16, 64], repeats: 5, seconds: 4, warmUp: 5 },
  quick: { connections: [1, 16], repeats: 1, seconds: 1, warmUp: 1 },
};
/** Requests that the end of a load has cut off are still being stored. */
const CUT_OFF_MS = 300;

interface Target {
  name: string;
  url: string;
  /** Called after each load, with how many answers there were. */
  tidyUp?: (answers: number) => Promise<void>;
}

/** A target's load, and the one on the app that stores nothing, right before it. */
interface Pair {
  nothing: LoadResult;
  target: LoadResult;
}

interface Comparison {
  name: string;
  connections: number;
  pairs: Pair[];
}

export const acknowledge: Part = {
  letter: 'a',
  title: 'Signed webhooks acknowledged',
  async measure(size) {
    const system = await startMeasuredSystem({ workers: 0 });
    const load = new LoadGenerator();
    const nothing = await startReference(system, 'nothing');
    const inline = await startReference(system, 'inline');
    const ours = { url: system.webhookUrl(), tidyUp: (answers: number) => emptyInbox(system, answers) };
    const { webhookSecret: secret } = system.keys;
    const compare = (target: Target) => compareAll({ load, secret, baseline: nothing, target, size });
    try {
      await system.temporal.stop();
      const away = await compare({ name: 'ours, Temporal away', ...ours });
      await system.temporal.start();
      await relayIsBack(system);
      const relaying = await compare({ name: 'ours, relaying meanwhile', ...ours });
      const inlined = await compare(inline);
      const all = [...away, ...relaying, ...inlined];
      return { table: all.flatMap(rowsOf), aims: away.flatMap(aimsOf), notes: NOTES };
    } finally {
      load.stop();
      await Promise.all([nothing, inline].map(({ child }) => child.stop()));
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
  const name = kind === 'inline' ? 'signalWithStart inline' : 'nothing stored';
  return { name, child, url: `http://127.0.0.1:${port}/webhooks/podium` };
}

interface Comparing {
  load: LoadGenerator;
  secret: string;
  baseline: Target;
  target: Target;
  size: Size;
}

async function compareAll({ load, secret, baseline, target, size }: Comparing): Promise<Comparison[]> {
  const { connections: all, repeats, seconds, warmUp } = SIZES[size];
  const comparisons: Comparison[] = [];
  for (const connections of all) {
    const run = async ({ url, tidyUp }: Target, duration = seconds) => {
      const result = await load.run({ url, secret, connections, seconds: duration });
      await tidyUp?.(result.answers);
      return result;
    };
    for (const each of [baseline, target]) await run(each, warmUp); // both are compiled when it counts
    const pairs: Pair[] = [];
    while (pairs.length < repeats) pairs.push({ nothing: await run(baseline), target: await run(target) });
    comparisons.push({ name: target.name, connections, pairs });
  }
  return comparisons;
}

function rowsOf({ name, connections, pairs }: Comparison): Row[] {
  const row = (target: string, results: LoadResult[], ratios: [number, number] | null) => ({
    connections,
    target,
    rate: median(results.map(({ rate }) => rate)),
    'p50 ms': median(results.map(({ p50 }) => p50)),
    'p99 ms': median(results.map(({ p99 }) => p99)),
    'rate ratio': ratios?.[0] ?? '',
    'p99 ratio': ratios?.[1] ?? '',
    load: median(results.map(({ busy }) => busy)),
  });
  const baselines = pairs.map(({ nothing }) => nothing);
  const targets = pairs.map(({ target }) => target);
  return [
    row('nothing stored', baselines, null),
    row(name, targets, [ratio(pairs, 'rate'), ratio(pairs, 'p99')]),
  ];
}

/** With one connection there is nothing to write in batches, and no aim. */
function aimsOf({ connections, pairs }: Comparison): Aim[] {
  if (connections === 1) return [];
  return [
    atLeast(0.5, `rate at ${connections} connections, of the app that stores nothing`, ratio(pairs, 'rate')),
    atMost(3, `p99 at ${connections} connections, times that app's`, ratio(pairs, 'p99')),
  ];
}

function ratio(pairs: Pair[], figure: 'rate' | 'p99'): number {
  return median(pairs.map(({ nothing, target }) => target[figure] / nothing[figure]));
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
