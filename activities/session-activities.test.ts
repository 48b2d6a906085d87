import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger, type LogEntry } from '@temporalio/worker';
import type { OpenedSession } from '../core/session-state';
import { receive } from '../store/inbox';
import { optOutState } from '../store/opt-out-states';
import { recordOptOut } from '../store/opt-outs';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import {
  context,
  customerMessage,
  JANE,
  JOHN,
  NORTHSIDE,
  testHash,
  workflowIdOf,
} from '../test/support/received';
import { createSessionActivities } from './session-activities';

let database: TestDatabase;
beforeAll(async () => (database = await createTestDatabase()));
afterAll(() => database?.drop());

test('answers that cannot be read are left behind, and the session begins afresh', async () => {
  const { pool } = database;
  await receive(pool, [customerMessage()], context);
  await pool.query(
    `insert into partial_answers (phone_e164, location_uid, state, saved_at) values ($1, $2, '{"answers": 3}', now())`,
    [JANE, NORTHSIDE],
  );
  const logged: LogEntry[] = [];
  const environment = new MockActivityEnvironment(
    {},
    { logger: new DefaultLogger('ERROR', (entry) => logged.push(entry)) },
  );

  const { openSession } = createSessionActivities({ pool, phoneHash: testHash, answersWaitDays: 30 });
  const workflowId = workflowIdOf(JANE, NORTHSIDE);
  const opening = await environment.run<Parameters<typeof openSession>, OpenedSession, typeof openSession>(
    openSession,
    { workflowId, phone: JANE, locationUid: NORTHSIDE, firstRunId: 'run-1' },
  );

  expect(opening.restored).toBeNull();
  expect(logged).toMatchObject([{ meta: { code: 'ERR_WEBCHAT_013' } }]);
});

test('an opt-out that an operator declares takes over from Podium’s; the customer’s own is in the ledger already', async () => {
  const { pool } = database;
  const [phone, at] = [JOHN, new Date(Date.now() - 60_000)];
  await recordOptOut(pool, {
    ...{ phone, phoneHash: testHash(phone), wish: 'opt_out', source: 'podium', actor: 'podium', rule: null },
    ...{ locationUid: NORTHSIDE, messageUid: null, at },
  });
  const activities = createSessionActivities({ pool, phoneHash: testHash, answersWaitDays: 30 });
  const declare = (actor: string) =>
    activities.recordOptOut({ phone, locationUid: NORTHSIDE, actor, at: null });

  expect(await declare('customer')).toBe(true);
  expect(await optOutState(pool, phone)).toMatchObject({ source: 'podium', recordedAt: at });
  expect(await declare('kim')).toBe(true);
  expect(await optOutState(pool, phone)).toMatchObject({ optedOut: true, source: 'operator' });
});
