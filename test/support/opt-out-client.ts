/**
 * A process with a few clients that send, opt out and opt in, by the product's own ways: the guarded send with its
 * door and its Podium client, the receiving transaction, the ledger. It keeps a record, and dies when the plan says so.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/activity';
import type { TextOutcome } from '../../activities/sendable';
import type { Sendable } from '../../activities/sendable';
import { createPool } from '../../store/database';
import { receive, type ReceivedEvent } from '../../store/inbox';
import { recordOptOut } from '../../store/opt-outs';
import {
  PHONES,
  planned,
  type Operation,
  type OptInWay,
  type OptOutWay,
  type Send,
  type WishOperation,
} from './opt-out-operations';
import { contactChange, context, NORTHSIDE, received, testHash } from './received';
import { monotonicMs, openRecord, readRecord } from './record';
import { SimulatorHandle } from './simulator';
import { watchedSends } from './watched-sends';

/** What the test tells a process, as JSON in `OPT_OUT_CLIENT`. */
export interface ClientOptions {
  seed: number;
  operations: number;
  /** Which of the processes it is, and of how many. */
  part: number;
  parts: number;
  databaseUrl: string;
  simulatorUrl: string;
  record: string;
}

/** Of the record. `n` is the operation, customers are numbers, and times are `monotonicMs` but where it says otherwise. */
export type Line =
  | {
      kind: 'send';
      at: number;
      n: number;
      client: number;
      /** The operation that wanted it first. */
      of: number;
    }
  | {
      kind: 'wish';
      at: number;
      n: number;
      client: number;
      customer: number;
      optedOut: boolean;
      /** Ms since 1970. */
      podiumAt: number;
    }
  | { kind: 'passed'; n: number; customer: number; after: number; before: number }
  | { kind: 'ended'; at: number; n: number; outcome: TextOutcome['status'] | 'recorded' | 'failed' }
  | { kind: 'dies' | 'done'; at: number };

const CLIENTS = 6;
const FILE = Buffer.from('%PDF-1.4 an offer');
/** While Podium has paused all sends. */
const PAUSE_MS = 250;

const { seed, operations, part, parts, databaseUrl, simulatorUrl, record } = JSON.parse(
  process.env['OPT_OUT_CLIENT']!,
) as ClientOptions;
const plan = planned(seed, operations);
const pool = createPool(databaseUrl);
const attempt = watchedSends(pool, simulatorUrl);
const simulator = new SimulatorHandle(simulatorUrl);
const earlier = readRecord<Line>(record);
const write = openRecord<Line>(record);

/** A client does one thing after the other. After a death it goes on where its record ends. */
async function run(client: number): Promise<void> {
  const { last, unfinished } = soFar(client);
  for (const operation of plan) {
    const { n, dies } = operation;
    if (n % (parts * CLIENTS) !== client || n <= last) continue;
    if (dies !== null) setTimeout(die, dies);
    if (operation.kind !== 'send') {
      await wish(operation, client);
      continue;
    }
    const of = (operation.again ? unfinished.shift() : undefined) ?? n;
    if ((await send(operation, of, client)) === 'failed') unfinished.push(of);
  }
}

/** The last thing that a client began, and its sends that have not come to their end. */
function soFar(client: number): { last: number; unfinished: number[] } {
  const ended = new Map(earlier.flatMap((line) => (line.kind === 'ended' ? [[line.n, line.outcome]] : [])));
  const unfinished = new Set<number>();
  let last = -1;
  for (const line of earlier) {
    if (!('client' in line) || line.client !== client) continue;
    last = line.n;
    if (line.kind !== 'send') continue;
    unfinished.delete(line.of);
    if ((ended.get(line.n) ?? 'failed') === 'failed') unfinished.add(line.of);
  }
  return { last, unfinished: [...unfinished] };
}

async function send({ n, trouble }: Operation & Send, of: number, client: number): Promise<string> {
  const wanted = plan[of] as Operation & Send;
  const { customer } = wanted;
  write({ kind: 'send', at: monotonicMs(), n, client, of });
  if (trouble) await simulator.fault({ method: 'POST', path: '^/v4/messages', ...trouble });
  const outcome = await attempt(sendable(wanted), (door) =>
    write({ kind: 'passed', n, customer, ...door }),
  ).then(({ status }) => status, failed);
  write({ kind: 'ended', at: monotonicMs(), n, outcome });
  return outcome;
}

