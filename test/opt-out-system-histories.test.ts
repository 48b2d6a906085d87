/**
 * After an opt-out has committed no send begins, through the whole system and by everything that can send: what the
 * robot says in a chat, prompts, and files. Customers, operators and Podium's inbox do as they
 * please while calls fail and processes are killed; what is recorded is checked afterwards.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Child } from '../embedded/child';
import { recordOptOut } from '../store/opt-outs';
import { contentOf } from './support/file-contents';
import { arrivalsAmong, tell } from './support/opt-out-arrivals';
import { ON_THE_WIRE_MS, violations, type Attempt, type History, type Wish } from './support/opt-out-history';
import { customerOf, PHONES } from './support/opt-out-operations';
import { publishedEvent } from './support/podium-events';
import { seeded } from './support/seeded';
import { BAYVIEW, NORTHSIDE, type SimulatedFault } from './support/simulator';
import { startSystem, type System } from './support/system';

/** Set it to the seed of a run that failed. What is done is the same then; how it meets is not. */
const seed = Number(process.env['HISTORY_SEED'] ?? randomInt(1e9));
const OPERATIONS = 400;
const LANES = 4;
const CUSTOMERS = 8;
/** Writes once, when no process is killed any more, and leaves the chat to its prompt. */
const SILENT = PHONES[CUSTOMERS]!;
/**
 * So many opt out in the second half only, and never opt in again. Podium's own opt-out is theirs alone: of the
 * others it might be an echo of ours, which an opt-in has overtaken, and then it does not count.
 */
const LEAVING = 3;
const LONGEST_PAUSE_MS = 300;
const PATIENCE_MS = 180_000;
/** A chat is handed over after one question, or over within 18 s, with a prompt before that. */
const FAST = {
  session: { idle_warn_seconds: 12, idle_close_seconds: 18, podium_expiry_seconds: 19 },
  intake: {
    questions: [
      { id: 'topic', kind: 'text', label: 'Topic', ask: 'What is it about?', ask_again: 'Pardon?' },
    ],
  },
};

jest.setTimeout(420_000);

const TROUBLES: Omit<SimulatedFault, 'path'>[] = [
  { delay_ms: 400 },
  { status: 500 },
  { status: 502, taken: true },
  { drop: 'before' },
  { drop: 'after' },
  { status: 429, headers: { 'retry-after': '1' } },
];

let system: System;
const wishes: Wish[] = [];
/** Wishes that Podium's webhook brings, by the events that do. */
const broughtBy = new Map<string, Wish>();
let kills = 0;

beforeAll(async () => {
  system = await startSystem({ servers: 2, workers: 2, settings: FAST });
  for (const phone of PHONES.slice(0, CUSTOMERS))
    await system.simulator.addContact({ phone, location_uids: [NORTHSIDE, BAYVIEW] });
});
afterAll(() => system?.stop());

const EVERYBODY = Array.from({ length: CUSTOMERS }, (_, customer) => customer);

/** Both ends of a time are on the safe side: what is less than a millisecond is cut off. */
function wish(customer: number, optedOut: boolean): Wish {
  const now = Date.now();
  const made = { customer: String(customer), optedOut, at: now, invoked: now, completed: null };
  wishes.push(made);
  return made;
}
const isDone = (made: Wish) => (made.completed = Date.now() + 1);

/** Draws one of several. */
type Draw = <T>(all: readonly T[]) => T;
type Doing = (customer: number, locationUid: string, draw: Draw) => Promise<unknown>;

const says = (bodies: string[], webchat: boolean): Doing => {
  return (customer, location_uid, draw) =>
    system.simulator.customerWrites({ phone: PHONES[customer]!, location_uid, body: draw(bodies), webchat });
};

const saysStop =
  (webchat: boolean): Doing =>
  async (customer, location_uid) => {
    const stop = { phone: PHONES[customer]!, location_uid, body: 'STOP', webchat };
    const made = wish(customer, true);
    const { event_uid } = await system.simulator.customerWrites(stop);
    broughtBy.set(event_uid, made);
  };

