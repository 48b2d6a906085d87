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

it('shows what is open and what is set aside', async () => {
  const figures = async () => ({
    sessions: { active: 5, warned: 2 },
    quarantined: [{ code: 'ERR_WHK_004', count: 3 }],
    unsettledSends: { unknown: 1, notSent: 4 },
    standingStill: 6,
    textsAfterOptOut: 7,
    optOutsWithoutPhone: 8,
  });
  const shown = await createMetrics({ ...noReadings, figures }).registry.metrics();
  expect(shown).toContain('podium_webchat_sessions{status="active"} 5');
  expect(shown).toContain('podium_webchat_sessions{status="warned"} 2');
  expect(shown).toContain('podium_webchat_quarantined_events{code="ERR_WHK_004"} 3');
  expect(shown).toContain('podium_webchat_sends_unsettled{outcome="unknown"} 1');
  expect(shown).toContain('podium_webchat_quarantined_events{code="ERR_WEBCHAT_001"} 0');
  expect(shown).toContain('podium_webchat_sends_unsettled{outcome="not_sent"} 4');
  expect(shown).toContain('podium_webchat_sessions_standing_still 6');
  expect(shown).toContain('podium_webchat_texts_after_opt_out 7');
  expect(shown).toContain('podium_webchat_opt_outs_without_phone 8');
});

it('shows no figure of what cannot be read, rather than a zero', async () => {
  const away = () => Promise.reject(new Error('away'));
  const shown = await createMetrics({ ...noReadings, figures: away }).registry.metrics();
  expect(shown).toContain('podium_webchat_sessions{status="active"} Nan');
  expect(shown).toContain('podium_webchat_quarantined_events{code="ERR_WHK_004"} Nan');
});

it('goes on showing what it has shown: as 0 when it is over, as no figure when it cannot be read', async () => {
  const files = jest.fn(async () => [{ status: 'kept', count: 2 }]);
  const pauses = jest.fn(async () => [{ endpoint: 'POST /v4/messages', seconds: 30 }]);
  const { registry } = createMetrics({ ...noReadings, files, pauses });
  expect(await registry.metrics()).toContain('paused_seconds{endpoint="POST /v4/messages"} 30');
  pauses.mockResolvedValue([]);
  expect(await registry.metrics()).toContain('paused_seconds{endpoint="POST /v4/messages"} 0');
  pauses.mockRejectedValue(new Error('away'));
  const shown = await registry.metrics();
  expect(shown).toContain('paused_seconds{endpoint="POST /v4/messages"} Nan');
  expect(shown).toContain('podium_webchat_files{status="kept"} 2');
});

it('counts what goes through tables once in a while, however often it is scraped', async () => {
  const figures = jest.fn(noReadings.figures);
  const { registry } = createMetrics({ ...noReadings, figures });
  for (let scrape = 0; scrape < 5; scrape += 1) await registry.metrics();
  expect(figures).toHaveBeenCalledTimes(1);
});

it('shows what has not happened yet as zero, so that the first time is seen as an increase', async () => {
  const shown = await createMetrics(noReadings).registry.metrics();
  expect(shown).toContain('podium_webchat_codes_total{code="ERR_WEBCHAT_011"} 0');
  expect(shown).toContain('podium_webchat_webhook_events_total{status="401"} 0');
  expect(shown).toContain('podium_webchat_relay_calls_total{outcome="failed"} 0');
});
