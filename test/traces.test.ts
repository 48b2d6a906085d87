/** What a collector of traces is sent: the way of each message as one trace, over all processes. */
import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import type { Source } from '../core/events';
import { built } from '../embedded/paths';
import { traceIdOf } from '../store/trace-id';
import { publishedEvent } from './support/podium-events';
import { freePort } from './support/ports';
import { NORTHSIDE } from './support/simulator';
import { startSystem, type System } from './support/system';
import { TraceCollector, type CollectedSpan } from './support/trace-collector';

const JANE = '+14155550140';
const JOHN = '+14155550141';
const KIM = '+14155550142';
const LEE = '+14155550143';
const SAM = '+14155550144';
const ANN = '+14155550145';

/** Spans leave at once, and what does not arrive is given up soon. */
const HASTE = { OTEL_BSP_SCHEDULE_DELAY: '100', OTEL_EXPORTER_OTLP_TIMEOUT: '500' };

let collector: TraceCollector;
let system: System;
beforeAll(async () => {
  collector = await TraceCollector.start();
  system = await startSystem({ environment: { ...HASTE, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } });
});
afterAll(async () => {
  await system?.stop();
  await collector?.close();
});

/** Waits for a span of a trace. */
const spanOf = (traceId: string, name: string, fits: (span: CollectedSpan) => boolean = () => true) =>
  system.eventually(`the span ${name}`, () =>
    collector.of(traceId).find((span) => span.name === name && fits(span)),
  );

/** The names from a span up to the receipt, once all of them are there: a parent ends later, or is another process's. */
const wayOf = (span: CollectedSpan) =>
  system.eventually(`all spans above ${span.name}`, () => {
    const way = collector.wayUp(span);
    return way.at(-1) !== 'missing' && way;
  });

/** What was found, once all that is wanted is among it: each process tells of its part when it comes to it. */
const allOf = (wanted: string[], look: () => Promise<string[]>) =>
  system.eventually('all that is wanted', async () => {
    const found = await look();
    const missing = wanted.filter((one) => !found.includes(one));
    if (missing.length > 0) throw new Error(`Missing: ${missing.join('; ')}`);
    return found;
  });

const traceOf = (eventId: string, contract: Source = 'published') => traceIdOf({ contract, eventId });

/** The lines of all logs that tell an id. */
async function linesOf(traceId: string): Promise<{ msg: string; process: string }[]> {
  const lines = Object.values(await system.logs()).flatMap((log) => log.split('\n'));
  return lines.filter((line) => line.includes(`"traceId":"${traceId}"`)).map((line) => JSON.parse(line));
}

