/** On a true server, whose runs are told to end early. */
import { randomUUID } from 'node:crypto';
import { temporal } from '@temporalio/proto';
import { Worker } from '@temporalio/worker';
import { SESSION_QUEUE } from '../core/session';
import { lastOptOutAudits } from '../store/opt-out-audits';
import { recordOptOut } from '../store/opt-outs';
import { eventually } from '../test/support/eventually';
import { executions, storedHistory } from '../test/support/histories';
import { testHash } from '../test/support/received';
import { SessionRig, devServer, workflowBundle } from '../test/support/session-rig';

const { History } = temporal.api.history.v1;
const EARLY = 60;

let rig: SessionRig;
beforeAll(
  async () => (rig = await SessionRig.start(devServer([`limit.historyCount.suggestContinueAsNew=${EARLY}`]))),
);
afterAll(() => rig?.stop());

test('an audit of many opt-outs goes on over several runs, asks about each once, and no run knows a phone', async () => {
  const phones = Array.from({ length: 60 }, (_, n) => `+14155550${100 + n}`);
  for (const phone of phones)
    await recordOptOut(rig.database.pool, {
      ...{
        phone,
        phoneHash: testHash(phone),
        wish: 'opt_out',
        source: 'text',
        actor: 'customer',
        rule: null,
      },
      ...{ locationUid: null, messageUid: null, at: new Date() },
    });
  const { client } = rig.env;
  await client.workflow.execute('optOutAudit', { taskQueue: SESSION_QUEUE, workflowId: randomUUID() });
  const { last } = await lastOptOutAudits(rig.database.pool);
  expect(last).toMatchObject({ lookedAt: 60, agreed: 60 });
  expect(rig.podium.calls.map(({ args }) => args[0]).sort()).toEqual(phones);

  const runs = await eventually('three runs in the list', async () => {
    const listed = await executions(client, 'WorkflowType = "optOutAudit"');
    return listed.length > 2 && listed;
  });
  expect(Math.max(...runs.map(({ historyLength }) => historyLength))).toBeLessThan(1.5 * EARLY);
  const histories = await Promise.all(
    runs.map(async (run) => ({ workflowId: run.workflowId, history: await storedHistory(client, run) })),
  );
  for (const { history } of histories)
    expect(Buffer.from(History.encode(history).finish()).includes('+1415')).toBe(false);
  const options = { workflowBundle: await workflowBundle() };
  for await (const { error } of Worker.runReplayHistories(options, histories)) expect(error).toBeUndefined();
});
