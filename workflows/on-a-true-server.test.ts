/**
 * What the time-skipping server does not show: runs that are continued as new, commands that come too late, and
 * what Temporal does while no worker runs.
 */
import { setTimeout } from 'node:timers/promises';
import { Worker } from '@temporalio/worker';
import { eventually } from '../test/support/eventually';
import { away } from '../test/support/fake-podium';
import { executions } from '../test/support/histories';
import { POLICY, SessionRig, devServer, workflowBundle, type Chat } from '../test/support/session-rig';

let rig: SessionRig;
beforeAll(
  async () => (rig = await SessionRig.start(devServer(['limit.historyCount.suggestContinueAsNew=40']))),
);
afterAll(() => rig?.stop());

/** Ends the chat's session, and replays every run of it. @returns how many there were */
async function replayAll(chat: Chat): Promise<number> {
  await chat.finish();
  const { workflow } = rig.env.client;
  const { runId: latest } = await chat.handle.describe();
  const runs = await eventually('the latest run in the list', async () => {
    const found = await executions(rig.env.client, `WorkflowId = "${chat.workflowId}"`);
    return found.some(({ runId }) => runId === latest) && found;
  });
  const histories = runs.map(async ({ workflowId, runId }) => ({
    workflowId,
    history: await workflow.getHandle(workflowId, runId).fetchHistory(),
  }));
  const options = { workflowBundle: await workflowBundle() };
  for await (const { error } of Worker.runReplayHistories(options, await Promise.all(histories)))
    expect(error).toBeUndefined();
  return runs.length;
}

test('a session goes on over many runs, with its answers, its number and what waits', async () => {
  const chat = rig.chat();
  await chat.says('Hi', { name: 'Jane' });
  await chat.hears(1);
  await chat.says('2');
  await chat.hears(2);
  const [{ runId: firstRun }, view] = [await chat.handle.describe(), await chat.view()];
  await chat.says('Jane');
  await chat.hears(3);
  for (let i = 4; i <= 60; i += 1) {
    await chat.says(`Message ${i}`);
    if (i % 10 === 0) await chat.signal('optOut', 'garbage');
    if (i % 20 === 0) await chat.dealsWith(i);
  }
  await chat.dealsWith(60);

  const { runId, typedSearchAttributes } = await chat.handle.describe();
  expect(runId).not.toBe(firstRun);
  expect(typedSearchAttributes.getAll()).toContainEqual(
    expect.objectContaining({ key: { name: 'WebchatStatus', type: 'KEYWORD' }, value: 'active' }),
  );
  expect(await chat.view()).toMatchObject({
    session_uid: view.session_uid,
    partial_state: { answers: [{ value: 'Service' }, { value: 'Jane' }] },
  });
  expect(chat.texts).toHaveLength(3);

  expect(await replayAll(chat)).toBeGreaterThan(2);
});

test('of messages that come just while a session is closed, none is lost, and the histories replay', async () => {
  const chats = Array.from({ length: 10 }, () => rig.chat());
  for (const [index, chat] of chats.entries()) {
    await chat.says('Hi');
    await chat.hears(1);
    const late = await chat.message('Wait, one more thing');
    await chat.signal('forceClose', { actor: 'ann', reason: 'a test' });
    await setTimeout(index * 3);
    await chat.deliver([late]);
    await chat.dealsWith(2);
    expect((await chat.hears(2))[1]).toMatch(/^(Hello|Welcome)/); // in a session of its own
    await replayAll(chat);
  }
});

test('a text that is being retried ends with its session, although no worker runs', async () => {
  const chat = rig.chat({ policy: { ...POLICY, idleWarnSeconds: 9, idleCloseSeconds: 10 } });
  rig.podium.fail('sendMessage', away());
  await chat.says('Hi');
  await chat.isTried();
  await rig.withoutWorkers(() =>
    eventually('the end of the text', async () => {
      const { pendingActivities } = (await chat.handle.describe()).raw;
      return pendingActivities?.length === 0;
    }),
  );
  rig.podium.recover();
  await chat.ends();
  expect(chat.texts).toEqual([]);
  expect(await chat.row()).toMatchObject({ status: 'closed', close_reason: 'idle' });
});