/** To be tried again. */
async function failed(error: unknown): Promise<'failed'> {
  if (error instanceof ApplicationFailure && error.type === 'throttled') await pause(PAUSE_MS);
  return 'failed';
}

function sendable({ n, customer, channel, locationUid }: Operation & Send): Sendable {
  const hex = createHash('sha256').update(`${seed} ${n}`).digest('hex');
  return {
    sendId: hex.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    ...{ phone: PHONES[customer]!, locationUid, conversationUid: null, workflowId: null },
    ...{ purpose: channel === 'file' ? 'file' : 'question', body: `Text ${n}` },
    ...(channel === 'file' && { file: offer() }),
  };
}

const offer = () => ({
  ...{ name: 'offer.pdf', contentType: 'application/pdf', size: FILE.length },
  open: () => Readable.from([FILE]),
});

async function wish(operation: Operation & WishOperation, client: number): Promise<void> {
  const { n, customer, kind, late } = operation;
  const at = new Date(Date.now() - late);
  const optedOut = kind === 'opt_out';
  write({ kind: 'wish', at: monotonicMs(), n, client, customer, optedOut, podiumAt: at.getTime() });
  const outcome = await (
    operation.kind === 'opt_out'
      ? OPT_OUTS[operation.way](customer, at)
      : OPT_INS[operation.way](customer, at)
  ).then(
    () => 'recorded' as const,
    () => 'failed' as const,
  );
  write({ kind: 'ended', at: monotonicMs(), n, outcome });
}

type Wish = 'opt_out' | 'ask' | 'opt_in';
type Way = (customer: number, at: Date) => Promise<unknown>;

const OPT_OUTS: Record<OptOutWay, Way> = {
  text: (customer, at) => receiveOne(says(customer, at, 'opt_out')),
  webchat: (customer, at) => receiveOne(says(customer, at, 'opt_out', true)),
  other_words: (customer, at) => receiveOne(says(customer, at, 'ask')),
  podium: (customer, at) => receiveOne(contactUpdated(customer, at, true)),
  operator: (customer, at) => recorded(customer, at, true, 'operator'),
  api: (customer, at) => recorded(customer, at, true, 'api'),
};

const OPT_INS: Record<OptInWay, Way> = {
  text: (customer, at) => receiveOne(says(customer, at, 'opt_in')),
  podium: (customer, at) => receiveOne(contactUpdated(customer, at, false)),
  operator: (customer, at) => recorded(customer, at, false, 'operator'),
  api: (customer, at) => recorded(customer, at, false, 'api'),
};

const receiveOne = (event: ReceivedEvent) => receive(pool, [event], context);

function says(customer: number, at: Date, wish: Wish, webchat = false): ReceivedEvent {
  const phone = PHONES[customer]!;
  return received(
    { phone, webchat, at },
    {
      ...{ kind: 'customer_message', phone, locationUid: NORTHSIDE },
      optOut: wish === 'opt_out' ? { rule: 'keyword' } : null,
      said: wish === 'opt_out' ? null : { wish, rule: 'a rule', mayAnswer: false },
    },
  );
}

function contactUpdated(customer: number, at: Date, optedOut: boolean): ReceivedEvent {
  const phone = PHONES[customer]!;
  return received(
    { kind: 'contact_changed', eventType: 'contact.updated', messageUid: null, webchat: false, at },
    {
      kind: 'contact_changed',
      change: contactChange({ uid: `contact ${customer}`, phones: [phone] }),
      optOuts: optedOut ? [{ phone, at }] : [],
      cleared: optedOut ? [] : [{ phone, at, shown: true }],
    },
  );
}

function recorded(customer: number, at: Date, optedOut: boolean, source: 'operator' | 'api') {
  const phone = PHONES[customer]!;
  return recordOptOut(pool, {
    ...{ phone, phoneHash: testHash(phone), source, actor: 'kim', rule: null },
    ...{ wish: optedOut ? 'opt_out' : 'opt_in', locationUid: null, messageUid: null, at },
  });
}

function die(): void {
  write({ kind: 'dies', at: monotonicMs() });
  process.kill(process.pid, 'SIGKILL');
}

async function main(): Promise<void> {
  process.stdin.resume().on('close', () => process.exit(1)); // the test is gone
  process.stdout.write('{"event":"ready"}\n');
  const clients = Array.from({ length: CLIENTS }, (_, client) => part * CLIENTS + client);
  await Promise.all(clients.map(run));
  await pool.end();
  write({ kind: 'done', at: monotonicMs() });
  process.exit(0);
}

void main();
