import { PodiumError } from '../podium/api';
import { SESSION_QUEUE } from '../core/session';
import { WANTED_EVENT_TYPES } from '../core/webhooks';
import { replaceLocations } from '../store/locations';
import { lastWebhookCheck, serverRuns } from '../store/webhooks';
import { MINUTE, PUBLIC_URL, SessionRig } from '../test/support/session-rig';

let rig: SessionRig;
beforeAll(async () => (rig = await SessionRig.start()));
afterAll(() => rig?.stop());
beforeEach(async () => {
  const server = { id: '00000000-0000-4000-8000-000000000001', secrets: ['a fingerprint'] };
  await serverRuns(rig.database.pool, server, new Map()); // after a minute of silence it counts as gone
});
afterEach(() => rig.podium.recover());

/** As the schedule starts it. @returns the codes that the check has left in the store */
async function check(): Promise<string[]> {
  await rig.env.client.workflow.execute('webhookCheck', {
    ...{ taskQueue: SESSION_QUEUE, workflowId: 'webhookCheck' },
  });
  return (await lastWebhookCheck(rig.database.pool))!.findings.map(({ code }) => code);
}

test('what is wrong with the webhooks at Podium is kept for the servers, and goes once it is mended', async () => {
  expect(await check()).toEqual(['missing']);
  const { uid } = await rig.podium.createWebhook({
    ...{ url: `${PUBLIC_URL}/webhooks/podium`, eventTypes: [...WANTED_EVENT_TYPES], secret: 'rehearsal' },
    organizationUid: 'the organization',
  });
  expect(await check()).toEqual([]);
  await rig.podium.updateWebhook(uid, { disabled: true });
  expect(await check()).toEqual(['disabled']);
});

test('it mends nothing by itself: whoever disabled a webhook may have had a reason', async () => {
  await check();
  expect(rig.podium.webhooks.map(({ disabled }) => disabled)).toEqual([true]);
});

test('while Podium is away, the check is made as soon as it is back', async () => {
  rig.podium.webhooks.length = 0;
  rig.podium.fail('listWebhooks', new PodiumError('server', '500', { mayHaveHappened: false }), 3);
  expect(await check()).toEqual(['missing']);
});

test('scopes are tried where Podium has not told them with the token, and believed where it has', async () => {
  await rig.podium.createWebhook({
    ...{ url: `${PUBLIC_URL}/webhooks/podium`, eventTypes: [...WANTED_EVENT_TYPES], secret: 'rehearsal' },
    organizationUid: 'the organization',
  });
  rig.podium.fail('findContact', new PodiumError('not_permitted', '403', { mayHaveHappened: false }));
  expect(await check()).toEqual(['scopes_missing']);
  const { pool } = rig.database;
  await pool.query(`insert into podium_tokens (scopes) values ('{read_messages,read_contacts}')`);
  expect(await check()).toEqual([]);
  await pool.query(`update podium_tokens set scopes = '{read_contacts}'`);
  expect(await check()).toEqual(['scopes_missing']);
});

test('no scope is tried at an archived location, whatever its uid', async () => {
  const { pool } = rig.database;
  const [northside] = rig.podium.locations;
  const archived = { ...northside!, uid: '00000000-0000-4000-8000-000000000000', archived: true };
  await replaceLocations(pool, [archived, ...rig.podium.locations], new Date());
  await pool.query('truncate podium_tokens');
  rig.podium.calls.length = 0;
  await check();
  const asked = rig.podium.calls.filter(({ method }) => method === 'pageOfConversations');
  expect(asked.map(({ args }) => args[0])).not.toContain(archived.uid);
  expect(asked).toHaveLength(1);
});

test('a check that cannot be made for ten minutes makes room for the next one', async () => {
  rig.podium.fail('listWebhooks', new PodiumError('server', '500', { mayHaveHappened: false }));
  await expect(check()).rejects.toThrow();
  const { startTime, closeTime } = await rig.env.client.workflow.getHandle('webhookCheck').describe();
  expect(closeTime!.getTime() - startTime.getTime()).toBeLessThanOrEqual(11 * MINUTE);
});
