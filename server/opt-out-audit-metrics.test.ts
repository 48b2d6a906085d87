import { Registry } from 'prom-client';
import type { OptOutAudit } from '../store/opt-out-audits';
import { addOptOutAuditMetrics } from './opt-out-audit-metrics';

async function metrics(read: () => Promise<OptOutAudit | null>): Promise<string> {
  const registry = new Registry();
  addOptOutAuditMetrics(registry, read);
  return registry.metrics();
}

it('shows what the last look has found, by reason, and when', async () => {
  const finishedAt = new Date('2026-07-23T10:00:00Z');
  const shown = await metrics(async () => ({
    ...{ startedAt: finishedAt, finishedAt, lookedAt: 9, agreed: 6, mended: 1, notAsked: 2 },
    drifted: { mirror_not_permitted: 2, opted_out_at_podium_only: 1 },
  }));
  expect(shown).toContain(`last_run_timestamp_seconds ${finishedAt.getTime() / 1000}`);
  expect(shown).toContain('phones{found="agreed"} 6');
  expect(shown).toContain('phones{found="not_asked"} 2');
  expect(shown).toContain('phones{found="mirror_not_permitted"} 2');
  expect(shown).toContain('phones{found="mirror_refused"} 0');
  expect(shown).toContain('podium_webchat_opt_out_audit_mended 1');
});

it.each([
  ['before the first look, and zero for its time', async () => null, '0'],
  ['while the database is away', () => Promise.reject(new Error('away')), 'Nan'],
])('shows no figures %s', async (_, read, time) => {
  const shown = await metrics(read);
  expect(shown).toContain(`last_run_timestamp_seconds ${time}\n`);
  expect(shown).toMatch(/phones{found="agreed"} NaN/i);
  expect(shown).toMatch(/phones{found="mirror_refused"} NaN/i);
});
