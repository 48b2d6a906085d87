import { createMetrics } from './metrics';

it('shows what has not happened yet as zero, so that the first time is seen as an increase', async () => {
  const shown = await createMetrics().registry.metrics();
  expect(shown).toContain('podium_webchat_codes_total{code="ERR_WEBCHAT_011"} 0');
  expect(shown).toContain('podium_webchat_webhook_events_total{status="401"} 0');
  expect(shown).toContain('podium_webchat_relay_calls_total{outcome="failed"} 0');
});
