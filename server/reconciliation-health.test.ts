import { Registry } from 'prom-client';
import { addReconciliationMetrics, reconciliationIsWell } from './reconciliation-health';

const MINUTE = 60;
const wellAfter = (seconds: number, intervalSeconds: number) =>
  reconciliationIsWell(async () => ({ lastRunAt: new Date(Date.now() - seconds * 1000) }), intervalSeconds);

it('is well while looks come to their end, however long one takes with many locations', async () => {
  await wellAfter(MINUTE, 10 * MINUTE);
  await wellAfter(110 * MINUTE, 10 * MINUTE);
  await wellAfter(170 * MINUTE, 60 * MINUTE);
});

it('is not known before the first look, nor when looks are missing', async () => {
  await expect(reconciliationIsWell(async () => ({ lastRunAt: null }), MINUTE)).rejects.toThrow(
    'not looked yet',
  );
  await expect(wellAfter(130 * MINUTE, 10 * MINUTE)).rejects.toThrow(/no look has ended since .*workflow/);
  await expect(wellAfter(190 * MINUTE, 60 * MINUTE)).rejects.toThrow('no look has ended since');
});

it('shows what could not be read yet, beside what was found and when', async () => {
  const registry = new Registry();
  const lastRunAt = new Date('2026-07-23T10:00:00Z');
  addReconciliationMetrics(registry, async () => ({ lastRunAt, finds: 2, toRead: 3 }));
  const metrics = await registry.metrics();
  expect(metrics).toContain('podium_webchat_reconciliation_conversations_to_read 3');
  expect(metrics).toContain('podium_webchat_reconciliation_finds_total 2');
  expect(metrics).toContain(`last_run_timestamp_seconds ${lastRunAt.getTime() / 1000}`);
});

it.each([
  ['0 before the first look', async () => ({ lastRunAt: null, finds: 0, toRead: 0 }), '0'],
  ['no figure while it cannot be read', () => Promise.reject(new Error('away')), 'Nan'],
])('the time of the last look is %s', async (_, read, shown) => {
  const registry = new Registry();
  addReconciliationMetrics(registry, read);
  expect(await registry.metrics()).toContain(`last_run_timestamp_seconds ${shown}\n`);
});
