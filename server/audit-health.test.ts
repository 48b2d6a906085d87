import { Registry } from 'prom-client';
import { addAuditMetrics, auditIsSealed } from './audit-health';

const unsealed = (count: number, oldestSeconds: number) => async () => ({
  ...{ count, oldestSeconds, oldestId: null, oldestAt: null },
});

it('is well while rows wait for some seconds, and says so when they wait for a minute', async () => {
  await auditIsSealed(unsealed(0, 0));
  await auditIsSealed(unsealed(3, 59));
  await expect(auditIsSealed(unsealed(3, 61))).rejects.toThrow('3 row(s) not sealed, one for 61 s');
});

it('shows for how long the oldest row waits, and no figure that cannot be read', async () => {
  const registry = new Registry();
  let read = unsealed(1, 12.5);
  addAuditMetrics(registry, () => read());
  expect(await registry.metrics()).toContain('podium_webchat_audit_oldest_unsealed_seconds 12.5');
  read = () => Promise.reject(new Error('away'));
  expect(await registry.metrics()).toContain('podium_webchat_audit_oldest_unsealed_seconds Nan');
});
