/**
 * (f) Whether a busy location holds up quiet ones while Podium allows fewer calls than there are to make: ten
 * locations, one of which has as much traffic as fifty others. From a customer's first message to its answer.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from '../embedded/paths';
import { now } from './clock';
import { examplePhone, served, webchatEvent } from './customers';
import { drawFairness } from './fairness-picture';
import { atMost, type Findings, type Part, type Size } from './report';
import { median, percentile } from './statistics';
import { startMeasuredSystem, type System } from './system';

/** Podium's own, in the settings and in the simulator. */
const CALLS_A_MINUTE = 300;
const TIMES_BUSIER = 50;
/** A customer writes to each quiet location so often. */
const QUIET_EVERY_SECONDS = 20;
/** For how long customers go on writing. */
const TRAFFIC_SECONDS: Record<Size, number> = { full: 90, quick: 20 };
const LOOK_EVERY_MS = 1_000;
const MINUTE_MS = 60_000;

const [busy, ...quiet] = served.slice(0, 10);
const PICTURES: Record<Size, string> = {
  full: join(ROOT, 'docs/pictures/fairness.svg'),
  quick: join(ROOT, 'bench/results/fairness.svg'),
};

/** A customer's first message. */
interface Arrival {
  location: (typeof served)[number];
  phone: string;
  /** Seconds since the first one. */
  after: number;
}

/** How long the customers of a location waited for their answers, in seconds. */
export interface Waits {
  location: string;
  seconds: number[];
}

type Calls = Awaited<ReturnType<System['simulator']['calls']>>;

export const fairness: Part = {
  letter: 'f',
  title: 'Ten locations, one of them with 50 times the traffic, and too few calls for all',
  async measure(size) {
    const settings = { podium: { requests_per_minute: CALLS_A_MINUTE } };
    const system = await startMeasuredSystem({ settings });
    try {
      await system.simulator.set({ ratelimit_per_minute: CALLS_A_MINUTE });
      await system.simulator.forgetCalls();
      const arrivals = traffic(TRAFFIC_SECONDS[size]);
      const written = await write(system, arrivals);
      const calls = await untilAnswered(system, arrivals);
      const waits = waitsOf(arrivals, written, calls);
      mkdirSync(dirname(PICTURES[size]), { recursive: true });
      writeFileSync(PICTURES[size], drawFairness(waits, TIMES_BUSIER));
      return report(waits, calls, TRAFFIC_SECONDS[size]);
    } finally {
      await system.stop();
    }
  },
};

/** Who writes when: evenly spread, each customer once. */
function traffic(seconds: number): Arrival[] {
  const at = (location: Arrival['location'], every: number, first: number) =>
    Array.from({ length: Math.ceil((seconds - first) / every) }, (_, n) => ({
      location,
      after: first + n * every,
    }));
  const quietOnes = quiet.flatMap((location, n) =>
    at(location, QUIET_EVERY_SECONDS, (n * QUIET_EVERY_SECONDS) / quiet.length),
  );
  const all = [...at(busy!, QUIET_EVERY_SECONDS / TIMES_BUSIER, 0), ...quietOnes];
  return all
    .sort((one, other) => one.after - other.after)
    .map((arrival, n) => ({ ...arrival, phone: examplePhone(n) }));
}

/** @returns when each customer's message was posted, by phone */
async function write(system: System, arrivals: Arrival[]): Promise<Map<string, number>> {
  const written = new Map<string, number>();
  const from = now();
  const posts: Promise<void>[] = [];
  for (const { location, phone, after } of arrivals) {
    await sleep(Math.max(from + after * 1000 - now(), 0));
    written.set(phone, now());
    posts.push(
      system.post(webchatEvent({ phone, locationUid: location.uid })).then(({ status }) => {
        if (status !== 200) throw new Error(`A webhook was answered ${status}.`);
      }),
    );
  }
  await Promise.all(posts);
  return written;
}

async function untilAnswered(system: System, arrivals: Arrival[]): Promise<Calls> {
  for (;;) {
    const calls = await system.simulator.calls();
    if (answersIn(calls).size >= arrivals.length) return calls;
    await sleep(LOOK_EVERY_MS);
  }
}

/** When each customer was first answered, by phone. */
function answersIn(calls: Calls): Map<string, number> {
  const answers = new Map<string, number>();
  for (const { method, path, status, body, at } of calls) {
    if (method !== 'POST' || path !== '/v4/messages' || status !== 200) continue;
    const { identifier } = (body as { channel: { identifier: string } }).channel;
    if (!answers.has(identifier)) answers.set(identifier, at);
  }
  return answers;
}

function waitsOf(arrivals: Arrival[], written: Map<string, number>, calls: Calls): Waits[] {
  const answers = answersIn(calls);
  return [busy!, ...quiet].map(({ uid, name }) => ({
    location: name,
    seconds: arrivals
      .filter(({ location }) => location.uid === uid)
      .map(({ phone }) => (answers.get(phone)! - written.get(phone)!) / 1000),
  }));
}

/** The most calls that came to Podium within any 60 s. */
function mostInAMinute(calls: Calls): number {
  const times = calls.map(({ at }) => at).sort((one, other) => one - other);
  let first = 0;
  return Math.max(
    ...times.map((at, n) => {
      while (times[first]! <= at - MINUTE_MS) first += 1;
      return n - first + 1;
    }),
  );
}

function report(waits: Waits[], calls: Calls, seconds: number): Findings {
  const limited = calls.filter(({ path }) => path.startsWith('/v4/'));
  const refused = limited.filter(({ status }) => status === 429).length;
  const slowestQuiet = Math.max(...waits.slice(1).map((each) => percentile(each.seconds, 1)));
  return {
    table: waits.map((each) => ({
      location: each.location,
      chats: each.seconds.length,
      'p50 s': median(each.seconds),
      'p90 s': percentile(each.seconds, 0.9),
      'max s': percentile(each.seconds, 1),
    })),
    aims: [
      atMost(10, 's that any customer of a quiet location waited for the answer', slowestQuiet),
      atMost(CALLS_A_MINUTE, 'calls to Podium in any 60 s', mostInAMinute(limited)),
      atMost(0, 'calls that Podium refused for its limit', refused),
    ],
    notes: [
      `Customers wrote for ${seconds} s: one every ${QUIET_EVERY_SECONDS} s to each quiet location, ${TIMES_BUSIER} times as many to the busy one. ` +
        `A new customer takes three calls, one after the other (find the contact, create it, send), of which ${CALLS_A_MINUTE} a minute are allowed, and nine tenths of these to the queue: half of what was asked for.`,
      'The simulator enforces the limit, too. A contact that cannot be had within 20 s holds up the answer no longer.',
    ],
  };
}
