/** The whole system on one machine: each part a process of its own, started again when it dies. */
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { loadEnvironment, loadSettings } from '../config/load';
import type { Settings } from '../core/settings';
import { migrate } from '../store/migrate';
import { Child, type Program } from './child';
import type { Flags } from './flags';
import { keepAlive } from './keep-alive';
import { keptKeys, type Keys } from './keys';
import { keptPorts, type Ports } from './ports';
import { FAST, writeLocalSettings } from './local-settings';
import { createCluster, postgresUrl, type PostgresPlan } from './postgres';
import { postgresProgram, temporalProgram } from './programs';
import { provisionTemporal } from './provision/temporal-cli';
import { removeRuntimeFile, writeRuntimeFile, type Runtime } from './runtime-file';
import { NAMESPACE, startTemporal } from './temporal';
import { productEnvironment, serverProgram, simulatorProgram, workerProgram, type Wiring } from './wiring';

/** For nobody else. As root, Postgres runs as another user, who has to pass through; what is secret is closed by itself. */
const PRIVATE = process.getuid?.() === 0 ? 0o711 : 0o700;

export interface Running {
  runtime: Runtime;
  settings: Settings;
  logDirectory: string;
}

export class LocalSystem {
  readonly logDirectory: string;
  private readonly runtimeFile: string;
  /** What the parts remember. What the simulator made up must not meet a real Podium's. */
  private readonly memory: string;
  private readonly ending = new AbortController();
  /** Our own processes, and the servers that they need: these end last. */
  private readonly own: Child[] = [];
  private readonly foundations: Child[] = [];

  /** @param tell a line for the person at the terminal */
  constructor(
    private readonly flags: Flags,
    private readonly directory: string,
    private readonly tell: (line: string) => void,
  ) {
    this.logDirectory = join(directory, 'logs');
    this.runtimeFile = join(directory, 'runtime.json');
    this.memory = join(directory, flags.simulator ? 'simulated' : 'live');
  }

  /** Starts everything and resolves when all is ready. */
  async start(): Promise<Running> {
    const environment = loadEnvironment(['settingsPath', 'podiumContract']);
    const realSecret = this.flags.simulator ? null : realPodium().webhookSecrets[0];
    const cli = await provisionTemporal();
    this.prepareDirectories();
    const keys = keptKeys(join(this.memory, 'keys.json'));
    const ports = await keptPorts(join(this.directory, 'ports.json'), askedPort());
    const settingsFile = this.settingsFile(environment.settingsPath);
    const settings = loadSettings(settingsFile);
    const contract = this.flags.contract ?? environment.podiumContract ?? settings.podium.contract;
    const wiring = this.wire({ ports, keys, settingsFile, contract });

    this.tell('Starting Postgres and Temporal');
    await Promise.all([this.startPostgres(ports, keys), this.startTemporal(cli, ports, wiring)]);
    await migrate(wiring.databaseUrl);
    this.tell(`Starting ${this.flags.simulator ? 'simulator, ' : ''}worker and server`);
    if (this.flags.simulator) await this.run(this.own, simulatorProgram(wiring, ports.simulator));
    await Promise.all([
      this.run(this.own, workerProgram(wiring, 'worker', ports.workerMetrics)),
      this.run(this.own, serverProgram(wiring, 'server', ports.server)),
    ]);

    const runtime = describe(wiring, realSecret ?? keys.webhookSecret);
    writeRuntimeFile(this.runtimeFile, runtime);
    return { runtime, settings, logDirectory: this.logDirectory };
  }

  /** Ends everything: first who uses, then what is used. */
  async stop(): Promise<void> {
    this.ending.abort();
    removeRuntimeFile(this.runtimeFile);
    await Promise.all(this.own.map((child) => child.stop()));
    await Promise.all(this.foundations.map((child) => child.stop()));
  }

  private prepareDirectories(): void {
    if (this.flags.fresh) rmSync(this.directory, { recursive: true, force: true });
    rmSync(this.logDirectory, { recursive: true, force: true });
    removeRuntimeFile(this.runtimeFile);
    mkdirSync(this.memory, { recursive: true });
    mkdirSync(this.logDirectory, { recursive: true });
    chmodSync(this.directory, PRIVATE);
  }

  private settingsFile(own: string | null): string {
    const file = join(this.directory, 'settings.yaml');
    writeLocalSettings(own, { filesFolder: join(this.memory, 'files'), fast: this.flags.fast }, file);
    return file;
  }

  private wire(given: Pick<Wiring, 'keys' | 'settingsFile' | 'contract'> & { ports: Ports }): Wiring {
    const { ports, ...rest } = given;
    const local = (port: number): string => `http://127.0.0.1:${port}`;
    return {
      ...rest,
      databaseUrl: process.env['DATABASE_URL'] || postgresUrl(this.cluster(ports, rest.keys)),
      temporalAddress: `127.0.0.1:${ports.temporal}`,
      temporalUiUrl: local(ports.temporalUi),
      simulatorUrl: this.flags.simulator ? local(ports.simulator) : null,
      serverUrl: local(ports.server),
      timeScale: this.flags.fast ? FAST : 1,
      logDirectory: this.logDirectory,
      simulatorStateFile: join(this.memory, 'podium.json'),
    };
  }

  /** None of our own when `DATABASE_URL` names another one. */
  private async startPostgres(ports: Ports, keys: Keys): Promise<void> {
    if (process.env['DATABASE_URL']) return;
    const cluster = this.cluster(ports, keys);
    await createCluster(cluster);
    await this.run(this.foundations, postgresProgram(cluster, this.places()));
  }

  private startTemporal(cli: string, ports: Ports, { serverUrl, keys }: Wiring): Promise<void> {
    const plan = {
      cli,
      port: ports.temporal,
      uiPort: ports.temporalUi,
      databaseFile: join(this.memory, 'temporal.db'),
      codecEndpoint: `${serverUrl}/codec/${keys.codecToken}`,
    };
    return this.run(this.foundations, temporalProgram(plan, this.places()), startTemporal);
  }

  private cluster(ports: Ports, keys: Keys): PostgresPlan {
    return {
      directory: join(this.memory, 'postgres'),
      port: ports.postgres,
      password: keys.postgresPassword,
    };
  }

  private async run(
    group: Child[],
    program: Program,
    start = (child: Child) => child.start(),
  ): Promise<void> {
    this.ending.signal.throwIfAborted();
    const child = new Child(program);
    group.push(child);
    await start(child);
    void keepAlive(child, this.ending.signal, this.tell);
  }

  private places() {
    return { logDirectory: this.logDirectory, dataDirectory: this.memory };
  }
}

function describe(wiring: Wiring, webhookSecret: string): Runtime {
  const { simulatorUrl, serverUrl } = wiring;
  return {
    server: serverUrl,
    demo: simulatorUrl && `${serverUrl}/demo`,
    simulator: simulatorUrl,
    temporalUi: wiring.temporalUiUrl ?? '',
    temporalAddress: wiring.temporalAddress,
    temporalNamespace: NAMESPACE,
    databaseUrl: wiring.databaseUrl,
    webhookSecret,
    opsToken: wiring.keys.opsToken,
    contract: wiring.contract,
    environment: productEnvironment(wiring),
  };
}

/** What a Podium of the environment needs, so that all that is missing is told before anything starts. */
function realPodium() {
  return loadEnvironment(['podiumClientId', 'podiumClientSecret', 'podiumRefreshToken', 'webhookSecrets']);
}

/** `PORT` of the environment: the server's, 0 for any. */
function askedPort(): number | null {
  return process.env['PORT'] ? loadEnvironment(['port']).port : null;
}
