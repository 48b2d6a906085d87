import { Registry } from 'prom-client';
import type { WebhookFinding } from '../core/webhook-check';
import type { WebhookCheck } from '../store/webhooks';
import { addWebhookMetrics, webhookIsWell } from './webhook-health';

const INTERVAL = 300;
const finding = (code: WebhookFinding['code'], severity: WebhookFinding['severity']): WebhookFinding => ({
  ...{ code, severity, message: 'Northside is not covered.', value: 'w1', mend: null },
});
const check =
  (findings: WebhookFinding[], secondsAgo = 10) =>
  async () => ({
    checkedAt: new Date(Date.now() - secondsAgo * 1000),
    findings,
  });

it('is well when the last check found nothing but remarks', async () => {
  await webhookIsWell(check([]), INTERVAL);
  await webhookIsWell(check([finding('old_secret', 'remark')]), INTERVAL);
});

it('tells in few words what is wrong, and no name of a store', async () => {
  const found = [
    finding('disabled', 'problem'),
    finding('store_uncovered', 'problem'),
    finding('store_uncovered', 'problem'),
  ];
  await expect(webhookIsWell(check(found), INTERVAL)).rejects.toThrow(
    'disabled, store_uncovered (2): see "podium-webchat webhook doctor"',
  );
});

it('is not known before the first check, nor when checks are missing', async () => {
  await expect(webhookIsWell(async () => null, INTERVAL)).rejects.toThrow('not checked yet');
  await webhookIsWell(check([], 2 * INTERVAL), INTERVAL);
  await expect(webhookIsWell(check([], 4 * INTERVAL), INTERVAL)).rejects.toThrow(
    /not checked since .*worker/,
  );
});

it('is counted by code, and what is mended counts no more', async () => {
  const registry = new Registry();
  let last = check([
    finding('disabled', 'problem'),
    finding('disabled', 'problem'),
    finding('old_secret', 'remark'),
  ]);
  addWebhookMetrics(registry, () => last());
  const metrics = await registry.metrics();
  expect(metrics).toContain('webhook_findings{code="disabled",severity="problem"} 2');
  expect(metrics).toContain('webhook_findings{code="old_secret",severity="remark"} 1');
  expect(metrics).toMatch(/webhook_check_timestamp_seconds \d{10}/);
  last = check([]);
  const mended = await registry.metrics();
  expect(mended).toContain('webhook_findings{code="disabled",severity="problem"} 0');
  expect(mended).toContain('webhook_findings{code="old_secret",severity="remark"} 0');
});

it('is no figure while it cannot be read, rather than none or a zero', async () => {
  const registry = new Registry();
  let last: () => Promise<WebhookCheck | null> = check([finding('disabled', 'problem')]);
  addWebhookMetrics(registry, () => last());
  await registry.metrics();
  last = () => Promise.reject(new Error('away'));
  const metrics = await registry.metrics();
  expect(metrics).toContain('webhook_findings{code="disabled",severity="problem"} Nan');
  expect(metrics).toContain('webhook_check_timestamp_seconds Nan');
});

it('is a time of zero before the first check, which an alert can tell from not knowing', async () => {
  const registry = new Registry();
  addWebhookMetrics(registry, async () => null);
  expect(await registry.metrics()).toContain('webhook_check_timestamp_seconds 0');
});
