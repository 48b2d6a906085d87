/** Two servers and two workers at once: whoever does the work, order holds and nothing is done twice. */
import { hostname } from 'node:os';
import { executions, pendingTasks, storedHistory } from './support/histories';
import { publishedEvent } from './support/podium-events';
import { startSystem, type System } from './support/system';

/** Phones 555-0100 to 555-0199 belong to nobody. */
const PHONES = Array.from({ length: 50 }, (_, n) => `+14155550${100 + n}`);
const MESSAGES = 6;

let system: System;
beforeAll(async () => {
  system = await startSystem({ servers: 2, workers: 2 });
});
afterAll(() => system.stop());

test('the order within each of 50 busy sessions holds, and nothing is done twice', async () => {
  await Promise.all(PHONES.map(write));
  await system.isQuiet();

  const written = Array.from({ length: MESSAGES }, (_, n) => ({ number: n + 1, text: `Message ${n}` }));
  for (const phone of PHONES) {
    const messages = await system.messagesOf(phone);
    expect(messages.map(({ number, text }) => ({ number, text }))).toEqual(written);
  }
  const { conversations, contacts } = await system.simulator.state();
  expect(contacts.map(({ phone }) => phone).sort()).toEqual(PHONES);
  expect(conversations.map(({ phone }) => phone).sort()).toEqual(PHONES);
  for (const { messages } of conversations) {
    const texts = messages.map(({ body }) => body);
    expect(texts.filter((text) => text.includes('thanks for contacting'))).toHaveLength(1);
    expect(new Set(texts).size).toBe(texts.length);
  }
});

test('both servers received, and both workers worked', async () => {
  for (const url of system.serverUrls) {
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/webhook_events_total\{status="accepted"\} [1-9]/);
  }
  const workedOn = await Promise.all(
    (await executions(system.client)).map(async (execution) => {
      const { events } = await storedHistory(system.client, execution);
      return (events ?? []).flatMap((event) => event.workflowTaskCompletedEventAttributes?.identity ?? []);
    }),
  );
  const identities = system.workers.map(({ pid }) => `${pid}@${hostname()}`);
  expect(new Set(workedOn.flat())).toEqual(new Set(identities));
});

test('what has only just begun is seen to have something to do', async () => {
  for (let n = 0; n < 25; n += 1) {
    const workflowId = `just-begun-${n}`;
    await system.client.workflow.start('nothing', { workflowId, taskQueue: 'nobody' });
    expect(await pendingTasks(system.client, [workflowId])).toContain(`a workflow task of ${workflowId}`);
  }
});

/** A customer writes one message after the other, now through this server, now through that. */
async function write(phone: string, customer: number): Promise<void> {
  for (let n = 0; n < MESSAGES; n += 1) {
    const event = publishedEvent({ phone, body: `Message ${n}` });
    const answer = await system.post(event, 'published', (customer + n) % 2);
    // It is posted again where a busy machine could not answer in time.
    expect(answer.status).toBe(200);
    expect(['accepted', 'duplicate']).toContain(answer.body.status);
  }
}
