/** What the last look at everyone's opt-out has found, as `/metrics` tells it. */
import { Gauge, type Registry } from 'prom-client';
import { DRIFT_REASONS } from '../core/opt-out-audit';
import type { OptOutAudit } from '../store/opt-out-audits';
import { addFigureGauge } from './figure-gauge';
import { secondsOfLast } from './last-time';
import { shared } from './shared';

/** @param read the last look that came to its end; null when there was none */
export function addOptOutAuditMetrics(registry: Registry, read: () => Promise<OptOutAudit | null>): void {
  const readOnce = shared(read);
  addFigureGauge(
    registry,
    {
      name: 'podium_webchat_opt_out_audit_last_run_timestamp_seconds',
      help: "When everyone's opt-out had last been compared with Podium, in Unix seconds; 0 before the first time.",
    },
    readOnce,
    (audit) => secondsOfLast(audit?.finishedAt ?? null),
  );
  new Gauge({
    name: 'podium_webchat_opt_out_audit_phones',
    help: 'Phones by what that look has found: agreed, not_asked (nobody can tell), or the reason of the drift.',
    labelNames: ['found'],
    registers: [registry],
    async collect() {
      const audit = await readOnce().catch(() => null);
      this.set({ found: 'agreed' }, audit?.agreed ?? NaN);
      this.set({ found: 'not_asked' }, audit?.notAsked ?? NaN);
      for (const reason of DRIFT_REASONS)
        this.set({ found: reason }, audit ? (audit.drifted[reason] ?? 0) : NaN);
    },
  });
  addFigureGauge(
    registry,
    {
      name: 'podium_webchat_opt_out_audit_mended',
      help: 'Of the phones that drifted, how many that look has mended.',
    },
    readOnce,
    (audit) => audit?.mended ?? NaN,
  );
}
