/** What a customer says, and their phone, is read by nobody who looks into Temporal or into a log. */
import { executions, storedHistory } from './support/histories';
import { publishedEvent } from './support/podium-events';
import { ARCHIVED, NORTHSIDE } from './support/simulator';
import { startSystem, type System } from './support/system';
import { TraceCollector } from './support/trace-collector';

const JANE = '+61400123456';
const JOHN = '+61412345678';
/** However a phone is written: in its international and local forms, with blanks or without. */
const PHONES = ['61400123456', '0400123456', '0400 123 456', '61412345678', '0412345678', '0412 345 678'];
const TEXTS = ['quokka', 'wombat', 'bilby', 'numbat', 'Zebediah', 'Pemberton'];
const SECRETS = [...PHONES, '400123456', '412345678', ...TEXTS];

let system: System;
let collector: TraceCollector;

/** Once through everything: a chat, an opt-out, an operator, what fails, and what cannot be used. */
beforeAll(async () => {
  collector = await TraceCollector.start();
  system = await startSystem({
    logLevel: 'trace',
    settings: { reconciliation: { interval_seconds: 1 } },
    environment: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '100' },
  });
  const write = (phone: string, body: string, location_uid = NORTHSIDE) =>
    system.simulator.customerWrites({ phone, location_uid, body, name: 'Zebediah Pemberton' });

  await system.simulator.fault({ method: 'POST', path: '^/v4/messages$', status: 500 });
  await system.simulator.fault({ method: 'POST', path: '^/v4/contacts$', drop: 'after' });
  await write('0400 123 456', 'Do you have a quokka?');
  await system.hears(1, JANE);
  await write('0400 123 456', '1');
  await system.hears(2, JANE);
  await write('0400 123 456', 'Zebediah Pemberton');
  await system.hears(3, JANE);
  // One file is kept, one is refused; the link of a file is nobody's business either.
  await system.simulator.customerWrites({
    ...{ phone: '0400 123 456', location_uid: NORTHSIDE, body: 'Like this quokka.' },
    attachments: [
      { content_type: 'image/png', size_bytes: 5_000 },
      { content_type: 'application/x-msdownload', size_bytes: 5_000 },
    ],
  });
  const { uid } = (await system.simulator.conversation(JANE, NORTHSIDE))!;
  await system.simulator.agentWrites({ conversation_uid: uid, body: 'We have a wombat.' });
  await system.isQuiet();
  await forceClose(JANE);

  await write('0412 345 678', 'Do you have a bilby?');
  await system.hears(1, JOHN);
  await write('0412 345 678', 'STOP');
  await write('0412 345 678', 'A bilby, please?');
  await write('0412 345 678', 'A numbat, please?', ARCHIVED);
  await system.simulator.set({ webhook_loss_rate: 1 });
  await write('0400 123 456', 'Have you found my wombat?');
  await system.simulator.set({ webhook_loss_rate: 0 });
  await system.post('{"data": {"body": "A numbat from 0412 345 678?"');
  await system.post(publishedEvent({ phone: '0412 345 678 9', body: 'A numbat?' }));
  await system.isQuiet();
  await system.reconcile();
  await system.isQuiet();
});
afterAll(async () => {
  await system.stop();
  await collector.close();
});

async function forceClose(phone: string): Promise<void> {
  await system.client.workflow
    .getHandle(system.workflowId(phone))
    .executeUpdate('close', { args: [{ actor: 'kim', reason: 'a test' }] });
  await system.isQuiet();
}

/** Those secrets that stand in a text. */
const secretsIn = (text: string) => SECRETS.filter((secret) => text.includes(secret));

test('the run was one that had something to hide', async () => {
  const state = JSON.stringify(await system.simulator.state());
  expect(secretsIn(state)).toEqual(expect.arrayContaining(['61400123456', 'quokka', 'wombat', 'bilby']));
  expect(secretsIn(readable([{ data: Buffer.from('a quokka') }]))).toEqual(['quokka']);
  const types = (await executions(system.client)).map(({ type }) => type);
  expect(new Set(types)).toEqual(
    new Set([
      'webchatSession',
      'agentNote',
      'optOutMirror',
      'contactReading',
      'inboundFile',
      'reconciliation',
    ]),
  );
});

test('no workflow as Temporal stores it tells a phone or a text', async () => {
  for (const execution of await executions(system.client)) {
    const history = await storedHistory(system.client, execution);
    expect(secretsIn(readable(history))).toEqual([]);
  }
});

test('no id, search attribute, memo or detail that Temporal shows tells a phone or a text', async () => {
  const { client } = system;
  const { namespace } = client.options;
  const { executions: shown } = await client.workflowService.listWorkflowExecutions({ namespace });
  expect(shown.length).toBeGreaterThan(3);
  expect(secretsIn(readable(shown))).toEqual([]);
  for (const { execution = null } of shown) {
    const described = await client.workflowService.describeWorkflowExecution({ namespace, execution });
    expect(secretsIn(readable(described))).toEqual([]);
  }
});

test('no log line of any process tells a phone or a text', async () => {
  const { 'simulator.log': _, ...logs } = await system.logs(); // it is Podium, and no part of the product
  expect(Object.keys(logs).sort()).toEqual(['server-0.log', 'temporal.log', 'worker-0.log']);
  for (const log of Object.values(logs)) expect(log.split('\n').flatMap(secretsIn)).toEqual([]);
});

test('no metric tells a phone or a text', async () => {
  const { servers, workers } = system.metricsUrls;
  for (const url of [...servers, ...workers]) {
    const metrics = await (await fetch(url)).text();
    expect(metrics).toContain('podium_webchat_');
    expect(secretsIn(metrics)).toEqual([]);
  }
});

test('no trace tells a phone or a text', async () => {
  const names = [
    'receive event',
    'handle message',
    'sendText',
    'inboundFile',
    'mirrorOptOut',
    'POST /v4/messages',
  ];
  await system.eventually('spans of all kinds', () =>
    names.every((name) => collector.spans.some((span) => span.name === name)),
  );
  expect(collector.raw.flatMap((sent) => secretsIn(sent.toString('latin1')))).toEqual([]);
});

/** All that somebody can read in a message of Temporal: its texts, and its bytes as a text. */
function readable(message: unknown): string {
  if (typeof message === 'string') return message;
  if (message instanceof Uint8Array) return Buffer.from(message).toString('latin1');
  if (typeof message !== 'object' || message === null) return '';
  return Object.entries(message).flat().map(readable).join('\n');
}
