import { noReadings } from '../test/support/readings';
import { createMetrics } from './metrics';

it('shows the backlog as it is when it is asked for, every figure of it', async () => {
  const backlog = jest.fn(async () => ({ pending: 3, oldestSeconds: 12 }));
  const { registry } = createMetrics({ ...noReadings, backlog });
  const first = await registry.metrics();
  expect(first).toContain('podium_webchat_inbox_pending 3');
  expect(first).toContain('podium_webchat_inbox_oldest_pending_seconds 12');
  expect(backlog).toHaveBeenCalledTimes(1);
  backlog.mockResolvedValue({ pending: 4, oldestSeconds: 13 });
  expect(await registry.metrics()).toContain('podium_webchat_inbox_pending 4');
});

it('shows no figure for a backlog that cannot be read', async () => {
  const { registry } = createMetrics({ ...noReadings, backlog: () => Promise.reject(new Error('away')) });
  expect(await registry.metrics()).toContain('podium_webchat_inbox_oldest_pending_seconds Nan');
});
