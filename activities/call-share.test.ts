import { MockActivityEnvironment } from '@temporalio/testing';
import { withinActivities } from './call-share';

const OUTSIDE_MS = 7_000;
const share = withinActivities({ take: async () => OUTSIDE_MS, patienceMs: 0 });
const twoCalls = async () => [await share.take(), await share.take()];

test("an activity's first call was counted by the engine; each other one is taken from outside of the queue", async () => {
  expect(await new MockActivityEnvironment().run(twoCalls)).toEqual([0, OUTSIDE_MS]);
  expect(await new MockActivityEnvironment().run(twoCalls)).toEqual([0, OUTSIDE_MS]);
});

test('what a worker calls outside of any activity is taken from outside of the queue', async () => {
  expect(await share.take()).toBe(OUTSIDE_MS);
});
