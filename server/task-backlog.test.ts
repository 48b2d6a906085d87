import { Registry } from 'prom-client';
import { TASK_QUEUES } from '../ops/task-queues';
import { addTaskBacklogMetrics } from './task-backlog';

const BACKLOGS = TASK_QUEUES.map((each, i) => ({ ...each, tasks: 7 + i, oldestSeconds: 12.5 }));
/** An answer is kept for seconds, of whatever length. */
beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const OF_SESSIONS = '{task_queue="webchat-sessions",kind="workflow"}';

it('shows what waits by queue and kind, and asks once for many scrapes', async () => {
  const registry = new Registry();
  const read = jest.fn(async () => BACKLOGS);
  addTaskBacklogMetrics(registry, read);
  await registry.metrics();
  const shown = await registry.metrics();
  expect(shown).toContain(`podium_webchat_task_backlog${OF_SESSIONS} 7`);
  expect(shown).toContain(`podium_webchat_task_backlog_oldest_seconds${OF_SESSIONS} 12.5`);
  expect(shown).toContain('podium_webchat_task_backlog{task_queue="podium-api",kind="activity"} 9');
  expect(read).toHaveBeenCalledTimes(1);
});

it('shows no figure while Temporal is away', async () => {
  const registry = new Registry();
  addTaskBacklogMetrics(registry, () => Promise.reject(new Error('away')));
  expect(await registry.metrics()).toContain(`podium_webchat_task_backlog${OF_SESSIONS} Nan`);
});
