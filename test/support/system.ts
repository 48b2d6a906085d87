/**
 * The whole system in processes of its own, as it runs anywhere: servers, workers, the simulator, a Temporal
 * server and a Postgres, for tests that kill, stop and count. The processes run what `npm test` has built.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Client } from '@temporalio/client';
import { stringify } from 'yaml';
import { loadSettings } from '../../config/load';
import { dataConverter } from '../../core/data-converter';
import { readEnvironment } from '../../core/environment';
import type { Contract } from '../../core/events';
import { sessionWorkflowId } from '../../core/ids';
import type { SessionMessage } from '../../core/session';
import { Child } from '../../embedded/child';
import { newKeys, type Keys } from '../../embedded/keys';
import { built } from '../../embedded/paths';
import { createCluster, postgresUrl, type PostgresPlan } from '../../embedded/postgres';
import { postgresProgram, temporalProgram } from '../../embedded/programs';
import { provisionTemporal } from '../../embedded/provision/temporal-cli';
import { NAMESPACE, startTemporal } from '../../embedded/temporal';
import {
  productEnvironment,
  serverProgram,
  simulatorProgram,
  workerProgram,
  type Wiring,
} from '../../embedded/wiring';
import { createTemporalClient } from '../../ops/temporal';
import { createPool, type Pool } from '../../store/database';
import { migrate } from '../../store/migrate';
import { plannedSchedules } from '../../workers/schedules';
import type { Reconciliation } from '../../workflows/reconciliation';
import { createTestDatabase } from './database';
import { eventually } from './eventually';
import { pendingTasks, signalledMessages } from './histories';
import { expectValidByOpenApi } from './openapi';
import { freePort } from './ports';
import { postSigned, type WebhookAnswer } from './podium-events';
import { NORTHSIDE, SimulatorHandle } from './simulator';

export interface SystemOptions {
  servers?: number;
  workers?: number;
  contract?: Contract;
  /** What differs from the shipped settings, as it stands in a settings file. */
  settings?: Record<string, object>;
  /**
   * Postgres and Temporal may be stopped, and know everything when they are started again. Else there is
   * only a database on the Postgres of the test run, and Temporal keeps its state in memory: much faster.
   */
  stoppable?: boolean;
  /** Where a `stoppable` Postgres comes from; the embedded one without it. */
  postgresBinaries?: string;
  /** Divides Podium's waits between the retries of a webhook's event; 60 without it. */
  timeScale?: number;
  logLevel?: string;
  /** What servers and workers are told besides. */
  environment?: Record<string, string>;
  /** Temporal's Web UI, which decodes by the first server. */
  temporalUi?: boolean;
}

/** Podium's retries of a webhook's event wait for so much less. */
const TIME_SCALE = 60;
/** Else each test would wait for Podium's 300 calls a minute. */
const UNHURRIED = { podium: { requests_per_minute: 60_000 } };
const LOG_LINES = 15;
/** Of an answer 503 to whom Podium delivers once more. */
export const NOT_STORED = 'ERR_HTTP_NOT_STORED';

/** Keeps the ids of what the relay has started: their rows are gone then. */
const NOTE_STARTS = `
  create table started_workflows (workflow_id text primary key);
  create function note_start() returns trigger language plpgsql as
    $$ begin insert into started_workflows values (old.workflow_id) on conflict do nothing; return null; end $$;
  create trigger note_start after delete on workflow_starts for each row execute function note_start();
`;

/** Starts everything, and returns when all of it is ready. Whoever starts a system stops it. */
export async function startSystem(options: SystemOptions = {}): Promise<System> {
  if (!existsSync(built('server/main.js')))
    throw new Error('Nothing is built to be run: use `npm test`, or `npm run build` before jest.');
  const directory = await mkdtemp(join(tmpdir(), 'podium-webchat-system-'));
  const system = new System(directory, await plan(directory, options));
  try {
    await system.start();
    return system;
  } catch (error) {
    await system.stop().catch(() => undefined);
    throw error;
  }
}

