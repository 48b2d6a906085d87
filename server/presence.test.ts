import pino from 'pino';
import { secretFingerprint } from '../core/webhook-secrets';
import { createPool } from '../store/database';
import { liveSecrets } from '../store/webhooks';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { Presence } from './presence';

const logger = pino({ level: 'silent' });
const secrets = ['the new one', 'the old one'];

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
afterEach(() => jest.restoreAllMocks());

const lastUses = async () => {
  const { rows } = await db.pool.query<{ fingerprint: string; last_used_at: Date | null }>(
    'select fingerprint, last_used_at from webhook_secrets',
  );
  return new Map(rows.map((row) => [row.fingerprint, row.last_used_at]));
};

it('says which secrets this server takes for as long as it runs, and none of them itself', async () => {
  const presence = new Presence({ pool: db.pool, secrets, logger });
  await presence.start();
  const live = await liveSecrets(db.pool);
  expect(live.runningServers).toBe(1);
  expect(live.secrets.map(({ fingerprint }) => fingerprint)).toEqual(secrets.map(secretFingerprint));
  const { rows } = await db.pool.query(
    'select s::text from webhook_secrets s union select r::text from running_servers r',
  );
  expect(JSON.stringify(rows)).not.toMatch(/new one|old one/);

  await presence.stop();
  expect((await liveSecrets(db.pool)).runningServers).toBe(0);
});

it('writes nothing for an event, and the last use when it ends', async () => {
  const presence = new Presence({ pool: db.pool, secrets, logger });
  await presence.start();
  const connections = jest.spyOn(db.pool, 'connect');
  for (let n = 0; n < 1000; n += 1) presence.onVerified('the old one');
  expect(connections).not.toHaveBeenCalled();

  await presence.stop();
  const uses = await lastUses();
  expect(uses.get(secretFingerprint('the old one'))!.getTime()).toBeGreaterThan(Date.now() - 60_000);
  expect(uses.get(secretFingerprint('the new one'))).toBeNull();
});

it('holds up no server while the database is away', async () => {
  const pool = createPool('postgresql://nobody@127.0.0.1:1/none');
  const presence = new Presence({ pool, secrets, logger });
  await presence.start();
  presence.onVerified('the new one');
  await presence.stop();
  await pool.end();
});
