/** A new version of the workers while chats are open, with a workflow that the old one's chats could not go on with. */
import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { msToTs } from '@temporalio/common/lib/time';
import { SEARCH_ATTRIBUTES } from '../core/search-attributes';
import { Child } from '../embedded/child';
import { built, ROOT } from '../embedded/paths';
import { listWorkers } from '../ops/operations/workers';
import { versionsLeftAlone } from '../ops/worker-versions';
import { executions } from './support/histories';
import { NORTHSIDE } from './support/simulator';
import { startSystem, type System } from './support/system';

const [JANE, MARY, JOE] = ['+14155550131', '+14155550132', '+14155550133'];
const KIM = '+14155550134';

/** Where a session begins, in what is built. */
const OPEN = 'async function open(run) {\n';

let system: System;
/** Of no version, as before there were any. */
let bareWorker: Child;
let oldWorker: Child;
let newWorker: Child;
let directory: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'podium-webchat-upgrade-'));
  system = await startSystem();
  bareWorker = system.workers[0]!;
  oldWorker = new Child(asVersion('old', bareWorker.program));
  newWorker = new Child(changed(asVersion('new', bareWorker.program)));
});
afterAll(async () => {
  await Promise.all([oldWorker.stop(), newWorker.stop()]);
  await system.stop();
  rmSync(directory, { recursive: true });
});

function asVersion(build: string, program: Child['program']): Child['program'] {
  const name = `worker-${build}`;
  const env = { ...program.env, WEBCHAT_BUILD_ID: build, WORKER_METRICS_ADDRESS: '' };
  return { ...program, name, env, logFile: program.logFile.replace('worker-0', name) };
}

