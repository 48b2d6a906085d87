/** What somebody on call sees: a real Prometheus scrapes the running system, and the dashboard asks it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../embedded/paths';
import { startPrometheus, type Prometheus } from './support/prometheus';
import { publishedEvent } from './support/podium-events';
import { ARCHIVED, NORTHSIDE } from './support/simulator';
import { startSystem, type System } from './support/system';
import { traceIdOf } from '../store/trace-id';

/** Nobody is kept waiting here: a chat is prompted and closed within seconds, but not both at once by a slow worker. */
const QUICK = { session: { idle_warn_seconds: 6, idle_close_seconds: 14, podium_expiry_seconds: 18 } };
const JANE = '+14155550130';
const [ANSWERED, WAITING] = ['+14155550132', '+14155550133'];
const A_PERSON = 'a0000000-0000-4000-8000-000000000001';

/** What has data only in an incident that this test does not make, and why. */
const INCIDENTS: Record<string, string> = {
  podium_webchat_webhook_findings: 'a webhook that is not as it should be',
  temporal_workflow_task_execution_failed: 'workflow code that cannot go on',
  podium_webchat_podium_refresh_token_timestamp_seconds: 'a Podium that gives a new refresh token',
};

let system: System;
let prometheus: Prometheus;

beforeAll(async () => {
  system = await startSystem({ settings: QUICK });
  prometheus = await startPrometheus({
    'podium-webchat-server': system.metricsUrls.servers.map(hostOf),
    'podium-webchat-worker': system.metricsUrls.workers.map(hostOf),
  });
  await liveThroughADay();
});
afterAll(async () => {
  await prometheus?.stop();
  await system?.stop();
});

const hostOf = (url: string) => new URL(url).host;

/** One of everything: a chat with its prompt and close, what is set aside, refused, paused, tried again, looked for. */
async function liveThroughADay(): Promise<void> {
  await system.simulator.fault({
    ...{ method: 'POST', path: '^/v4/messages$', status: 429 },
    headers: { 'retry-after': '1' },
  });
  const write = (phone: string, location_uid: string) =>
    system.simulator.customerWrites({ phone, location_uid, body: 'Can I book a test drive?' });
  await write(JANE, NORTHSIDE);
  await write('+14155550131', ARCHIVED);
  await fetch(system.webhookUrl(), { method: 'POST', body: '{}' });
  await system.post(publishedEvent({ phone: '0412 345 678 9', body: 'Hello?' }));
  await system.eventually('the close', async () => {
    const { rowCount } = await system.pool.query("select from sessions where status = 'closed'");
    return rowCount === 1;
  });
  await personAnswers();
  for (const schedule of ['optOutAudit', 'webhookCheck', 'reconciliation'])
    await system.runScheduled(schedule);
  await system.simulator.fault({
    ...{ method: 'PUT', path: '^/v4/conversations/[^/]+$', status: 429 },
    headers: { 'retry-after': '3600' },
  });
  await write(JANE, NORTHSIDE);
}

/** Two chats that came too late for an answer of the robot wait for a person, who writes to one of them. */
async function personAnswers(): Promise<void> {
  const at = new Date(Date.now() - 3_600_000).toISOString();
  for (const phone of [ANSWERED, WAITING])
    await system.simulator.customerWrites({ phone, location_uid: NORTHSIDE, body: 'Anybody there?', at });
  const waiting = (count: number) =>
    system.eventually(`${count} chat(s) to wait for a person`, async () => {
      const { rowCount } = await system.pool.query('select from sessions where waiting_since is not null');
      return rowCount === count;
    });
  await waiting(2);
  const conversation = await system.simulator.conversation(ANSWERED, NORTHSIDE);
  await system.simulator.agentWrites({
    ...{ conversation_uid: conversation!.uid, body: 'I am here.', sender_uid: A_PERSON },
  });
  await waiting(1);
}

interface Panel {
  title: string;
  targets?: { expr: string }[];
}

async function dashboard(): Promise<Panel[]> {
  const file = await readFile(join(ROOT, 'deploy/grafana/podium-webchat.json'), 'utf8');
  return (JSON.parse(file) as { panels: Panel[] }).panels;
}

/** As Grafana asks it, whose interval is four scrapes or more: here it holds all of that day. */
const asAsked = (expression: string) => expression.replaceAll('$__rate_interval', '10m');

const hasFigures = async (expression: string) => {
  const samples = await prometheus.query(asAsked(expression));
  return samples.some(({ value }) => !Number.isNaN(value));
};

test('every query of the dashboard has an answer', async () => {
  const panels = await dashboard();
  const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  expect(queries.length).toBeGreaterThan(30);
  for (const query of queries) {
    if (Object.keys(INCIDENTS).some((metric) => query.includes(metric)))
      await prometheus.query(asAsked(query));
    else await system.eventually(`figures of ${query}`, () => hasFigures(query));
  }
});

test('servers and workers are scraped by the example configuration', async () => {
  const up = await system.eventually('a scrape that both have answered in time', async () => {
    const samples = await prometheus.query('up');
    return samples.every(({ value }) => value === 1) && samples;
  });
  expect(up.map(({ metric }) => metric['job']).sort()).toEqual([
    'podium-webchat-server',
    'podium-webchat-worker',
  ]);
});

