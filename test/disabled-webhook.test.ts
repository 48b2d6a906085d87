/** A server that is away for a night: Podium disables the webhook, the doctor says so, and the queue comes in. */
import { startSystem, type System } from './support/system';
import { NORTHSIDE } from './support/simulator';

const [JANE, JOHN, MARY, ANNA] = ['+61400123456', '+61412345678', '+14155550100', '+14155550101'];
const HOUR = 3_600_000;

let system: System;
beforeAll(async () => {
  // Fifteen retries take Podium eight hours.
  system = await startSystem({ timeScale: 20_000 });
});
afterAll(() => system.stop());

const writes = (phone: string, hoursAgo: number) =>
  system.simulator.customerWrites({
    ...{ phone, location_uid: NORTHSIDE, body: `Written ${hoursAgo} hours ago` },
    at: new Date(Date.now() - hoursAgo * HOUR).toISOString(),
  });
const webhook = async () => (await system.simulator.state()).webhooks[0]!;
const doctor = async () => {
  const { exitCode, data } = await system.cli(['webhook', 'doctor']);
  return { exitCode, findings: (data as { findings: { code: string; mend: string }[] }).findings };
};
const readiness = async () => {
  const response = await fetch(`${system.serverUrls[0]}/readyz`);
  const { checks } = (await response.json()) as { checks: Record<string, string> };
  return { status: response.status, webhook: checks['webhook'] };
};

test('after fifteen failures the webhook is disabled, and what is written then waits at Podium', async () => {
  await system.servers[0]!.stop();
  const { event_uid } = await writes(JANE, 9);
  await system.eventually('the webhook to be disabled', async () => (await webhook()).disabled);
  const delivery = (await system.simulator.deliveries()).find((each) => each.event_uid === event_uid)!;
  expect(delivery.attempts.map(({ status }) => status)).toEqual(Array(16).fill(null));

  await system.servers[0]!.start();
  await writes(ANNA, 11 * 24);
  await writes(JOHN, 9 * 24);
  await writes(MARY, 0);
  expect((await webhook()).waiting).toBe(4);
});

test('the check on the schedule shows it in /readyz and /metrics, and takes no server out', async () => {
  await system.runScheduled('webhookCheck');
  expect(await readiness()).toEqual({ status: 200, webhook: expect.stringMatching(/^disabled: .*doctor/) });
  const metrics = await (await fetch(`${system.serverUrls[0]}/metrics`)).text();
  expect(metrics).toContain('podium_webchat_webhook_findings{code="disabled",severity="problem"} 1');
  expect((await webhook()).disabled).toBe(true);
});

test('the doctor says so, and what it says to do lets the queue come in', async () => {
  const { exitCode, findings } = await doctor();
  expect({ exitCode, codes: findings.map(({ code }) => code) }).toEqual({ exitCode: 1, codes: ['disabled'] });
  const [, ...mend] = findings[0]!.mend.split(' ');
  expect(await system.cli(mend)).toMatchObject({ exitCode: 0, data: { disabled: false } });

  await system.hears(1, MARY);
  await system.isQuiet();
  expect(await doctor()).toEqual({ exitCode: 0, findings: [] });
  expect((await readiness()).webhook).toBe('ok');
});

test('what is old by then leads to notes for the agent, and not to texts', async () => {
  for (const phone of [JANE, JOHN]) {
    const { messages, notes } = (await system.simulator.conversation(phone, NORTHSIDE))!;
    expect(messages.map(({ from }) => from)).toEqual(['customer']);
    expect(notes.length).toBeGreaterThan(0);
    expect(await system.messagesOf(phone)).toHaveLength(1);
  }
  expect(await system.textsTo(MARY)).toHaveLength(1);
});

test('what was older than ten days is gone: Podium does not keep it longer', async () => {
  const states = (await system.simulator.deliveries()).map(({ state }) => state);
  expect(states.filter((state) => state === 'expired')).toHaveLength(1);
  expect(await system.textsTo(ANNA)).toEqual([]);
});