const saysStart: Doing = async (customer, location_uid) => {
  if (customer < LEAVING) return;
  const made = wish(customer, false);
  const start = { phone: PHONES[customer]!, location_uid, body: 'START', webchat: false };
  await system.simulator.customerWrites({ ...start, at: new Date(made.at).toISOString() });
};

/** As Podium posts it, so that the time of the answer is known to the instant. */
const postsStop: Doing = async (customer, locationUid, draw) => {
  const made = wish(customer, true);
  const stop = publishedEvent({
    phone: PHONES[customer]!,
    body: 'Stop.',
    locationUid,
    at: new Date(made.at),
  });
  const answer = await system.post(stop, 'published', draw([0, 1])).catch(() => null); // its server may be dead
  if (answer?.status === 200) isDone(made);
};

const operatorRecords =
  (optedOut: boolean): Doing =>
  async (customer) => {
    if (customer < LEAVING && !optedOut) return;
    const made = wish(customer, optedOut);
    const phone = PHONES[customer]!;
    await recordOptOut(system.pool, {
      ...{ phone, phoneHash: 'of a test', source: 'operator', actor: 'kim', rule: null },
      ...{ wish: optedOut ? 'opt_out' : 'opt_in', locationUid: null, messageUid: null },
      at: new Date(made.at),
    });
    isDone(made);
  };

const inPodiumsInbox: Doing = async (customer) => {
  if (customer >= LEAVING) return;
  wish(customer, true);
  await system.simulator.setOptOut(PHONES[customer]!, true);
};

const signals =
  (name: 'optOut' | 'forceClose'): Doing =>
  async (customer, locationUid) => {
    if (name === 'optOut') wish(customer, true);
    const session = system.client.workflow.getHandle(system.workflowId(PHONES[customer]!, locationUid));
    await session.signal(name, { actor: 'kim', reason: 'a test' }).catch(() => undefined); // where none is open
  };

const sendsFile: Doing = async (customer, locationUid, draw) => {
  const form = new FormData();
  const fields = { phone: PHONES[customer]!, location_uid: locationUid, body: 'Our offer.' };
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set('file', new Blob([contentOf('pdf', 2_000)], { type: 'application/pdf' }), 'offer.pdf');
  const headers = { authorization: `Bearer ${system.keys.opsToken}` };
  const url = `${draw(system.serverUrls)}/ops/messages/attachment`;
  await fetch(url, { method: 'POST', headers, body: form }).catch(() => null); // its server may be dead
};

const spoilsACall: Doing = (_, __, draw) =>
  system.simulator.fault({ method: 'POST', path: '^/v4/messages', ...draw(TROUBLES) });

/** One after the other of the same process; meanwhile the others go on. */
const restarts = new Map<Child, Promise<void>>();
const killsOne: Doing = async (_, __, draw) => {
  const part = draw([...system.servers, ...system.workers]);
  const restart = async () => {
    await part.kill();
    kills += 1;
    await part.start();
  };
  restarts.set(part, (restarts.get(part) ?? Promise.resolve()).then(restart));
};

const chats = says(['Hello', 'Sales', 'A test drive on Friday', 'Are you open?'], true);

const OPT_OUTS: [number, Doing][] = [
  [1, saysStop(true)],
  [2, saysStop(false)],
  [2, postsStop],
  [1, operatorRecords(true)],
  [1, inPodiumsInbox],
  [1, signals('optOut')],
];
/** Of a hundred operations. */
const MIX: [number, Doing][] = [
  ...OPT_OUTS,
  [8, operatorRecords(false)],
  [7, saysStart],
  [48, chats],
  [4, says(['Is it still there?'], false)],
  [2, signals('forceClose')],
  [18, sendsFile],
  [4, spoilsACall],
  [1, killsOne],
];

