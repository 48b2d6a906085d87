/** On a true server, since the time-skipping one knows no schedules. */
import type { Client } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import pino from 'pino';
import { eventually } from '../test/support/eventually';
import { devServer } from '../test/support/session-rig';
import { ensureSchedules, every, type PlannedSchedule } from './schedules';

const logger = pino({ level: 'silent' });
const never = new AbortController().signal;

let env: TestWorkflowEnvironment;
beforeAll(async () => (env = await devServer([])));
afterAll(() => env?.teardown());

const ensure = (planned: PlannedSchedule[], client = env.client) =>
  ensureSchedules(client, planned, logger, never);
const describeSchedule = (id: string) => env.client.schedule.getHandle(id).describe();

test('workers that start at the same moment make one schedule', async () => {
  await Promise.all(Array.from({ length: 5 }, () => ensure([every(600, 'audit')])));
  expect(await describeSchedule('audit')).toMatchObject({
    spec: { intervals: [{ every: 600_000 }], jitter: 60_000 },
    action: { type: 'startWorkflow', workflowType: 'audit', taskQueue: 'webchat-sessions' },
    policies: { overlap: 'SKIP', catchupWindow: 60_000 },
    state: { paused: false },
  });
});

test('another interval in the settings changes the schedule; whoever has paused it is heeded', async () => {
  await ensure([every(600, 'mirror')]);
  await env.client.schedule.getHandle('mirror').pause('a test');
  await ensure([every(300, 'mirror')]);
  expect(await describeSchedule('mirror')).toMatchObject({
    spec: { intervals: [{ every: 300_000 }] },
    state: { paused: true, note: 'a test' },
  });
});

test('a Temporal that fails is tried until all schedules are made', async () => {
  const client = failingOnce(env.client);
  await ensure([every(60, 'first'), every(60, 'second')], client);
  await describeSchedule('first');
  await describeSchedule('second');
});

test('a schedule that Temporal refuses keeps none of the others from being made', async () => {
  const ended = new AbortController();
  const refused = { ...every(60, 'refused'), spec: { cronExpressions: ['never'] } };
  const ensuring = ensureSchedules(env.client, [refused, every(60, 'behind')], logger, ended.signal);
  await eventually('the one behind to be made', () => describeSchedule('behind').catch(() => false));
  ended.abort();
  await ensuring;
  await expect(describeSchedule('refused')).rejects.toThrow();
});

test('a run may take as long as there is room until the next one, and an hour in any case', async () => {
  await ensure([every(600, 'short'), every(86_400, 'long')]);
  expect((await describeSchedule('short')).action).toMatchObject({ workflowRunTimeout: 3_600_000 });
  expect((await describeSchedule('long')).action).toMatchObject({ workflowRunTimeout: 86_400_000 });
});

test('trying ends with the worker', async () => {
  const ended = new AbortController();
  ended.abort();
  await ensureSchedules(env.client, [every(60, 'late')], logger, ended.signal);
  await expect(describeSchedule('late')).rejects.toThrow();
});

/** A client whose second creation of a schedule fails. */
function failingOnce({ schedule, ...client }: Client): Client {
  let calls = 0;
  const create: typeof schedule.create = async (options: never) => {
    if ((calls += 1) === 2) throw new Error('Temporal is away.');
    return schedule.create(options);
  };
  return Object.assign(Object.create(env.client), client, {
    schedule: { create, getHandle: schedule.getHandle.bind(schedule) },
  });
}