describe('a message, from the webhook to its answer', () => {
  const event = publishedEvent({ phone: JANE, body: 'Can I book a test drive?' });
  const traceId = traceOf(event.metadata.eventUid);

  beforeAll(async () => {
    await system.simulator.fault({
      ...{ method: 'POST', path: '^/v4/messages$', status: 429 },
      headers: { 'retry-after': '1' },
    });
    await system.post(event);
    await system.hears(1, JANE);
    await spanOf(traceId, 'handle message');
  });

  test('is one trace, in which each span hangs below the one that has led to it', async () => {
    const wanted = [
      'receive event',
      'verify event < receive event',
      'store event < receive event',
      'signal session < receive event',
      'handle message < receive event',
      'openSession < handle message < receive event',
      'saveProgress < handle message < receive event',
      'findContact < handle message < receive event',
      'GET /v4/contacts/{id} < findContact < handle message < receive event',
      'createContact < handle message < receive event',
      'POST /v4/contacts < createContact < handle message < receive event',
      'sendText < handle message < receive event',
      'prepare to send < sendText < handle message < receive event',
      'pass the door < sendText < handle message < receive event',
      'POST /v4/messages < sendText < handle message < receive event',
    ];
    const ways = await allOf(wanted, async () => {
      const all = await Promise.all(collector.of(traceId).map(wayOf));
      return all.map((way) => way.join(' < '));
    });
    expect(ways.filter((way) => !way.endsWith('receive event'))).toEqual([]);
    const services = new Set(collector.of(traceId).map(({ service }) => service));
    expect(services).toEqual(new Set(['podium-webchat-server', 'podium-webchat-worker']));
  });

  test('tells of each attempt what became of it, and how long Podium wanted us to wait', async () => {
    const calls = collector.of(traceId).filter(({ name }) => name === 'POST /v4/messages');
    expect(calls.map(({ attributes, failed }) => [attributes['http.response.status_code'], failed])).toEqual([
      [429, true],
      [200, false],
    ]);
    expect(calls[0]!.attributes['webchat.retry_after_ms']).toBe(1_000);
    const attempts = collector.of(traceId).filter(({ name }) => name === 'sendText');
    expect(attempts.map(({ attributes }) => attributes)).toEqual([
      expect.objectContaining({
        'webchat.attempt': 1,
        'webchat.outcome': 'tried_again',
        'error.type': 'throttled',
      }),
      expect.objectContaining({
        'webchat.attempt': 2,
        'webchat.outcome': 'sent',
        'webchat.purpose': 'greeting',
      }),
    ]);
  });

  test('delivered once more it is the same trace, and still has one beginning', async () => {
    expect((await system.post(event)).body).toMatchObject({ status: 'duplicate' });
    const again = await spanOf(traceId, 'receive event', (span) => span.parentSpanId !== null);
    expect(again.attributes['webchat.status']).toBe('duplicate');
    expect(await wayOf(again)).toEqual(['receive event', 'receive event']);
    expect(collector.of(traceId).filter((span) => span.parentSpanId === null)).toHaveLength(1);
  });

  test("goes on with the session's close, and with the note that the agent gets", async () => {
    await system.client.workflow
      .getHandle(system.workflowId(JANE))
      .signal('forceClose', { actor: 'kim', reason: 'a test' });
    const posted = await spanOf(traceId, 'POST /v4/conversations/{id}/notes');
    expect(await wayOf(posted)).toEqual([
      'POST /v4/conversations/{id}/notes',
      ...['postNote', 'agentNote', 'receive event'],
    ]);
    await spanOf(traceId, 'closeSession', (span) => collector.wayUp(span)[1] === 'handle message');
    await spanOf(
      traceId,
      'start workflow',
      ({ attributes }) => attributes['webchat.workflow_type'] === 'agentNote',
    );
  });

  test('has the same id in the logs, to the end', async () => {
    const wanted = [
      'podium-webchat-server: An event came in',
      'podium-webchat-server: A message was signalled',
      'podium-webchat-worker: A message is dealt with',
      'podium-webchat-worker: Podium wants no calls to an endpoint for now',
      'podium-webchat-worker: A text could not be sent yet',
      'podium-webchat-worker: Activity failed',
      'podium-webchat-worker: An attempt to send has ended',
      'podium-webchat-worker: The session is closed',
    ];
    const lines = await allOf(wanted, async () =>
      (await linesOf(traceId)).map(({ process, msg }) => `${process}: ${msg}`),
    );
    expect(new Set(lines)).toEqual(new Set(wanted));
  });
});

test('a message of the widget is a trace as well, with its way into the inbox of Podium', async () => {
  const sent = {
    ...{ message_id: randomUUID(), conversation: randomBytes(32).toString('base64url') },
    ...{ phone: JOHN, location_uid: NORTHSIDE, body: 'Do you have a roof box?', name: 'Jane Citizen' },
    ...{ consent: 'You agree to get texts.', page_url: 'https://shop.example.com/cars' },
  };
  await fetch(`${system.serverUrls[0]}/widget/messages`, { method: 'POST', body: JSON.stringify(sent) });
  await system.hears(1, JOHN);
  const { rows } = await system.pool.query<{ id: string }>(
    `select event_id as id from inbox_events where phone_e164 = $1 and contract = 'widget'`,
    [JOHN],
  );
  const traceId = traceOf(rows[0]!.id, 'widget');
  const call = await spanOf(traceId, 'POST /v4/messages');
  await spanOf(traceId, 'handle message');
  expect(await wayOf(call)).toEqual([
    'POST /v4/messages',
    ...['sendText', 'handle message', 'receive event'],
  ]);
  const shown = await spanOf(traceId, 'POST /v4/import/messages');
  await spanOf(traceId, 'widgetImport');
  expect(await wayOf(shown)).toEqual([
    'POST /v4/import/messages',
    ...['importMessage', 'widgetImport', 'receive event'],
  ]);
});

