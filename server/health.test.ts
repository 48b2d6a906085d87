import { Registry } from 'prom-client';
import { addReadinessMetrics } from './health';

it('tells Prometheus of each check what /readyz says, also of one that hangs', async () => {
  const registry = new Registry();
  addReadinessMetrics(registry, {
    required: { database: () => new Promise(() => undefined), locations: async () => undefined },
    wanted: { temporal: () => Promise.reject(new Error('away')) },
  });
  const metrics = await registry.metrics();
  expect(metrics).toContain('podium_webchat_ready{check="database"} 0');
  expect(metrics).toContain('podium_webchat_ready{check="locations"} 1');
  expect(metrics).toContain('podium_webchat_ready{check="temporal"} 0');
});
