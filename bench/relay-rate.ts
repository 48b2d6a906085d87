/**
 * (c) How fast the relay hands waiting sessions to Temporal, against bare `signalWithStart` calls with the
 * same input and as many at a time. The server is stopped in its tracks while the inbox is filled, so that
 * it finds everything at once; no worker runs, so that nothing but the signalling is at work.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { phoneHash, sessionWorkflowId } from '../core/ids';
import { receive, type ReceivedEvent } from '../store/inbox';
import type { ReceiveContext } from '../store/receive-context';
import { received } from '../test/support/received';
import { customer } from './customers';
import { atLeast, type Findings, type Part } from './report';
import { firstMessage, signalSession } from './session-signal';
import { severalAtOnce } from './several-at-once';
import { median, percentile } from './statistics';
import { startMeasuredSystem, type System } from './system';

const SIZES = {
  full: { sessions: 1_000, repeats: 5 },
  quick: { sessions: 50, repeats: 1 },
};
/** As the relay has it. */
const CONCURRENCY = 32;
const BATCH = 200;
/** Seldom, so that looking takes nothing from what is looked at. */
const LOOK_EVERY_MS = 250;

interface Rates {
  bare: number;
  relay: number;
}

export const relayRate: Part = {
  letter: 'c',
  title: 'New sessions handed to Temporal',
  async measure(size) {
    const { sessions, repeats } = SIZES[size];
    const system = await startMeasuredSystem({ workers: 0 });
    let next = 0;
    const someCustomers = () => Array.from({ length: sessions }, () => next++);
    const measureBoth = async (): Promise<Rates> => ({
      bare: await signalDirectly(system, someCustomers()),
      relay: await signalByRelay(system, someCustomers()),
    });
    try {
      await measureBoth(); // all are warm when it counts
      const rates: Rates[] = [];
      while (rates.length < repeats) rates.push(await measureBoth());
      return report(rates);
    } finally {
      await system.stop();
    }
  },
};

async function signalDirectly({ client }: System, numbers: number[]): Promise<number> {
  const doneAt: number[] = [];
  await severalAtOnce(CONCURRENCY, numbers, async (n) => {
    await signalSession(client, `bare:${randomUUID()}`, customer(n), firstMessage());
    doneAt.push(Date.now());
  });
  return rateOf(doneAt);
}

async function signalByRelay(system: System, numbers: number[]): Promise<number> {
  const { pool } = system;
  const server = system.servers[0]!.pid!;
  process.kill(server, 'SIGSTOP');
  try {
    await fillInbox(system, numbers);
  } finally {
    process.kill(server, 'SIGCONT');
  }
  const isSomeDue = 'select from sessions where relay_due_at is not null limit 1';
  while ((await pool.query(isSomeDue)).rowCount! > 0) await sleep(LOOK_EVERY_MS);
  const { rows } = await pool.query<{ at: Date }>('select delivered_at as at from inbox_events');
  await pool.query('truncate sessions, inbox_events');
  return rateOf(rows.map(({ at }) => at.getTime()));
}

async function fillInbox({ pool, keys }: System, numbers: number[]): Promise<void> {
  const context: ReceiveContext = {
    workflowId: (phone, locationUid) => sessionWorkflowId(phone, locationUid, keys.idKey),
    startOn: 'webchat',
    answersWaitDays: 30,
    replyWithinSeconds: 1800,
    auditHash: (phone) => phoneHash(phone, keys.idKey),
    files: { maxBytes: 0, encryptionKeys: [], publicUrl: null, linkSeconds: 1, forwards: false }, // none come
    texts: { help: () => '', confirmation: null },
  };
  const events = numbers.map(firstEvent);
  for (let from = 0; from < events.length; from += BATCH) {
    await receive(pool, events.slice(from, from + BATCH), context);
  }
}

/** What the receiver hands to the store. */
function firstEvent(n: number): ReceivedEvent {
  const { phone, locationUid } = customer(n);
  const { text, conversationUid, name } = firstMessage();
  return received(
    { phone, locationUid, text, conversationUid, name },
    { kind: 'customer_message', phone, locationUid, optOut: null, said: null },
  );
}

/** How many a second between the first and the last that were done. */
function rateOf(doneAt: number[]): number {
  const seconds = (Math.max(...doneAt) - Math.min(...doneAt)) / 1000;
  return (doneAt.length - 1) / seconds;
}

function report(rates: Rates[]): Findings {
  const all = { bare: rates.map(({ bare }) => bare), relay: rates.map(({ relay }) => relay) };
  const ratio = median(rates.map(({ bare, relay }) => relay / bare));
  const row = (what: string, values: number[]) => ({
    what,
    'a second': median(values),
    lowest: percentile(values, 0),
    highest: percentile(values, 1),
  });
  return {
    table: [row(`bare signalWithStart, ${CONCURRENCY} at a time`, all.bare), row('the relay', all.relay)],
    aims: [atLeast(0.9, "the relay's rate, of the bare calls'", ratio)],
    notes: [
      'Both start a workflow of the product with the same encrypted input. The relay, besides, leases sessions, numbers their messages and notes what was delivered, in Postgres.',
    ],
  };
}
