import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { replaceLocations } from '../store/locations';
import { beginOptOutAudit, lastOptOutAudits, phonesToAudit } from '../store/opt-out-audits';
import { janeOptsOut, STORES } from '../test/support/activity-parts';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { FakePodium } from '../test/support/fake-podium';
import { JANE, NORTHSIDE, testHash } from '../test/support/received';
import { createOptOutAuditActivities } from './opt-out-audit';

let db: TestDatabase;
let podium: FakePodium;
beforeEach(async () => {
  db = await createTestDatabase();
  podium = new FakePodium(async () => Date.now());
  await janeOptsOut(db.pool);
  await beginOptOutAudit(db.pool);
});
afterEach(() => db.drop());

const audit = (id: number) =>
  new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(
    createOptOutAuditActivities({ pool: db.pool, podium, phoneHash: testHash }).auditOptOut,
    id,
  );

test('Podium is asked about a phone once, though the answer of the attempt was lost', async () => {
  await replaceLocations(db.pool, STORES, new Date());
  const [id] = await phonesToAudit(db.pool, 1);
  await audit(id!);
  await audit(id!);
  expect(podium.calls).toMatchObject([{ method: 'findContact', args: [JANE, NORTHSIDE] }]);
  expect((await lastOptOutAudits(db.pool)).underWay).toMatchObject({ lookedAt: 1 });
});

test('Podium cannot be asked before a list of locations was read', async () => {
  const [id] = await phonesToAudit(db.pool, 1);
  await expect(audit(id!)).rejects.toMatchObject({ type: 'no_location', nonRetryable: true });
  expect(podium.calls).toEqual([]);
});
