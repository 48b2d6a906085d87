/** What the last look at everyone's opt-out has found, as `/metrics` tells it. */
import type { Registry } from 'prom-client';
import { DRIFT_REASONS } from '../core/opt-out-audit';
import type { OptOutAudit } from '../store/opt-out-audits';
import { addCountsGauge } from './counts-gauge';
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
  addCountsGauge(
    registry,
    {
      name: 'podium_webchat_opt_out_audit_phones',
      help: 'Phones by what that look has found: agreed, not_asked (nobody can tell), or the reason of the drift.',
      labelNames: ['found'],
      known: ['agreed', 'not_asked', ...DRIFT_REASONS].map((found) => ({ found })),
    },
    async () => {
      const audit = await readOnce();
      if (!audit) throw new Error('not looked yet');
      const found = { agreed: audit.agreed, not_asked: audit.notAsked, ...audit.drifted };
      return Object.entries(found).map(([found, value]) => ({ labels: { found }, value }));
    },
  );
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