interface Plan {
  wiring: Wiring;
  database: Database;
  servers: Child[];
  workers: Child[];
  simulator: Child;
  temporal: Child;
  temporalCli: string;
}

/** A database, and the Postgres that only this system uses, if there is one. */
interface Database {
  postgres: Child | null;
  pool: Pool;
  url: string;
  start(): Promise<void>;
  end(): Promise<void>;
}

async function plan(directory: string, options: SystemOptions): Promise<Plan> {
  const places = { logDirectory: join(directory, 'logs'), dataDirectory: directory };
  await mkdir(places.logDirectory);
  const settingsFile = join(directory, 'settings.yaml');
  const store = { kind: 'folder', path: join(directory, 'files') };
  const attachments = { store, ...options.settings?.['attachments'] };
  await writeFile(settingsFile, stringify({ ...UNHURRIED, ...options.settings, attachments }));
  const keys = newKeys();
  const database = await (options.stoppable
    ? ownDatabase(places, keys, options.postgresBinaries)
    : sharedDatabase());
  const serverPorts = await ports(options.servers ?? 1);
  const workerPorts = await ports(options.workers ?? 1);
  const [temporalPort, simulatorPort, uiPort] = (await ports(3)) as [number, number, number];
  const temporalCli = await provisionTemporal();
  const wiring: Wiring = {
    databaseUrl: database.url,
    temporalAddress: `127.0.0.1:${temporalPort}`,
    temporalUiUrl: options.temporalUi ? `http://127.0.0.1:${uiPort}` : null,
    simulatorUrl: `http://127.0.0.1:${simulatorPort}`,
    serverUrl: `http://127.0.0.1:${serverPorts[0]}`,
    contract: options.contract ?? 'published',
    keys,
    settingsFile,
    timeScale: options.timeScale ?? TIME_SCALE,
    logDirectory: places.logDirectory,
    simulatorStateFile: null,
  };
  const temporal = {
    cli: temporalCli,
    port: temporalPort,
    uiPort,
    databaseFile: options.stoppable ? join(directory, 'temporal.db') : null,
    codecEndpoint: options.temporalUi ? `${wiring.serverUrl}/codec/${keys.codecToken}` : null,
  };
  const LOG_LEVEL = options.logLevel ?? 'info';
  const child = (program: Child['program']) => new Child({ ...program, env: { ...program.env, LOG_LEVEL } });
  const product = (program: Child['program']) =>
    child({ ...program, env: { ...program.env, ...options.environment } });
  return {
    wiring,
    database,
    servers: serverPorts.map((port, n) => product(serverProgram(wiring, `server-${n}`, port))),
    workers: workerPorts.map((port, n) => product(workerProgram(wiring, `worker-${n}`, port))),
    simulator: child(simulatorProgram(wiring, simulatorPort)),
    temporal: new Child(temporalProgram(temporal, places)),
    temporalCli,
  };
}

/** One after the other: `get-port` gives no port twice within a few seconds. */
async function ports(count: number): Promise<number[]> {
  const chosen: number[] = [];
  while (chosen.length < count) chosen.push(await freePort());
  return chosen;
}

async function sharedDatabase(): Promise<Database> {
  const { url, pool, drop } = await createTestDatabase();
  return { postgres: null, pool, url, start: async () => undefined, end: drop };
}

async function ownDatabase(
  places: { logDirectory: string; dataDirectory: string },
  keys: Keys,
  binaries: string | undefined,
): Promise<Database> {
  const cluster: PostgresPlan = {
    ...(binaries !== undefined && { binaries }),
    directory: join(places.dataDirectory, 'postgres'),
    port: await freePort(),
    password: keys.postgresPassword,
  };
  const postgres = new Child(postgresProgram(cluster, places));
  const url = postgresUrl(cluster);
  const pool = createPool(url);
  return {
    postgres,
    pool,
    url,
    async start() {
      await createCluster(cluster);
      await postgres.start();
      await migrate(url);
    },
    async end() {
      await pool.end();
      await postgres.stop();
    },
  };
}

