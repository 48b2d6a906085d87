/** What the last check of the webhooks at Podium has found, as `/readyz` and `/metrics` tell it. */
import type { Registry } from 'prom-client';
import { summaryOf } from '../core/webhook-check';
import type { WebhookCheck } from '../store/webhooks';
import { addCountsGauge } from './counts-gauge';
import { addFigureGauge } from './figure-gauge';
import { secondsOfLast } from './last-time';

/** So many checks may be missing before the last one counts no more. */
const PATIENCE = 3;

/**
 * @param readCheck the last check; null when there was none
 * @param intervalSeconds between two checks
 * @throws with the reason, when something is wrong or nobody knows
 */
export async function webhookIsWell(
  readCheck: () => Promise<WebhookCheck | null>,
  intervalSeconds: number,
): Promise<void> {
  const check = await readCheck();
  if (!check) throw new Error('not checked yet');
  const age = (Date.now() - check.checkedAt.getTime()) / 1000;
  if (age > PATIENCE * intervalSeconds)
    throw new Error(`not checked since ${check.checkedAt.toISOString()}: does a worker run?`);
  const wrong = summaryOf(check.findings);
  if (wrong !== null) throw new Error(`${wrong}: see "podium-webchat webhook doctor"`);
}

export function addWebhookMetrics(registry: Registry, readCheck: () => Promise<WebhookCheck | null>): void {
  addFigureGauge(
    registry,
    {
      name: 'podium_webchat_webhook_check_timestamp_seconds',
      help: 'When the webhooks at Podium were last checked, in Unix seconds; 0 before the first time.',
    },
    readCheck,
    (check) => secondsOfLast(check?.checkedAt ?? null),
  );
  addCountsGauge(
    registry,
    {
      name: 'podium_webchat_webhook_findings',
      help: 'What the last check of the webhooks at Podium has found, by code; remarks are no problems.',
      labelNames: ['code', 'severity'],
    },
    async () => {
      const { findings = [] } = (await readCheck()) ?? {};
      return findings.map(({ code, severity }) => ({
        labels: { code, severity },
        value: findings.filter((other) => other.code === code && other.severity === severity).length,
      }));
    },
  );
}