/** The same code but for one step at the begin of a session: with it, no history of the old one can be read. */
function changed(program: Child['program']): Child['program'] {
  cpSync(built('.'), join(directory, 'dist'), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  const workflows = join(directory, 'dist/workflows/bundle.js');
  const [before, after] = readFileSync(workflows, 'utf8').split(OPEN) as [string, string];
  writeFileSync(workflows, `${before}${OPEN}await (0, workflow_1.sleep)(1);\n${after}`);
  return { ...program, args: [join(directory, 'dist/workers/main.js')] };
}

const write = (phone: string, body: string) =>
  system.simulator.customerWrites({ phone, location_uid: NORTHSIDE, body });
const writeInWidget = (phone: string, body: string) =>
  fetch(`${system.serverUrls[0]}/widget/messages`, {
    method: 'POST',
    body: JSON.stringify({
      ...{ message_id: randomUUID(), conversation: randomBytes(32).toString('base64url'), phone, body },
      ...{ location_uid: NORTHSIDE, name: 'Kim', consent: 'You agree to get texts.' },
      page_url: 'https://shop.example.com/cars',
    }),
  });
const workers = (...args: string[]) => system.cli(['workers', ...args]);

/** Of a session's last run: the builds that worked on its workflow. */
async function buildsOf(phone: string): Promise<string[]> {
  const { events } = await system.client.workflow.getHandle(system.workflowId(phone)).fetchHistory();
  const builds = (events ?? []).flatMap(
    ({ workflowTaskCompletedEventAttributes: done }) => done?.deploymentVersion?.buildId ?? [],
  );
  return [...new Set(builds)];
}

async function openOn(build: string): Promise<number | undefined> {
  const { versions } = listWorkers.output.parse((await workers('list')).data);
  return versions.find((version) => version.build === build)?.open_workflows;
}

function closed(phone: string) {
  return system.eventually('the session to be closed', async () => {
    const { rows } = await system.pool.query<{ status: string }>(
      'select status from sessions where phone_e164 = $1',
      [phone],
    );
    return rows[0]?.status === 'closed';
  });
}

async function endChat(phone: string): Promise<void> {
  const wish = { actor: 'kim', reason: 'a test' };
  await system.client.workflow.getHandle(system.workflowId(phone)).signal('forceClose', wish);
  await closed(phone);
}

test('a version nobody runs is not promoted, and the error says what to do', async () => {
  expect(await workers('promote', 'nobody', '--wait', '1')).toMatchObject({
    exitCode: 1,
    data: { error: { code: 'ERR_OPS_WORKERS_MISSING', hint: expect.stringContaining('workers list') } },
  });
  expect(await workers('list')).toMatchObject({ exitCode: 0, data: { current: null } });
});

test('chats of workers without a version go on with the version that is promoted first', async () => {
  await write(JOE, 'Do you have parts?');
  await system.hears(1, JOE);
  await oldWorker.start();
  expect(await workers('promote', 'old')).toEqual({ exitCode: 0, data: { current: 'old' } });
  const { rows: acts } = await system.pool.query(
    `select kind from audit_entries where details ->> 'build' = 'old' order by id`,
  );
  expect(acts).toEqual([{ kind: 'workers_promotion_wanted' }, { kind: 'workers_promoted' }]);
  await bareWorker.stop();
  await write(JOE, '1');
  await system.hears(2, JOE);
  expect(await buildsOf(JOE)).toEqual(['old']);
});

test('only the chat itself is bound to a version: what brings its words into Podium may wait for days', async () => {
  expect((await writeInWidget(KIM, 'Are you open on Sunday?')).status).toBe(202);
  await system.hears(1, KIM);
  const bound = async (behavior: string) => {
    const query = `TemporalWorkflowVersioningBehavior = '${behavior}'`;
    return new Set((await executions(system.client, query)).map(({ type }) => type));
  };
  await system.eventually('an import that is bound to none', async () =>
    (await bound('AutoUpgrade')).has('widgetImport'),
  );
  await system.eventually('chats that are bound', async () => (await bound('Pinned')).size > 0);
  expect([...(await bound('Pinned'))]).toEqual(['webchatSession']);
  await endChat(KIM);
});

test('chats end on the version that they began on, and new ones begin on the new version', async () => {
  await write(JANE, 'Can I book a test drive?');
  await system.hears(1, JANE);

  await newWorker.start();
  expect(await workers('promote', 'new')).toMatchObject({ exitCode: 0 });

  await write(MARY, 'Are you open today?');
  await system.hears(1, MARY);
  await write(JANE, '1');
  await system.hears(2, JANE);
  expect([await buildsOf(JANE), await buildsOf(MARY)]).toEqual([['old'], ['new']]);
});

test('an old worker that starts again takes nothing back', async () => {
  await oldWorker.stop();
  await oldWorker.start();
  expect(await workers('list')).toMatchObject({ data: { current: 'new' } });
  await system.eventually('the open chats to be counted', async () => (await openOn('old')) === 2);
});

test('a version with open chats is known to be left alone once its workers ask for no work any more', async () => {
  expect(await versionsLeftAlone(system.client)).toEqual([]);
  // Its workers run; to whoever waits for no time at all, they have asked too long ago.
  expect(await versionsLeftAlone(system.client, 0)).toContain('old');
});

test('once the last old chat is closed, the old workers may end, and the customer comes to the new ones', async () => {
  for (const phone of [JANE, JOE]) await endChat(phone);
  expect(await buildsOf(JANE)).toEqual(['old']);
  await system.eventually('no open chat of the old version', async () => (await openOn('old')) === 0);
  await oldWorker.stop();

  await write(JANE, 'One more question');
  await system.hears(3, JANE);
  expect(await buildsOf(JANE)).toEqual(['new']);
  await system.isQuiet(); // notes for agents go on with the new version, too
});

test('the migration makes search attributes and schedules in a new namespace, and changes nothing when repeated', async () => {
  await system.client.workflowService.registerNamespace({
    namespace: 'fresh',
    workflowExecutionRetentionPeriod: msToTs('1 day'),
  });
  const env = { ...process.env, ...system.environment, TEMPORAL_NAMESPACE: 'fresh' };
  const migrate = () => promisify(execFile)(process.execPath, [built('workers/migrate.js')], { env });
  const said = await system.eventually('the namespace to be known', async () => (await migrate()).stdout);
  expect(said).toContain(`search attributes: made ${Object.keys(SEARCH_ATTRIBUTES).join(', ')}`);
  expect(said).toContain('schedules: retention, ');
  const { operatorService } = system.client.connection;
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace: 'fresh' });
  expect(Object.keys(customAttributes)).toEqual(expect.arrayContaining(Object.keys(SEARCH_ATTRIBUTES)));
  expect((await migrate()).stdout).toContain('search attributes: all there');
});
