import { Registry } from 'prom-client';
import { addDatabaseMetrics, type Readings } from './database-metrics';

const noReadings: Readings = {
  backlog: async () => ({ pending: 0, oldestSeconds: 0 }),
  pauses: async () => [],
  files: async () => [],
  mirrors: async () => new Map(),
  figures: async () => ({
    sessions: { active: 0, warned: 0 },
    quarantined: [],
    unsettledSends: { unknown: 0, notSent: 0 },
    standingStill: 0,
    textsAfterOptOut: 0,
    optOutsWithoutPhone: 0,
  }),
};

/** Nothing else was found. */
function registryOf(readings: Partial<Readings>): Registry {
  const registry = new Registry();
  addDatabaseMetrics(registry, { ...noReadings, ...readings });
  return registry;
}

it('shows the backlog as it is when it is asked for, every figure of it', async () => {
  const backlog = jest.fn(async () => ({ pending: 3, oldestSeconds: 12 }));
  const registry = registryOf({ backlog });
  const first = await registry.metrics();
  expect(first).toContain('podium_webchat_inbox_pending 3');
  expect(first).toContain('podium_webchat_inbox_oldest_pending_seconds 12');
  expect(backlog).toHaveBeenCalledTimes(1);
  backlog.mockResolvedValue({ pending: 4, oldestSeconds: 13 });
  expect(await registry.metrics()).toContain('podium_webchat_inbox_pending 4');
});

it('shows no figure for a backlog that cannot be read', async () => {
  const registry = registryOf({ backlog: () => Promise.reject(new Error('away')) });
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
  const shown = await registryOf({ figures }).metrics();
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
  const shown = await registryOf({ figures: away }).metrics();
  expect(shown).toContain('podium_webchat_sessions{status="active"} Nan');
  expect(shown).toContain('podium_webchat_quarantined_events{code="ERR_WHK_004"} Nan');
});

describe('a reading that hangs', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it.each(Object.keys(noReadings))('takes no other figure with it: %s', async (name) => {
    const scrape = registryOf({ [name]: () => new Promise(() => undefined) }).metrics();
    await jest.advanceTimersByTimeAsync(5_000);
    const other = name === 'backlog' ? 'sessions_standing_still' : 'inbox_pending';
    expect(await scrape).toContain(`podium_webchat_${other} 0`);
  });
});

it('goes on showing what it has shown: as 0 when it is over, as no figure when it cannot be read', async () => {
  const files = jest.fn(async () => [{ status: 'kept', count: 2 }]);
  const pauses = jest.fn(async () => [{ endpoint: 'POST /v4/messages', seconds: 30 }]);
  const registry = registryOf({ files, pauses });
  expect(await registry.metrics()).toContain('paused_seconds{endpoint="POST /v4/messages"} 30');
  pauses.mockResolvedValue([]);
  expect(await registry.metrics()).toContain('paused_seconds{endpoint="POST /v4/messages"} 0');
  pauses.mockRejectedValue(new Error('away'));
  const shown = await registry.metrics();
  expect(shown).toContain('paused_seconds{endpoint="POST /v4/messages"} Nan');
  expect(shown).toContain('podium_webchat_files{status="kept"} 2');
});

it('counts what goes through tables once in a while, however often it is scraped', async () => {
  jest.useFakeTimers();
  try {
    const figures = jest.fn(noReadings.figures);
    const registry = registryOf({ figures });
    for (let scrape = 0; scrape < 5; scrape += 1) await registry.metrics();
    expect(figures).toHaveBeenCalledTimes(1);
  } finally {
    jest.useRealTimers();
  }
});