test.each([
  ['a delivery without signature', 'sum(podium_webchat_codes_total{code="ERR_WHK_001"})', 1],
  ['an event that is set aside', 'max(podium_webchat_quarantined_events{code="ERR_WEBCHAT_001"})', 1],
  ['a chat for an archived store', 'max(podium_webchat_quarantined_events{code="ERR_WEBCHAT_003"})', 1],
  ['a text that was tried again', 'sum(podium_webchat_sends_total{outcome="tried_again"}) > bool 0', 1],
  ['a prompt and a close', 'count(podium_webchat_timer_lateness_seconds_count > 0)', 2],
  ['a close', 'sum(podium_webchat_sessions_closed_total{reason="idle"}) > bool 0', 1],
  ['a chat that waits for a person', 'max(podium_webchat_waiting_chats{hours="open"})', 1],
  ['an answer of a person', 'sum(podium_webchat_person_answer_seconds_count)', 1],
  ['an endpoint that Podium wants no calls to', 'max(podium_webchat_podium_paused_seconds) > bool 600', 1],
])('%s is counted', async (_, expression, expected) => {
  await system.eventually(expression, async () => {
    const [sample] = await prometheus.query(expression);
    return sample?.value === expected;
  });
});

test('a database that takes no writes shows, and is left for one that does', async () => {
  const [url] = system.serverUrls as [string];
  const ready = async () => (await fetch(`${url}/readyz`)).status;
  const shown = async (value: number) => {
    const [sample] = await prometheus.query('min(podium_webchat_ready{check="database"})');
    return sample?.value === value;
  };
  await readOnlyForNewConnections(true);
  await system.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name <> current_setting('application_name')`,
  );
  await system.eventually('the check to fail', () => shown(0));
  expect(await ready()).toBe(503);
  const event = publishedEvent({ phone: '+14155550132', body: 'Hello?' });
  expect((await system.postOnce(event)).status).toBe(503);
  await readOnlyForNewConnections(false);
  await system.eventually('the check to be well', () => shown(1));
  expect(await ready()).toBe(200);
  expect((await system.post(publishedEvent({ phone: '+14155550132', body: 'Hello?' }))).status).toBe(200);
});

/** As a database is after a failover, whose address leads to a standby for a while. */
async function readOnlyForNewConnections(on: boolean): Promise<void> {
  const { rows } = await system.pool.query<{ name: string }>('select current_database() as name');
  const name = `"${rows[0]!.name}"`;
  // The test's own connection may be a new one, too.
  await system.pool.query(
    `begin read write; alter database ${name} set default_transaction_read_only = ${on ? 'on' : 'off'}; commit`,
  );
}

test('one id leads through the logs of servers and workers, from a message to its answer', async () => {
  const { rows } = await system.pool.query<{ contract: 'published'; eventId: string }>(
    `select contract, event_id as "eventId" from inbox_events where phone_e164 = $1 order by id limit 1`,
    [JANE],
  );
  const { 'server-0.log': server, 'worker-0.log': worker } = await system.logs();
  const told = (log: string | undefined) =>
    log!
      .split('\n')
      .filter((line) => line.includes(`"traceId":"${traceIdOf(rows[0]!)}"`))
      .map((line) => (JSON.parse(line) as { msg: string }).msg);
  expect(told(server)).toEqual(expect.arrayContaining(['An event came in', 'A message was signalled']));
  expect(told(worker)).toEqual(
    expect.arrayContaining([
      'A message is dealt with',
      'A text could not be sent yet',
      'An attempt to send has ended',
      'The idle customer was prompted',
      'The session is closed',
    ]),
  );
});

test('no metric has a label whose values would grow with customers, stores or chats', async () => {
  const series = await prometheus.query('{__name__=~"podium_webchat_.*|temporal_.*"}');
  expect(series.length).toBeGreaterThan(100);
  const labels = new Set(series.flatMap(({ metric }) => Object.keys(metric)));
  const bounded = ['__name__', 'instance', 'job', 'le', 'namespace', 'status', 'code', 'outcome', 'purpose'];
  bounded.push('check', 'endpoint', 'state', 'severity', 'found', 'reason', 'timer', 'operation');
  bounded.push('failure_reason', 'hours', 'kind');
  bounded.push('activityType', 'workflowType', 'taskQueue', 'activity_type', 'workflow_type', 'task_queue');
  bounded.push(
    'worker_type',
    'eager',
    'poller_type',
    'status_code',
    'schedule_id',
    'deployment_name',
    'build_id',
  );
  expect([...labels].filter((label) => !bounded.includes(label))).toEqual([]);
});

test('what waits for workers is counted while none runs, and it is gone when one runs again', async () => {
  const [worker] = system.workers;
  const backlog = async () => {
    const shown = await (await fetch(system.metricsUrls.servers[0]!)).text();
    return Number(
      /^podium_webchat_task_backlog{task_queue="webchat-sessions",kind="workflow"} (\S+)$/m.exec(shown)?.[1],
    );
  };
  await worker!.stop();
  await system.simulator.customerWrites({ phone: '+14155550134', location_uid: NORTHSIDE, body: 'Hello?' });
  await system.eventually('the task to wait', async () => (await backlog()) > 0);
  await worker!.start();
  await system.eventually('no task to wait', async () => (await backlog()) === 0);
});