test('what a message leads to beside its session is in its trace: a file that is fetched, an opt-out that Podium is told', async () => {
  const write = (body: string, attachments: { content_type: string; size_bytes: number }[] = []) =>
    system.simulator.customerWrites({ phone: SAM, location_uid: NORTHSIDE, body, attachments });
  await write('Like this one.', [{ content_type: 'image/png', size_bytes: 5_000 }]);
  await system.hears(1, SAM);
  await write('STOP');
  await system.eventually('the two workflows', () =>
    ['inboundFile', 'optOutMirror'].every((name) => collector.spans.some((span) => span.name === name)),
  );
  const { rows } = await system.pool.query<{ contract: Source; eventId: string }>(
    `select contract, event_id as "eventId" from inbox_events
      where phone_e164 = $1 and event_type = 'message.received' order by id`,
    [SAM],
  );
  const [withFile, stop] = rows.map(traceIdOf) as [string, string];
  expect(await wayOf(await spanOf(withFile, 'inboundFile'))).toEqual(['inboundFile', 'receive event']);
  const told = await spanOf(stop, 'POST /v4/contacts/transactional/opt_out');
  expect((await wayOf(told)).slice(1)).toEqual(['mirrorOptOut', 'optOutMirror', 'receive event']);
});

test('a delivery that could not be stored is in the trace that begins with the next one', async () => {
  const event = publishedEvent({ phone: ANN, body: 'Hello?' });
  const traceId = traceOf(event.metadata.eventUid);
  await whileInboxIsLocked(async () => expect((await system.postOnce(event)).status).toBe(503));
  expect((await system.post(event)).status).toBe(200);
  const failed = await spanOf(traceId, 'receive event', (span) => span.failed);
  await spanOf(traceId, 'receive event', (span) => span.parentSpanId === null);
  expect(await wayOf(failed)).toEqual(['receive event', 'receive event']);
});

async function whileInboxIsLocked(work: () => Promise<void>): Promise<void> {
  const client = await system.pool.connect();
  try {
    await client.query('begin; lock table inbox_events in access exclusive mode');
    await work();
  } finally {
    await client.query('rollback');
    client.release();
  }
}

test('of messages that are answered at once, each is a trace, and the answer is in that of the last one', async () => {
  const first = publishedEvent({ phone: KIM, body: 'Hello?' });
  await system.post(first);
  await system.hears(1, KIM);
  const [earlier, later] = [traceOf(randomUUID()), traceOf(randomUUID())];
  const at = Date.now();
  const said = { from: 'customer', webchat: true, at, receivedAt: at, conversationUid: null, name: null };
  await system.client.workflow.getHandle(system.workflowId(KIM)).signal('message', [
    { ...said, number: 2, text: 'Well,', attachments: 0, traceId: earlier },
    { ...said, number: 3, text: '1', attachments: 0, traceId: later },
  ]);
  await system.hears(2, KIM);
  const handled = await spanOf(earlier, 'handle message');
  expect(handled.links).toEqual([{ traceId: later, spanId: later.slice(16) }]);
  expect((await spanOf(later, 'handle message')).links).toEqual([]);
  await spanOf(later, 'sendText');
  expect(collector.of(earlier).map(({ name }) => name)).toEqual(['handle message']);
});

test('where nobody takes the traces, a chat is answered as ever, and each process says it once', async () => {
  await collector.close();
  const told = async () => {
    const { 'server-0.log': server, 'worker-0.log': worker } = await system.logs();
    return [server, worker].map((log) => log!.split('Traces do not arrive').length - 1);
  };
  const post = async (body: string) => {
    const event = publishedEvent({ phone: LEE, body });
    expect((await system.post(event)).status).toBe(200);
    return traceOf(event.metadata.eventUid);
  };
  await post('Hello?');
  await system.hears(1, LEE);
  await system.eventually('a warning of each', async () => (await told()).every((times) => times > 0));
  await post('1');
  await system.hears(2, LEE);
  await collector.open();
  const traceId = await post('Jane');
  await spanOf(traceId, 'handle message');
  expect(await told()).toEqual([1, 1]);
  await system.eventually(
    'that they say so',
    async () =>
      Object.values(await system.logs()).filter((log) => log.includes('Traces arrive again')).length === 2,
  );
});

/**
 * Runs a program that uses what is built, in a process of its own.
 * @param until the process hears of it by the end of its stdin; at once without it
 * @returns what it printed
 */
async function runBuilt(
  program: string,
  env: Record<string, string>,
  until: () => unknown = () => undefined,
): Promise<string> {
  const rooms = ['config', 'core'].map(
    (room) => `const ${room} = (name) => require(${JSON.stringify(built(room))} + '/' + name);`,
  );
  const running = promisify(execFile)(process.execPath, ['-e', `${rooms.join('')}${program}`], {
    env: { ...process.env, ...env },
  });
  await until();
  running.child.stdin!.end();
  return (await running).stdout;
}

