/** The whole system on one machine: each part a process of its own, started again when it dies. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { loadEnvironment, loadSettings } from '../config/load';
import type { Settings } from '../core/settings';
import { migrate } from '../store/migrate';
import { Child, type Program } from './child';
import { FAST, writeFastSettings } from './fast-settings';
import type { Flags } from './flags';
import { keepAlive } from './keep-alive';
import { keptKeys, type Keys } from './keys';
import { keptPorts, type Ports } from './ports';
import { createCluster, postgresUrl } from './postgres';
import { postgresProgram, temporalProgram } from './programs';
import { provisionTemporal } from './provision/temporal-cli';
import { removeRuntimeFile, writeRuntimeFile, type Runtime } from './runtime-file';
import { NAMESPACE } from './temporal';
import { serverProgram, simulatorProgram, workerProgram, type Wiring } from './wiring';

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
    const cli = await provisionTemporal();
    this.prepareDirectories();
    const keys = keptKeys(join(this.memory, 'keys.json'));
    const ports = await keptPorts(join(this.directory, 'ports.json'), askedPort());
    const serverUrl = `http://127.0.0.1:${ports.server}`;
    const settingsFile = this.settingsFile(environment.settingsPath);
    const settings = loadSettings(settingsFile);

    this.tell('Starting Postgres and Temporal');
    const temporal = {
      cli,
      port: ports.temporal,
      uiPort: ports.temporalUi,
      databaseFile: join(this.memory, 'temporal.db'),
      codecEndpoint: `${serverUrl}/codec/${keys.codecToken}`,
    };
    const [databaseUrl] = await Promise.all([
      this.startPostgres(ports, keys),
      this.run(this.foundations, temporalProgram(temporal, this.places())),
    ]);
    await migrate(databaseUrl);

    const wiring: Wiring = {
      databaseUrl,
      temporalAddress: `127.0.0.1:${ports.temporal}`,
      temporalUiUrl: `http://127.0.0.1:${ports.temporalUi}`,
      simulatorUrl: this.flags.simulator ? `http://127.0.0.1:${ports.simulator}` : null,
      serverUrl,
      contract: this.flags.contract ?? environment.podiumContract ?? settings.podium.contract,
      keys,
      settingsFile,
      timeScale: this.flags.fast ? FAST : 1,
      logDirectory: this.logDirectory,
      simulatorStateFile: join(this.memory, 'podium.json'),
    };
    this.tell(`Starting ${this.flags.simulator ? 'simulator, ' : ''}worker and server`);
    if (this.flags.simulator) await this.run(this.own, simulatorProgram(wiring, ports.simulator));
    await Promise.all([
      this.run(this.own, workerProgram(wiring, 'worker')),
      this.run(this.own, serverProgram(wiring, 'server', ports.server)),
    ]);
    const runtime = this.describe(wiring);
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
  }

  private settingsFile(own: string | null): string | null {
    if (!this.flags.fast) return own;
    const file = join(this.directory, 'fast-settings.yaml');
    writeFastSettings(own, file);
    return file;
  }

  /** @returns the database's address: a Postgres of the user's own, or the embedded one */
  private async startPostgres(ports: Ports, keys: Keys): Promise<string> {
    const given = process.env['DATABASE_URL'];
    if (given) return given;
    const plan = {
      directory: join(this.memory, 'postgres'),
      port: ports.postgres,
      password: keys.postgresPassword,
    };
    await createCluster(plan);
    await this.run(this.foundations, postgresProgram(plan, this.places()));
    return postgresUrl(plan);
  }

  private async run(group: Child[], program: Program): Promise<void> {
    this.ending.signal.throwIfAborted();
    const child = new Child(program);
    group.push(child);
    await child.start();
    void keepAlive(child, this.ending.signal, this.tell);
  }

  private places() {
    return { logDirectory: this.logDirectory, dataDirectory: this.memory };
  }

  private describe(wiring: Wiring): Runtime {
    const { simulatorUrl, serverUrl, keys } = wiring;
    return {
      server: serverUrl,
      demo: simulatorUrl && `${serverUrl}/demo`,
      simulator: simulatorUrl,
      temporalUi: wiring.temporalUiUrl ?? '',
      temporalAddress: wiring.temporalAddress,
      temporalNamespace: NAMESPACE,
      databaseUrl: wiring.databaseUrl,
      webhookSecret: simulatorUrl
        ? keys.webhookSecret
        : (process.env['PODIUM_WEBHOOK_SECRETS'] ?? '').split(',')[0]!,
      opsToken: keys.opsToken,
      contract: wiring.contract,
    };
  }
}

/** `PORT` of the environment: the server's, 0 for any. */
function askedPort(): number | null {
  return process.env['PORT'] ? loadEnvironment(['port']).port : null;
}
