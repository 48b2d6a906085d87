/** `config check` with one thing broken at a time: each line tells what is wrong, and what mends it. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { cli } from './support/cli';
import { startSystem, type System } from './support/system';

/** Opted out and erased: what is left of it is named by a key. */
const ERASED = '+14155550120';
const NOBODY = 'http://127.0.0.1:1';
const OTHER_KEY = 'another-key-than-the-one-before';

interface Check {
  name: string;
  ok: boolean | null;
  message: string;
  mend: string | null;
}

interface Broken {
  /** What differs in the shell. */
  env?: Record<string, string>;
  /** What differs in its settings file. */
  settings?: Record<string, object>;
  /** What is done to the system, and undone. */
  breaks?: () => Promise<unknown>;
  mends?: () => Promise<unknown>;
  /** Null where it cannot be looked at. */
  ok: false | null;
  message: RegExp;
  mend: RegExp;
}

let system: System;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podium-webchat-config-'));
  system = await startSystem();
  await system.ops('optout record', { phone: ERASED });
  await system.ops('contacts erase', { phone: ERASED, yes: true });
  await system.temporalCli('operator', 'namespace', 'create', 'empty', '--retention', '1d');
  await system.eventually('a sealed audit', async () => (await check()).every(({ ok }) => ok !== null));
});
afterAll(async () => {
  await system?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function check(env: Record<string, string> = {}): Promise<Check[]> {
  const { out } = await cli({ ...system.environment, ...env }, ['config', 'check', '--json']);
  return (JSON.parse(out) as { checks: Check[] }).checks;
}

const sql = (statement: string) => () => system.pool.query(statement);
const newest = '(select max(name) from migrations)';
const webhook = async () => (await system.simulator.state()).webhooks[0]!.uid;

const BROKEN: Record<string, Broken> = {
  Settings: {
    settings: { session: { idle_warn_seconds: -1 } },
    ...{ ok: false, message: /session\.idle_warn_seconds/, mend: /the file that WEBCHAT_SETTINGS names/ },
  },
  Environment: {
    env: { PUBLIC_URL: '' },
    ...{ ok: false, message: /PUBLIC_URL is not set/, mend: /as https:/ },
  },
  Database: {
    env: { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing' },
    ...{ ok: null, message: /ECONNREFUSED/, mend: /Check DATABASE_URL/ },
  },
  Migrations: {
    breaks: sql(`update migrations set name = name || '_later' where name = ${newest}`),
    mends: sql(`update migrations set name = replace(name, '_later', '') where name = ${newest}`),
    ...{ ok: false, message: /To be applied: \d{4}_/, mend: /npm run migrate/ },
  },
  'Suppression keys': {
    env: { WEBCHAT_ID_KEY: OTHER_KEY },
    ...{ ok: false, message: /key/, mend: /Add the missing key behind the others/ },
  },
  'Encryption keys': {
    env: { WEBCHAT_ENCRYPTION_KEYS: `local:${Buffer.alloc(32, 9).toString('base64')}` },
    ...{ ok: false, message: /the key "local" is not the "local" with which/, mend: /Put the key back/ },
  },
  'Id keys': {
    env: { WEBCHAT_ID_KEY: OTHER_KEY },
    ...{
      ok: false,
      message: /missing with which this database was used last/,
      mend: /with which phones were named/,
    },
  },
  'Audit keys': {
    env: { WEBCHAT_ID_KEY: OTHER_KEY },
    ...{ ok: false, message: /which is not at hand/, mend: /audit verify/ },
  },
  'Webhook secrets': {
    env: { PODIUM_WEBHOOK_SECRETS: OTHER_KEY },
    ...{ ok: false, message: /1 of 1 server\(s\) do not take the first one/, mend: /Restart them/ },
  },
  'File store': {
    settings: { attachments: { store: { kind: 'folder', path: '/dev/null/files' } } },
    ...{ ok: null, message: /ENOTDIR|not a directory/i, mend: /attachments\.store/ },
  },
  Temporal: {
    env: { TEMPORAL_ADDRESS: '127.0.0.1:1' },
    ...{ ok: null, message: /./, mend: /Check TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE/ },
  },
  Workers: {
    env: { TEMPORAL_NAMESPACE: 'empty' },
    ...{ ok: false, message: /Nobody takes work from/, mend: /Start a worker/ },
  },
  'Search attributes': {
    env: { TEMPORAL_NAMESPACE: 'empty' },
    ...{ ok: false, message: /Missing: .*WebchatStatus/, mend: /npm run migrate/ },
  },
  Schedules: {
    env: { TEMPORAL_NAMESPACE: 'empty' },
    ...{ ok: false, message: /Missing: .*reconciliation/, mend: /Start a worker/ },
  },
  Podium: {
    env: { PODIUM_API_URL: NOBODY },
    ...{ ok: null, message: /./, mend: /look once more/ },
  },
  Scopes: {
    breaks: () => system.simulator.fault({ path: '/v4/contacts', status: 403, times: 9 }),
    mends: () => system.simulator.clearFaults(),
    ...{ ok: false, message: /Missing: read_contacts/, mend: /auth login/ },
  },
  Locations: {
    breaks: sql(`update location_readings set read_at = read_at - interval '9 days'`),
    mends: sql(`update location_readings set read_at = read_at + interval '9 days'`),
    ...{ ok: false, message: /The list is \d+ s old/, mend: /locations refresh/ },
  },
  Countries: {
    // One of the simulator's stores is as it should not be.
    ...{
      ok: false,
      message: /No country, so no phone in local form: 9e/,
      mend: /locations\.country_overrides/,
    },
  },
  Webhook: {
    breaks: async () => system.simulator.disableWebhook(await webhook()),
    mends: async () => system.simulator.enableWebhook(await webhook()),
    ...{ ok: false, message: /disabled/, mend: /webhook enable/ },
  },
};

/** Nothing can be wrong with the first two, which say how it is; traces are tried in test/traces.test.ts. */
const NOT_HERE = ['Tokens', 'Robot', 'Traces'];

test.each(Object.keys(BROKEN))('%s: what is wrong, and what mends it', async (name) => {
  const { env = {}, settings, breaks, mends, ok, message, mend } = BROKEN[name]!;
  await breaks?.();
  try {
    const checks = await check({
      ...env,
      ...(settings && { WEBCHAT_SETTINGS: await settingsWith(settings) }),
    });
    expect(checks.filter((each) => each.name === name)).toContainEqual({
      ...{ name, ok, message: expect.stringMatching(message), mend: expect.stringMatching(mend) },
    });
  } finally {
    await mends?.();
  }
});

test('no line is without such a test, and with nothing broken all are well', async () => {
  const checks = await check();
  expect([...new Set(checks.map(({ name }) => name))].sort()).toEqual(
    [...Object.keys(BROKEN), ...NOT_HERE].sort(),
  );
  expect(checks.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual(['Countries']);
});

async function settingsWith(change: Record<string, object>): Promise<string> {
  const file = join(folder, 'settings.yaml');
  const own = parse(await readFile(system.environment['WEBCHAT_SETTINGS']!, 'utf8')) as object;
  await writeFile(file, stringify({ ...own, ...change }));
  return file;
}
