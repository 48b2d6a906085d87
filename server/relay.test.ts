import { Client, Connection } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import pino from 'pino';
import { OPT_OUT_SIGNAL, SESSION_QUEUE, type SessionMessage, type SessionPolicy } from '../core/session';
import { claimSessions } from '../store/relay';
import { receive, type ReceivedEvent } from '../store/inbox';
import { wantWorkflows } from '../store/workflow-starts';
import { eventually } from '../test/support/eventually';
import { laterLine } from '../test/support/later-line';
import { devServer } from '../test/support/session-rig';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { BAYVIEW, context, customerMessage, NORTHSIDE, workflowIdOf } from '../test/support/received';
import { createMetrics } from './metrics';
import { Nudge } from './nudge';
import { Relay } from './relay';

/** More than Temporal takes in a payload, and than the receiver would let in. */
const REFUSED_BYTES = 3_000_000;
const POLICY = { idleWarnSeconds: 1200 } as SessionPolicy;

let environment: TestWorkflowEnvironment;
let database: TestDatabase;
const relays: Relay[] = [];

beforeAll(async () => {
  [environment, database] = await Promise.all([devServer([]), createTestDatabase()]);
});
beforeEach(() =>
  database.pool.query('truncate inbox_events, sessions, workflow_starts, opt_outs, agent_notes'),
);
afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.stop()));
});
afterAll(async () => {
  await environment.teardown();
  await database.drop();
});

/** A call that is given up for its time is made again, and its signal may come twice. A busy machine is no reason for it. */
function patientClient(): Client {
  const withDeadline: Client['withDeadline'] = (deadline, work) =>
    environment.client.withDeadline(Number(deadline) + 60_000, work);
  return Object.assign(Object.create(environment.client) as Client, { withDeadline });
}

function startRelay(client: Client = patientClient()): Relay {
  const relay = new Relay({
    pool: database.pool,
    client,
    findLocation: (uid) => ({ uid, name: 'Northside Motors', country: 'AU', archived: false }),
    policyOf: () => POLICY,
    metrics: createMetrics(),
    logger: pino({ level: 'silent' }),
  });
  relay.start();
  relays.push(relay);
  return relay;
}

/** Every test has phones of its own, since Temporal's server serves them all. */
let lastPhone = 61412000000;
const newPhone = () => `+${++lastPhone}`;

const take = (...batch: ReceivedEvent[]) => receive(database.pool, batch, context);
const texts = (phone: string, ...said: string[]) => said.map((text) => customerMessage({ phone, text }));

/** The arguments of each signal in the session's history, in order. */
async function signalsOf(phone: string, name = 'message', locationUid = NORTHSIDE) {
  const handle = environment.client.workflow.getHandle(workflowIdOf(phone, locationUid));
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) =>
    signal?.signalName === name
      ? [defaultPayloadConverter.fromPayload<SessionMessage[]>(signal.input!.payloads![0]!)]
      : [],
  );
}

async function count(where: string): Promise<number> {
  const { rows } = await database.pool.query(`select count(*) from ${where}`);
  return rows[0].count as number;
}
const nothingPending = () =>
  eventually(
    'nothing to be pending',
    async () => (await count("inbox_events where status = 'pending'")) === 0,
  );
const nothingDue = () =>
  eventually('nothing to be due', async () => (await count('sessions where relay_due_at is not null')) === 0);

it('hands over all that waits for a session in one signal, numbered in order of receipt', async () => {
  const phone = newPhone();
  await take(...texts(phone, 'one', 'two', 'three'));
  startRelay();
  await nothingPending();
  const signals = await signalsOf(phone);
  expect(signals).toHaveLength(1);
  expect(signals[0]!.map(({ number, text }) => [number, text])).toEqual([
    [1, 'one'],
    [2, 'two'],
    [3, 'three'],
  ]);
});

it('starts the workflow with what the settings say about the location', async () => {
  const phone = newPhone();
  await take(...texts(phone, 'hello'));
  startRelay();
  await nothingPending();
  const handle = environment.client.workflow.getHandle(workflowIdOf(phone, NORTHSIDE));
  const { events } = await handle.fetchHistory();
  const started = events![0]!.workflowExecutionStartedEventAttributes!;
  expect(started.taskQueue!.name).toBe(SESSION_QUEUE);
  expect(defaultPayloadConverter.fromPayload(started.input!.payloads![0]!)).toEqual({
    phone,
    locationUid: NORTHSIDE,
    locationName: 'Northside Motors',
    policy: POLICY,
  });
});

it('goes at once when it is woken', async () => {
  const { sleep } = Nudge.prototype;
  const sleeping = jest.spyOn(Nudge.prototype, 'sleep').mockImplementation(function (this: Nudge) {
    return sleep.call(this, 3_600_000); // it does not look by itself
  });
  try {
    const relay = startRelay();
    await eventually('the relay to sleep', () => sleeping.mock.calls.length > 0);
    await take(...texts(newPhone(), 'hello'));
    relay.wake();
    await nothingPending();
  } finally {
    sleeping.mockRestore();
  }
});

it('finds by itself what it was not told of', async () => {
  startRelay();
  await nothingDue();
  await take(...texts(newPhone(), 'from another server'));
  await nothingPending();
});

