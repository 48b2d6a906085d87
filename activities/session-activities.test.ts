import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger, type LogEntry } from '@temporalio/worker';
import { receive } from '../store/inbox';
import type { SessionOpening } from '../store/sessions';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { context, customerMessage, JANE, NORTHSIDE, testHash, workflowIdOf } from '../test/support/received';
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
  const opening = await environment.run<Parameters<typeof openSession>, SessionOpening, typeof openSession>(
    openSession,
    { workflowId, phone: JANE, locationUid: NORTHSIDE, firstRunId: 'run-1' },
  );

  expect(opening.restored).toBeNull();
  expect(logged).toMatchObject([{ meta: { code: 'ERR_WEBCHAT_013' } }]);
});
