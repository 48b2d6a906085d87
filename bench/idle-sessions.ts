/**
 * (d) Many sessions that fall due in the same ten seconds: how late their prompts and closes are, and what
 * memory a session costs while it is idle. The sessions are real ones, greeted and asked their first question.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { customer } from './customers';
import { residentBytes } from './memory';
import type { Findings, Part, Row } from './report';
import { closesAtPodium, momentsOf, type Moments } from './session-moments';
import { severalAtOnce } from './several-at-once';
import { percentile } from './statistics';
import { startMeasuredSystem, type System } from './system';

/** Seconds; `warn` leaves time to get all sessions going before the first one is due. */
const SIZES = {
  full: { sessions: 2_000, warn: 300, close: 420 },
  quick: { sessions: 20, warn: 40, close: 55 },
};
/** The messages of all sessions were written within this time. */
const SPREAD_MS = 10_000;
/** The share of the sessions that are idle when memory is first looked at: by then all is warm. */
const FIRST_LOOK = 0.2;
/** Memory is looked at when garbage has had time to be collected. */
const SETTLE_MS = 5_000;
const LOOK_EVERY_MS = 500;
/** Customers that write at the same time. */
const WRITERS = 8;

interface Memory {
  worker: number;
  temporal: number;
}

export const idleSessions: Part = {
  letter: 'd',
  title: 'Idle sessions that fall due within ten seconds',
  async measure(size) {
    const { sessions, warn, close } = SIZES[size];
    const session = {
      idle_warn_seconds: warn,
      idle_close_seconds: close,
      podium_expiry_seconds: close + 60,
    };
    const system = await startMeasuredSystem({ settings: { session } });
    try {
      const writtenFrom = Date.now() - SPREAD_MS;
      const writtenAt = (n: number) => new Date(writtenFrom + (n / sessions) * SPREAD_MS);
      const few = Math.floor(sessions * FIRST_LOOK);
      await begin(system, 0, few, writtenAt);
      const before = await memory(system);
      await begin(system, few, sessions, writtenAt);
      const after = await memory(system);
      if (Date.now() > writtenFrom + warn * 1000) {
        throw new Error(
          'The first sessions fell due before all had begun: this machine is too slow, or busy.',
        );
      }
      await allAreClosed(system, sessions);
      const moments = await momentsOf(system);
      return report(
        moments,
        { warn: warn * 1000, close: close * 1000 },
        perSession(before, after, sessions - few),
      );
    } finally {
      await system.stop();
    }
  },
};

/** Customers write, and all of them are greeted. */
async function begin(
  system: System,
  from: number,
  to: number,
  writtenAt: (n: number) => Date,
): Promise<void> {
  const waiting = Array.from({ length: to - from }, (_, i) => from + i);
  await severalAtOnce(WRITERS, waiting, async (n) => {
    const { phone, locationUid: location_uid } = customer(n);
    const at = writtenAt(n).toISOString();
    await system.simulator.customerWrites({ phone, location_uid, body: 'Hello', at });
  });
  await untilThereAre(system, to, `select from sends where status = 'sent'`);
  await sleep(SETTLE_MS);
}

async function allAreClosed(system: System, sessions: number): Promise<void> {
  await untilThereAre(system, sessions, `select from sessions where status = 'closed'`);
  await untilThereAre(system, sessions, `select from agent_notes where posted_at is not null`);
  while (closesAtPodium(await system.simulator.calls()).size < sessions) await sleep(4 * LOOK_EVERY_MS);
}

async function untilThereAre({ pool }: System, count: number, select: string): Promise<void> {
  while ((await pool.query(select)).rowCount! < count) await sleep(LOOK_EVERY_MS);
}

async function memory(system: System): Promise<Memory> {
  return {
    worker: await residentBytes(system.workers[0]!.pid!),
    temporal: await residentBytes(await system.temporalPid()),
  };
}

function perSession(before: Memory, after: Memory, sessions: number): Memory {
  return {
    worker: (after.worker - before.worker) / sessions,
    temporal: (after.temporal - before.temporal) / sessions,
  };
}

function report(moments: Moments[], due: { warn: number; close: number }, cost: Memory): Findings {
  const lateness = (what: string, moment: keyof Moments, after: number): Row => {
    const seconds = moments
      .map((session) => (session[moment] - session.idleSince - after) / 1000)
      .filter((value) => !Number.isNaN(value));
    return {
      what,
      sessions: seconds.length,
      'late p50 s': percentile(seconds, 0.5),
      'late p99 s': percentile(seconds, 0.99),
      'late max s': percentile(seconds, 1),
    };
  };
  const kilobytes = (bytes: number) => `${Math.round(bytes / 1024)} KiB`;
  return {
    table: [
      lateness('prompt decided by the workflow', 'promptDecided', due.warn),
      lateness("prompt's call at Podium", 'promptAtPodium', due.warn),
      lateness('close persisted', 'closed', due.close),
      lateness("conversation's close at Podium", 'closedAtPodium', due.close),
    ],
    aims: [],
    notes: [
      `Memory of an idle session: ${kilobytes(cost.worker)} in the worker, ${kilobytes(cost.temporal)} in Temporal's dev server (resident memory, the growth while the last four fifths of the sessions began). ` +
        'A worker that has no room for a session forgets it, and reads its history when it goes on.',
      "Podium's limit of 300 calls a minute is lifted here. With it, 2,000 prompts take 7.4 minutes to leave, whatever the product does: what is decided in time waits in the queue, answers to customers overtake it, and a prompt that the close has made pointless never leaves.",
      'Lateness is the time that this machine needs for the work of all sessions due, engine included. The note and the close at Podium are a workflow of their own, which the relay finds within a second.',
    ],
  };
}