export class System {
  readonly servers: Child[];
  readonly workers: Child[];
  readonly temporal: Child;
  /** Null on the Postgres that other test files use too. */
  readonly postgres: Child | null;
  readonly simulator: SimulatorHandle;
  readonly pool: Pool;
  /** It has the keys: what it shows is decoded. */
  readonly client: Client;
  readonly serverUrls: string[];
  /** Where servers and workers show their metrics. */
  readonly metricsUrls: { servers: string[]; workers: string[] };
  private readonly parts: Plan;

  constructor(
    private readonly directory: string,
    parts: Plan,
  ) {
    const { wiring, database } = parts;
    this.parts = parts;
    this.servers = parts.servers;
    this.workers = parts.workers;
    this.temporal = parts.temporal;
    this.postgres = database.postgres;
    this.simulator = new SimulatorHandle(wiring.simulatorUrl!);
    this.pool = database.pool;
    this.client = createTemporalClient(converterOf(wiring.keys), {
      TEMPORAL_ADDRESS: wiring.temporalAddress,
      TEMPORAL_NAMESPACE: NAMESPACE,
    });
    this.serverUrls = parts.servers.map(({ program }) => `http://127.0.0.1:${program.env['PORT']}`);
    const ofWorker = ({ program }: Child) => `http://${program.env['WORKER_METRICS_ADDRESS']}/metrics`;
    this.metricsUrls = {
      servers: this.serverUrls.map((url) => `${url}/metrics`),
      workers: parts.workers.map(ofWorker),
    };
  }

  get keys(): Keys {
    return this.parts.wiring.keys;
  }

  /** The namespace in Temporal's Web UI. */
  get temporalUi(): string {
    return `${this.parts.wiring.temporalUiUrl}/namespaces/${NAMESPACE}`;
  }

  /** What servers and workers are told, and with it the operator's command. */
  get environment(): Record<string, string> {
    return productEnvironment(this.parts.wiring);
  }

  async start(): Promise<void> {
    const { database, temporal, simulator, servers, workers } = this.parts;
    await allOf([database.start(), startTemporal(temporal), simulator.start()]);
    await this.pool.query(NOTE_STARTS);
    await this.simulator.set({ ratelimit_per_minute: null });
    await this.pauseSchedules();
    await allOf([...servers, ...workers].map((part) => part.start()));
  }

  /**
   * Ends every process, and leaves nothing behind.
   * @throws when Podium was asked anything that its OpenAPI files do not know
   */
  async stop(): Promise<void> {
    const { simulator, servers, workers, wiring } = this.parts;
    await this.resumeTemporal();
    await Promise.all([...servers, ...workers].map((part) => part.stop()));
    try {
      if (simulator.pid !== null) expectValidByOpenApi(await this.simulator.calls(), wiring.contract);
    } finally {
      await this.end();
    }
  }

  private async end(): Promise<void> {
    const { database, temporal, simulator } = this.parts;
    await simulator.stop();
    await this.client.connection.close();
    await temporal.stop();
    try {
      await database.end();
    } finally {
      await rm(this.directory, { recursive: true, force: true });
    }
  }

  /** A test triggers what it wants; else the time of day would decide what happens in it. */
  private async pauseSchedules(): Promise<void> {
    const { schedule } = this.client;
    for (const planned of plannedSchedules(loadSettings(this.parts.wiring.settingsFile)))
      await schedule.create({ ...planned, state: { paused: true } });
  }

  /** Posts a signed event from outside, as Podium would: again where a busy machine could not store it in time. */
  async post(
    event: object | string | Buffer,
    contract: Contract = 'published',
    server = 0,
  ): Promise<WebhookAnswer> {
    for (;;) {
      const answer = await this.postOnce(event, contract, server);
      if (answer.body.error?.code !== NOT_STORED) return answer;
    }
  }

