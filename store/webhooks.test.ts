import type { WebhookFinding } from '../core/webhook-check';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { lastWebhookCheck, liveSecrets, saveWebhookCheck, serverEnded, serverRuns } from './webhooks';

const [ONE, TWO] = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'];
const EARLIER = new Date('2026-07-23T10:00:00Z');
const LATER = new Date('2026-07-23T10:05:00Z');

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
afterEach(() => db.pool.query('truncate webhook_secrets, running_servers, webhook_checks'));

const runs = (id: string, secrets: string[], uses: [string, Date][] = []) =>
  serverRuns(db.pool, { id, secrets }, new Map(uses));

it('knows no secrets while no server runs', async () => {
  expect(await liveSecrets(db.pool)).toEqual({ secrets: [], runningServers: 0 });
  await runs(ONE, ['a']);
  await serverEnded(db.pool, ONE);
  expect(await liveSecrets(db.pool)).toEqual({ secrets: [], runningServers: 0 });
});

it('tells which secrets the running servers take, in their order, and how many servers take each', async () => {
  await runs(ONE, ['old']);
  await runs(TWO, ['new', 'old']);
  expect(await liveSecrets(db.pool)).toEqual({
    runningServers: 2,
    secrets: [
      { fingerprint: 'new', place: 1, servers: 1, firstSeenAt: expect.any(Date), lastUsedAt: null },
      { fingerprint: 'old', place: 1, servers: 2, firstSeenAt: expect.any(Date), lastUsedAt: null },
    ],
  });
});

it('does not count a server that has been silent for a minute', async () => {
  await runs(ONE, ['a']);
  await db.pool.query(`update running_servers set seen_at = now() - interval '61 seconds'`);
  expect((await liveSecrets(db.pool)).runningServers).toBe(0);
});

it('keeps when a secret was first seen and last used, whichever server says so', async () => {
  await runs(ONE, ['a'], [['a', LATER]]);
  const { firstSeenAt } = (await liveSecrets(db.pool)).secrets[0]!;
  await runs(TWO, ['a'], [['a', EARLIER]]);
  await runs(ONE, ['a']);
  expect((await liveSecrets(db.pool)).secrets).toMatchObject([
    { firstSeenAt, lastUsedAt: LATER, servers: 2 },
  ]);
});

it('keeps what the last check has found', async () => {
  const findings: WebhookFinding[] = [
    { code: 'disabled', severity: 'problem', message: 'It is disabled.', value: 'w1', mend: null },
  ];
  expect(await lastWebhookCheck(db.pool)).toBeNull();
  expect(await saveWebhookCheck(db.pool, { checkedAt: EARLIER, findings })).toBeNull();
  expect(await saveWebhookCheck(db.pool, { checkedAt: LATER, findings: [] })).toEqual(findings);
  expect(await lastWebhookCheck(db.pool)).toEqual({ checkedAt: LATER, findings: [] });
});