/** A program that is traced, and then goes on. */
const traced = (sampler: string, ratio: number, goesOn: string) => `
  const log = { warn: () => undefined, info: () => undefined };
  const environment = { otlpEndpoint: '', tracesSampler: '${sampler}', tracesSamplerArg: ${ratio} };
  const { noteSpan } = core('spans.js');
  config('tracing.js').startTracing(environment, log).then(() => { ${goesOn} });`;

test('a collector that never answers keeps no process from its end', async () => {
  const silent = await TraceCollector.start({ answers: false });
  const ends = `
    noteSpan({ name: 'last', traceId: 'a'.repeat(32), parentSpanId: null, startedAt: 1, endedAt: 2, attributes: {} });
    const began = performance.now();
    process.on('exit', () => console.log('took', performance.now() - began));
    config('lifecycle.js').shutDown('a test');`;
  const told = await runBuilt(traced('always_on', 1, ends), { OTEL_EXPORTER_OTLP_ENDPOINT: silent.url });
  const took = Number(/took ([\d.]+)/.exec(told)![1]);
  expect(took).toBeGreaterThan(900);
  expect(took).toBeLessThan(8_000); // by force it would end after nine seconds
  expect(silent.of('a'.repeat(32))).toHaveLength(1);
  await silent.close();
});

test('a part of the traces is kept, each whole or not at all, whichever process tells of it', async () => {
  const ids = Array.from({ length: 100 }, () => randomBytes(16).toString('hex'));
  const telling = (span: string) => `
    const { receiptOf, handlingOf } = core('trace.js');
    const common = { startedAt: 1000, endedAt: 3000, attributes: {} };
    for (const traceId of ${JSON.stringify(ids)}) noteSpan({ ...common, ...${span} });
    process.stdin.resume().on('close', () => config('lifecycle.js').shutDown('a test'));`;
  const env = { ...HASTE, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
  const kept = () => ids.flatMap((traceId) => collector.of(traceId));
  const half = async (span: string) => {
    const before = kept().length;
    const theyCame = () => system.eventually('its spans', () => kept().length > before); // all in one
    await runBuilt(traced('parentbased_traceidratio', 0.5, telling(span)), env, theyCame);
  };
  await half("{ ...receiptOf(traceId), name: 'root', parentSpanId: null }");
  await half("{ ...handlingOf(traceId), name: 'child', parentSpanId: receiptOf(traceId).spanId }");
  const traces = ids.filter((traceId) => collector.of(traceId).length > 0);
  expect(traces.length).toBeGreaterThan(20);
  expect(traces.length).toBeLessThan(80);
  for (const traceId of traces) {
    const spans = collector.of(traceId);
    expect(spans.map((span) => collector.wayUp(span).join(' < ')).sort()).toEqual(['child < root', 'root']);
    expect(spans.map(({ ms }) => ms)).toEqual([2_000, 2_000]);
  }
});

test('config check says whether the collector takes traces', async () => {
  const check = async (env: Record<string, string>) => {
    const { data } = await system.cli(['config', 'check'], env);
    return (data as { checks: { name: string; message: string }[] }).checks.find(
      ({ name }) => name === 'Traces',
    );
  };
  expect(await check({})).toMatchObject({ ok: true, message: `They are taken at ${collector.url}.` });
  const nobody = `http://127.0.0.1:${await freePort()}`;
  expect(await check({ OTEL_EXPORTER_OTLP_ENDPOINT: nobody })).toMatchObject({
    ok: false,
    message: expect.stringContaining(`They are not taken at ${nobody}: `),
  });
});

test('without an address nothing of the SDK is loaded', async () => {
  const loads = async (otlpEndpoint: string | null) =>
    Number(
      await runBuilt(
        `config('tracing.js').startTracing({ otlpEndpoint: ${JSON.stringify(otlpEndpoint)}, tracesSampler: 'always_on' }, console)
          .then(() => { console.log(Object.keys(require.cache).filter((path) => /opentelemetry/.test(path)).length); process.exit(); });`,
        {},
      ),
    );
  expect(await loads(null)).toBe(0);
  expect(await loads(collector.url)).toBeGreaterThan(10);
});