/** The n-th operation, whoever does it and when. */
async function operation(n: number): Promise<void> {
  const random = seeded(seed + n);
  const draw: Draw = (all) => all[Math.floor(random() * all.length)]!;
  const customer = draw(EVERYBODY);
  let lot = random() * 100;
  const [, drawn] = MIX.find(([share]) => (lot -= share) < 0)!;
  const isTooEarly =
    customer < LEAVING && n < OPERATIONS / 2 && OPT_OUTS.some(([, doing]) => doing === drawn);
  await (isTooEarly ? chats : drawn)(customer, draw([NORTHSIDE, BAYVIEW]), draw);
  await pause(random() * LONGEST_PAUSE_MS);
}

async function lane(first: number): Promise<void> {
  for (let n = first; n < OPERATIONS; n += LANES) await operation(n);
}

test(`${OPERATIONS} operations: no attempt begins after an opt-out (seed ${seed})`, async () => {
  for (const phone of PHONES.slice(0, CUSTOMERS))
    await system.simulator.customerWrites({ phone, location_uid: NORTHSIDE, body: 'Hello' });
  await Promise.all(PHONES.slice(0, CUSTOMERS).map((phone) => system.hears(1, phone)));
  await Promise.all(Array.from({ length: LANES }, (_, first) => lane(first)));
  await Promise.all(restarts.values());
  await system.simulator.clearFaults();
  await system.simulator.customerWrites({ phone: SILENT, location_uid: NORTHSIDE, body: 'Hello' });
  await system.hears(1, SILENT);
  await system.eventually('all chats to be over', noneOpen, PATIENCE_MS);

  await hearOfDeliveries();
  // In this order: what has arrived until now had begun by then.
  const arrivals = arrivalsAmong(await system.simulator.calls());
  const history: History = { wishes, attempts: await attempts(), arrivals };
  const { blocked, purposes } = await sends();
  tell('opt-outs through the whole system', history, { seed, blocked, kills });
  expect(violations(history)).toEqual([]);
  expect(purposes).toEqual(expect.arrayContaining(['greeting', 'prompt', 'file']));
  expect(blocked).toBeGreaterThan(0);
});

async function noneOpen(): Promise<boolean> {
  const { rows } = await system.pool.query(`select from sessions where status <> 'closed' limit 1`);
  return rows.length === 0;
}

/** An opt-out has committed when the event that brought it is answered 200. */
async function hearOfDeliveries(): Promise<void> {
  for (const { event_uid, attempts } of await system.simulator.deliveries()) {
    const heard = attempts.find(({ status }) => status === 200);
    const brought = broughtBy.get(event_uid);
    if (heard && brought) brought.completed = heard.at + heard.ms + 1;
  }
}

/** The door's transaction had begun at the time of its audit entry, and was over when what became of the attempt was written. */
async function attempts(): Promise<Attempt[]> {
  const { rows } = await system.pool.query<{ phone: string; after: number; before: number | null }>(
    `select sends.phone_e164 as phone, extract(epoch from begun.at)::float8 * 1000 as after,
            (select min(extract(epoch from later.at))::float8 * 1000 from audit_entries later
              where later.details->>'send' = begun.details->>'send'
                and later.kind in ('send_sent', 'send_not_sent', 'send_outcome_unknown', 'send_refused')
                and later.details->>'attempt' = begun.details->>'attempt') as before
       from audit_entries begun join sends on sends.id::text = begun.details->>'send'
      where begun.kind = 'send_intended'`,
  );
  return rows.map(({ phone, after, before }) => ({
    customer: customerOf(phone),
    after,
    before: before ?? after + ON_THE_WIRE_MS,
  }));
}

async function sends() {
  const { rows } = await system.pool.query<{ blocked: number; purposes: string[] }>(
    `select count(*) filter (where status = 'blocked')::int as blocked,
            array_agg(distinct purpose) filter (where attempts > 0) as purposes from sends`,
  );
  return rows[0]!;
}