it('keeps the order within each of 50 sessions, and does nothing twice, with two relays', async () => {
  const phones = Array.from({ length: 50 }, newPhone);
  const [one, two] = [startRelay(), startRelay()];
  for (let round = 1; round <= 6; round++) {
    await take(...phones.flatMap((phone) => texts(phone, `${round}a`, `${round}b`)));
    one.wake();
    two.wake();
  }
  await nothingPending();
  const expected = [1, 2, 3, 4, 5, 6].flatMap((round) => [`${round}a`, `${round}b`]);
  for (const phone of phones) {
    const messages = (await signalsOf(phone)).flat();
    expect(messages.map(({ text }) => text)).toEqual(expected);
    expect(messages.map(({ number }) => number)).toEqual(expected.map((_, at) => at + 1));
  }
});

it('takes over what a relay that died had claimed, under the same numbers', async () => {
  const phone = newPhone();
  await take(...texts(phone, 'one', 'two'));
  const [claim] = await claimSessions(database.pool, 1, 300);
  startRelay();
  await nothingPending();
  expect((await signalsOf(phone)).flat()).toEqual(claim!.messages);
});

it('waits while Temporal is away, and hands over all of it in order when it is back', async () => {
  const { url, open, close } = await laterLine(`http://${environment.address}`);
  const connection = Connection.lazy({
    address: new URL(url).host,
    channelArgs: { 'grpc.max_reconnect_backoff_ms': 100, 'grpc.initial_reconnect_backoff_ms': 100 },
  });
  const relay = startRelay(new Client({ connection }));
  const phone = newPhone();
  await take(...texts(phone, 'one'));
  relay.wake();
  await eventually(
    'a try',
    async () => (await count('sessions where last_number = 1 and relay_token is null')) === 1,
  );
  await take(...texts(phone, 'two'));
  relay.wake();
  expect(await count("inbox_events where status = 'pending'")).toBe(2);
  await open();
  await nothingPending();
  expect((await signalsOf(phone)).flat().map(({ text }) => text)).toEqual(['one', 'two']);
  await relay.stop();
  await connection.close();
  await close();
});

describe('an opt-out', () => {
  it('reaches the sessions of the phone at every location', async () => {
    const phone = newPhone();
    await take(...texts(phone, 'hello'), customerMessage({ phone, locationUid: BAYVIEW, text: 'hello' }));
    startRelay();
    await nothingDue();
    const at = new Date(Date.now() - 1000);
    await take(customerMessage({ phone, text: 'STOP', stop: true, at }));
    await nothingDue();
    for (const location of [NORTHSIDE, BAYVIEW]) {
      expect(await signalsOf(phone, OPT_OUT_SIGNAL, location)).toEqual([
        { actor: 'customer', reason: expect.any(String), at: at.getTime() },
      ]);
    }
  });

  it('starts nothing where no session runs', async () => {
    const phone = newPhone();
    await take(...texts(phone, 'hello'));
    await database.pool.query("update inbox_events set status = 'delivered'"); // by a workflow that is gone
    await take(customerMessage({ phone, text: 'STOP', stop: true }));
    startRelay();
    await nothingDue();
    await expect(signalsOf(phone)).rejects.toThrow('not found');
  });
});

it('sets aside what Temporal refuses for good, and the session goes on', async () => {
  const phone = newPhone();
  startRelay();
  await take(...texts(phone, 'x'.repeat(REFUSED_BYTES)));
  await eventually(
    'the refusal',
    async () => (await count("inbox_events where error_code = 'ERR_WHK_007'")) === 1,
  );
  await take(...texts(phone, 'shorter'));
  await nothingPending();
  expect((await signalsOf(phone)).flat().map(({ text }) => text)).toEqual(['shorter']);
});

describe('a wanted workflow', () => {
  const describeWorkflow = (id: string) => environment.client.workflow.getHandle(id).describe();
  const nothingWanted = () =>
    eventually('nothing to be wanted', async () => (await count('workflow_starts')) === 0);

  it('is started once, however often it is wanted', async () => {
    const wanted = {
      workflowType: 'agentNote',
      workflowId: 'agent-note:n1',
      args: [{ noteId: 'n1' }],
    } as const;
    await wantWorkflows(database.pool, [{ ...wanted, args: [...wanted.args] }]);
    startRelay();
    await nothingWanted();
    const { runId } = await describeWorkflow('agent-note:n1');
    await wantWorkflows(database.pool, [{ ...wanted, args: [...wanted.args] }]);
    await nothingWanted();
    expect((await describeWorkflow('agent-note:n1')).runId).toBe(runId);
  });

  it('is met by the one of its id that runs, and starts anew after it', async () => {
    const workflowId = 'opt-out-mirror:1';
    const wanted = () =>
      wantWorkflows(database.pool, [{ workflowType: 'optOutMirror', workflowId, args: [{ historyId: 1 }] }]);
    startRelay();
    await wanted();
    await nothingWanted();
    const { runId } = await describeWorkflow(workflowId);
    await wanted();
    await nothingWanted();
    expect((await describeWorkflow(workflowId)).runId).toBe(runId);
    await environment.client.workflow.getHandle(workflowId).terminate();
    await wanted();
    await nothingWanted();
    expect((await describeWorkflow(workflowId)).runId).not.toBe(runId);
  });
});