  /** The first answer to a signed event, whatever it is. */
  postOnce(
    event: object | string | Buffer,
    contract: Contract = 'published',
    server = 0,
  ): Promise<WebhookAnswer> {
    return postSigned(this.webhookUrl(server), event, this.keys.webhookSecret, contract);
  }

  /** What an operation of the ops API answers, as `sessions list`. */
  async ops<T>(name: string, input: object): Promise<T> {
    const response = await fetch(`${this.serverUrls[0]}/ops/${name.replaceAll(' ', '/')}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.keys.opsToken}` },
      body: JSON.stringify(input),
    });
    const answer: unknown = await response.json();
    if (!response.ok) throw new Error(`${name} answered ${response.status}: ${JSON.stringify(answer)}`);
    return answer as T;
  }

  webhookUrl(server = 0): string {
    return `${this.serverUrls[server]}/webhooks/podium`;
  }

  /** The id of the workflow that owns a customer (E.164) at a store. */
  workflowId(phone: string, locationUid = NORTHSIDE): string {
    return sessionWorkflowId(phone, locationUid, this.keys.idKey);
  }

  /** What a customer (E.164) got from us at a store, in order. */
  async textsTo(phone: string, locationUid = NORTHSIDE): Promise<string[]> {
    const conversation = await this.simulator.conversation(phone, locationUid);
    return (conversation?.messages ?? []).filter(({ from }) => from === 'api').map(({ body }) => body);
  }

  /** Waits until a customer got so many texts. @returns them all */
  hears(count: number, phone: string, locationUid = NORTHSIDE): Promise<string[]> {
    return this.eventually(`${count} text(s) to ${phone}`, async () => {
      const texts = await this.textsTo(phone, locationUid);
      return texts.length >= count && texts;
    });
  }

  /**
   * The messages that reached the session of a customer (E.164), in the order in which they did. One whose signal had no
   * answer in time is signalled again under its number, as a session knows it by: it is here once.
   */
  async messagesOf(phone: string, locationUid = NORTHSIDE): Promise<SessionMessage[]> {
    let highest = 0;
    return (await this.signalsTo(phone, locationUid)).filter(({ number }) => {
      const isNew = number > highest;
      if (isNew) highest = number;
      return isNew;
    });
  }

  /** The same with all repetitions. */
  signalsTo(phone: string, locationUid = NORTHSIDE): Promise<SessionMessage[]> {
    return signalledMessages(this.client, this.workflowId(phone, locationUid));
  }

  /** Has the workers look for messages that no webhook has brought, at all locations. @returns what came of it */
  reconcile(): Promise<Reconciliation> {
    return this.runScheduled<Reconciliation>('reconciliation');
  }

  /** Has a schedule start its workflow now, and waits for the end. @returns what the workflow gives */
  async runScheduled<T>(scheduleId: string): Promise<T> {
    const handle = this.client.schedule.getHandle(scheduleId);
    const { recentActions: before } = (await handle.describe()).info;
    await handle.trigger();
    const { action } = await this.eventually(`${scheduleId} to begin`, async () => {
      const { recentActions } = (await handle.describe()).info;
      return recentActions.length > before.length && recentActions.at(-1);
    });
    return this.client.workflow.getHandle(action.workflow.workflowId).result() as Promise<T>;
  }

  /** Waits until nothing is on its way any more, be it in Podium, the inbox, or a workflow. */
  async isQuiet(patienceMs?: number): Promise<void> {
    let quietLooks = 0; // what was just behind the first look is met by the second one
    const look = async () => {
      const outside = await this.waitingOutside();
      const waiting = outside.length > 0 ? outside : await pendingTasks(this.client, await this.started());
      quietLooks = waiting.length === 0 ? quietLooks + 1 : 0;
      if (waiting.length > 0) throw new Error(`Waiting: ${waiting.join(', ')}`);
      return quietLooks === 2;
    };
    await this.eventually('everything to be quiet', look, patienceMs);
  }

  /** What waits to come to a workflow. */
  private async waitingOutside(): Promise<string[]> {
    const { webhooks } = await this.simulator.state();
    const { rows } = await this.pool.query<{ what: string }>(
      `select 'signals for ' || workflow_id as what from sessions where relay_due_at is not null
       union all select 'start of ' || workflow_id from workflow_starts`,
    );
    const inPodium = webhooks.filter(({ waiting }) => waiting > 0);
    return [...inPodium.map(({ waiting }) => `${waiting} events in Podium`), ...rows.map(({ what }) => what)];
  }

  /** The ids of all workflows that the relay has ever started. */
  private async started(): Promise<string[]> {
    const { rows } = await this.pool.query<{ id: string }>(
      'select workflow_id as id from sessions union select workflow_id from started_workflows',
    );
    return rows.map(({ id }) => id);
  }

  /** Looks until something is found. An error tells the last words of every process. */
  async eventually<T>(
    what: string,
    look: () => Promise<T> | T,
    patienceMs?: number,
  ): Promise<Exclude<T, undefined | null | false>> {
    try {
      return await eventually(what, look, patienceMs);
    } catch (error) {
      const logs = Object.entries(await this.logs()).map(
        ([name, log]) => `--- ${name}\n${log.trimEnd().split('\n').slice(-LOG_LINES).join('\n')}`,
      );
      throw new Error([(error as Error).message, ...logs].join('\n'), { cause: error });
    }
  }

  /** What each process has logged since the start, restarts included. */
  async logs(): Promise<Record<string, string>> {
    const { logDirectory } = this.parts.wiring;
    const files = await readdir(logDirectory);
    const logs = files.map(async (file) => [file, await readFile(join(logDirectory, file), 'utf8')] as const);
    return Object.fromEntries(await Promise.all(logs));
  }

  /** Temporal's own command line, as an operator uses it. @returns what it printed */
  async temporalCli(...args: string[]): Promise<string> {
    const where = ['--address', this.parts.wiring.temporalAddress, '--namespace', NAMESPACE];
    const { stdout } = await promisify(execFile)(this.parts.temporalCli, [...args, ...where]);
    return stdout;
  }

  /** `podium-webchat … --json` in a process of its own. @param env what differs from the servers' environment */
  async cli(args: string[], env: Record<string, string> = {}): Promise<{ exitCode: number; data: unknown }> {
    const command = [built('ops/cli/main.js'), ...args, '--json'];
    const options = { env: { ...process.env, ...this.servers[0]!.program.env, ...env } };
    return new Promise((resolve) => {
      execFile(process.execPath, command, options, (error, stdout) => {
        const exitCode = error ? Number(error.code) : 0;
        resolve({ exitCode, data: stdout === '' ? null : (JSON.parse(stdout) as unknown) });
      });
    });
  }

  /** Temporal hangs: it takes connections, and answers nothing. */
  async pauseTemporal(): Promise<void> {
    process.kill(await this.temporalPid(), 'SIGSTOP');
  }

  /** A `stoppable` Temporal, as after a disk that has died: it runs again, and knows nothing. */
  async loseTemporal(): Promise<void> {
    await this.temporal.stop();
    for (const file of await readdir(this.directory))
      if (file.startsWith('temporal.db')) await rm(join(this.directory, file));
    await startTemporal(this.temporal);
  }

  async resumeTemporal(): Promise<void> {
    await this.temporalPid()
      .then((pid) => process.kill(pid, 'SIGCONT'))
      .catch(() => undefined);
  }

  /** Of the server itself, behind its leash. */
  async temporalPid(): Promise<number> {
    return Number(await readFile(join(this.directory, 'temporal.pid'), 'utf8'));
  }
}

/** Like `Promise.all`, but a failure waits for the others too: what is half started cannot be stopped. */
async function allOf(starts: Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(starts);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

function converterOf({ encryptionKey }: Keys) {
  const read = readEnvironment({ WEBCHAT_ENCRYPTION_KEYS: encryptionKey }, ['encryptionKeys']);
  if (!read.ok) throw new Error(read.problems.join('\n'));
  return dataConverter(read.environment.encryptionKeys);
}
