/**
 * Who comes first on Podium's queue while there is more to do than may be done. That is the engine's to decide: so
 * a true server with the product's configuration, and a worker that makes one call at a time.
 */
import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { PODIUM_QUEUE, SESSION_QUEUE } from '../core/session';
import { DYNAMIC_CONFIG } from '../embedded/temporal';
import { eventually } from '../test/support/eventually';
import type { wantCalls, WantedCall } from '../test/support/queue-workflow';
import { devServer } from '../test/support/session-rig';

/** Of Temporal's `TaskQueueType`. */
const ACTIVITY_QUEUE = 2;
/** Else the length of a queue is told as it was up to five seconds ago. */
const COUNT_ANEW = 'matching.TaskQueueInfoByBuildIdTTL="1ms"';

let env: TestWorkflowEnvironment;
let deciding: Worker;
let decided: Promise<void>;
beforeAll(async () => {
  env = await devServer([...DYNAMIC_CONFIG, COUNT_ANEW]);
  deciding = await Worker.create({
    connection: env.nativeConnection,
    taskQueue: SESSION_QUEUE,
    workflowsPath: require.resolve('../test/support/queue-workflow'),
  });
  decided = deciding.run();
});
afterAll(async () => {
  deciding?.shutdown();
  await decided;
  await env?.teardown();
});

test('answers come before prompts, then notes, mirrors and audits, whoever asked first', async () => {
  const uses = ['audit', 'mirror', 'note', 'prompt', 'answer'] as const;
  const order = await orderOf(uses.map((use) => calls(6, { use, id: use })));
  expect(order).toEqual(uses.toReversed().flatMap((use) => Array<string>(6).fill(use)));
});

test('a busy location does not hold up a quiet one that asks later', async () => {
  const answers = (locationUid: string, count: number) =>
    calls(count, { use: 'answer', locationUid, id: locationUid });
  const order = await orderOf([
    answers('busy', 60),
    [...answers('quiet', 3), ...answers('calm', 3), ...answers('still', 3)],
  ]);
  expect(order).toHaveLength(69);
  expect(Math.max(...['quiet', 'calm', 'still'].map((location) => order.lastIndexOf(location)))).toBeLessThan(
    20,
  );
});

test('a call that is tried again keeps its importance', async () => {
  let answers = 0;
  const order = await orderOf(
    [calls(10, { use: 'note', id: 'note' }), calls(1, { use: 'answer', id: 'answer' })],
    async (id) => {
      if (id === 'answer') {
        answers += 1;
        if (answers === 1) throw ApplicationFailure.create({ message: 'paused', nextRetryDelay: 100 });
      } else if (answers === 1) {
        await eventually('the answer to be back in the queue', async () => (await backlog()) === 10);
      }
    },
  );
  expect(order[0]).toBe('answer');
  expect(order.lastIndexOf('answer')).toBeLessThanOrEqual(2); // 1 where no note was asked for before it was back
});

function calls(
  count: number,
  call: Omit<WantedCall, 'locationUid'> & { locationUid?: string },
): WantedCall[] {
  return Array.from({ length: count }, (_, n) => ({ locationUid: `store ${n % 3}`, ...call }));
}

/**
 * Has calls wait in the queue, one list after the other, and only then makes them, one at a time.
 * @returns the ids in the order in which the calls were made
 */
async function orderOf(
  lists: WantedCall[][],
  work: (id: string) => Promise<void> = async () => undefined,
): Promise<string[]> {
  const wanting = [];
  for (const [index, list] of lists.entries()) {
    const options = { workflowId: randomUUID(), taskQueue: SESSION_QUEUE, args: [list] as [WantedCall[]] };
    wanting.push(await env.client.workflow.start<typeof wantCalls>('wantCalls', options));
    const waiting = lists.slice(0, index + 1).flat().length;
    await eventually('every call to wait', async () => (await backlog()) === waiting);
  }
  const order: string[] = [];
  const postNote = async (id: string) => {
    order.push(id);
    await work(id);
  };
  const calling = await Worker.create({
    connection: env.nativeConnection,
    taskQueue: PODIUM_QUEUE,
    maxConcurrentActivityTaskExecutions: 1,
    activities: { postNote },
  });
  await calling.runUntil(Promise.all(wanting.map((handle) => handle.result())));
  return order;
}

/** How many calls wait in Podium's queue. */
async function backlog(): Promise<number> {
  const { stats } = await env.client.workflowService.describeTaskQueue({
    namespace: env.client.options.namespace,
    taskQueue: { name: PODIUM_QUEUE },
    taskQueueType: ACTIVITY_QUEUE,
    reportStats: true,
  });
  return Number(stats?.approximateBacklogCount ?? 0);
}
