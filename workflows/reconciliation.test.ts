/** On a true server, whose runs are told to end early. */
import { randomUUID } from 'node:crypto';
import { Worker } from '@temporalio/worker';
import { SESSION_QUEUE } from '../core/session';
import { eventually } from '../test/support/eventually';
import { executions } from '../test/support/histories';
import { PodiumError } from '../podium/api';
import { away } from '../test/support/fake-podium';
import { BAYVIEW, NORTHSIDE } from '../test/support/received';
import { SessionRig, devServer, workflowBundle } from '../test/support/session-rig';
import type { Reconciliation } from './reconciliation';

const EARLY = 60;

let rig: SessionRig;
beforeAll(
  async () => (rig = await SessionRig.start(devServer([`limit.historyCount.suggestContinueAsNew=${EARLY}`]))),
);
afterAll(() => rig?.stop());
beforeEach(() => {
  rig.podium.listed.length = 0;
  rig.podium.calls.length = 0;
});
afterEach(() => {
  rig.podium.recover();
  rig.podium.listedAtOnce = Infinity;
});

/** A conversation at a store, with one message that no webhook has brought. */
function lost(locationUid: string, n: number): void {
  const [uid, at] = [randomUUID(), new Date()];
  rig.podium.listed.push({
    ...{ uid, locationUid, channel: 'phone', identifier: `+14155550${100 + n}`, closed: false },
    ...{ lastItemAt: at, createdAt: null, updatedAt: null },
  });
  const raw = { createdAt: at.toISOString(), webchatUrl: 'https://www.example.com/' };
  const message = {
    uid: `of ${uid}`,
    body: 'Hi',
    at,
    direction: 'inbound',
    hasFile: false,
    senderUid: null,
    ...raw,
  } as const;
  rig.podium.conversations.set(uid, [message]);
}

async function look(): Promise<Reconciliation> {
  const workflowId = randomUUID();
  return rig.env.client.workflow.execute<() => Promise<Reconciliation>>('reconciliation', {
    ...{ taskQueue: SESSION_QUEUE, workflowId },
  });
}

/** How many events each run has come to, of all looks so far. */
async function lengths(): Promise<number[]> {
  const runs = await executions(rig.env.client, 'WorkflowType = "reconciliation"');
  return runs.map(({ historyLength }) => historyLength);
}

const lists = () => rig.podium.calls.filter(({ method }) => method === 'pageOfConversations');
const reads = () => rig.podium.calls.filter(({ method }) => method === 'pageOfMessages');

test('goes on over several runs, and reads each conversation once', async () => {
  for (let n = 0; n < 40; n += 1) lost(n % 2 ? NORTHSIDE : BAYVIEW, n);
  expect(await look()).toMatchObject({ locations: 2, conversations: 40, accepted: 40, failed: 0 });
  expect(new Set(reads().map(({ args }) => args[0]))).toHaveProperty('size', 40);
  expect(reads()).toHaveLength(40);

  const runs = await eventually('two runs in the list', async () => {
    const listed = await executions(rig.env.client, 'WorkflowType = "reconciliation"');
    return listed.length > 1 && listed;
  });
  const histories = runs.map(async ({ workflowId, runId }) => ({
    workflowId,
    history: await rig.env.client.workflow.getHandle(workflowId, runId).fetchHistory(),
  }));
  const options = { workflowBundle: await workflowBundle() };
  for await (const { error } of Worker.runReplayHistories(options, await Promise.all(histories)))
    expect(error).toBeUndefined();
});

test('a run ends soon after it has grown long, be it in the midst of a store', async () => {
  for (let n = 0; n < 40; n += 1) lost(NORTHSIDE, n);
  expect(await look()).toMatchObject({ conversations: 40, accepted: 40 });
  expect(Math.max(...(await lengths()))).toBeLessThan(1.5 * EARLY);
});

test('a long list is read on in the next run, each page once', async () => {
  for (let n = 0; n < 40; n += 1) lost(NORTHSIDE, n);
  rig.podium.listedAtOnce = 1;
  expect(await look()).toMatchObject({ locations: 2, conversations: 40, accepted: 40, failed: 0 });
  expect(lists()).toHaveLength(41);
  expect(Math.max(...(await lengths()))).toBeLessThan(1.5 * EARLY);
});

test('conversations that Podium never gives have one turn in a look, however many runs it takes', async () => {
  for (let n = 0; n < 40; n += 1) lost(n % 2 ? NORTHSIDE : BAYVIEW, n);
  rig.podium.fail('pageOfMessages', new PodiumError('invalid', '422', { mayHaveHappened: false }));
  expect(await look()).toMatchObject({ conversations: 40, failed: 40 });
  expect(reads()).toHaveLength(40);
  rig.podium.recover();
  rig.podium.listed.length = 0;
  expect(await look()).toMatchObject({ conversations: 40, accepted: 40 });
});

test('a conversation that Podium does not give costs no other its turn, and is read by the next run', async () => {
  await look();
  lost(NORTHSIDE, 50);
  lost(NORTHSIDE, 51);
  rig.podium.fail('pageOfMessages', away(), 5);
  expect(await look()).toMatchObject({ accepted: 1, failed: 1 });
  rig.podium.listed.length = 0; // nothing has changed since
  expect(await look()).toMatchObject({ accepted: 1, failed: 0 });
});
