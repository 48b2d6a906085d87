import { MockActivityEnvironment } from '@temporalio/testing';
import { PODIUM_QUEUE, SESSION_QUEUE } from '../core/session';
import { withinActivities } from './call-share';

const OUTSIDE_MS = 7_000;
const share = withinActivities({ take: async () => OUTSIDE_MS, patienceMs: 0 });
const twoCallsOn = (taskQueue: string) =>
  new MockActivityEnvironment({ taskQueue }).run(async () => [await share.take(), await share.take()]);

test("an activity's first call was counted by the engine; each other one is taken from outside of the queue", async () => {
  expect(await twoCallsOn(PODIUM_QUEUE)).toEqual([0, OUTSIDE_MS]);
  expect(await twoCallsOn(PODIUM_QUEUE)).toEqual([0, OUTSIDE_MS]);
});

test('what a worker calls anywhere else is taken from outside of the queue', async () => {
  expect(await twoCallsOn(SESSION_QUEUE)).toEqual([OUTSIDE_MS, OUTSIDE_MS]);
  expect(await share.take()).toBe(OUTSIDE_MS);
});
