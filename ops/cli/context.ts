/** What the commands share: the system that they work on, here or elsewhere, and the output. */
import { userInfo } from 'node:os';
import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import type { Logger } from 'pino';
import type { z } from 'zod';
import { loadEnvironment, loadSettings, withFiles } from '../../config/load';
import { createLogger } from '../../config/logger';
import { dataConverter } from '../../core/data-converter';
import type { Environment } from '../../core/environment';
import { maskPhone } from '../../core/phone';
import type { Settings } from '../../core/settings';
import { suppressionKeys } from '../../core/suppression-keys';
import type { PodiumApi } from '../../podium/api';
import { connectPodium, PODIUM_NEEDS } from '../../podium/connect';
import { callLimits } from '../../store/call-limits';
import { createPool, type Pool } from '../../store/database';
import { connectFileStore } from '../../store/files/connect';
import type { FileStore } from '../../store/files/file-store';
import { storedTokens } from '../../store/podium-tokens';
import { useSuppressionKeys } from '../../store/suppressions';
import { readInput, type Operation, type OpsTools } from '../operation';
import { createTemporalClient } from '../temporal';
import { findLocalSystem } from './local-system';
import { performThere, remoteSystem, type RemoteSystem } from './remote';

/** `notFine`: what was asked about is not. `unknown`: it could not be told. */
export const EXIT = { fine: 0, notFine: 1, unknown: 2 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What of its process a command touches, so that a test need not start one. */
export interface CliHost {
  env: Readonly<Record<string, string | undefined>>;
  /** Where it was called. */
  directory: string;
  out: (text: string) => void;
  err: (text: string) => void;
  /** What is typed or piped in, line by line, until the signal. */
  lines: (signal: AbortSignal) => AsyncIterable<string>;
  /** Adds the commands by which shells complete what is typed; absent where there is no shell. */
  addCompletion?: (program: Command) => void;
}

/** What stands with every command. */
export interface CommonOptions {
  json?: boolean;
  showPhones?: boolean;
  url?: string;
}

/** A person would rather wait than be told of a busy Postgres that it is away. */
const CLI_POOL = { max: 4, connectTimeoutMs: 10_000 };

/** A command takes only what it needs: what is never asked for need not be configured, nor reachable. */
export class CliContext implements OpsTools {
  common: CommonOptions = {};
  exitCode: ExitCode = EXIT.fine;
  /** To stderr; only what is worth a warning, unless LOG_LEVEL says otherwise. */
  readonly logger: Logger;
  private readonly opened: (() => Promise<unknown>)[] = [];
  private readonly made = new Map<string, unknown>();

  constructor(readonly host: CliHost) {
    const { logLevel } = loadEnvironment(['logLevel'], { LOG_LEVEL: host.env['LOG_LEVEL'] ?? 'warn' });
    this.logger = createLogger('podium-webchat-cli', logLevel, { write: host.err });
  }

  /** Whether data is printed as JSON. */
  get json(): boolean {
    return this.common.json ?? false;
  }

  /** The system elsewhere that is meant; null for the one that this process reaches itself. @throws ConfigurationError */
  get remote(): RemoteSystem | null {
    return this.once('remote', () => {
      const url = this.remoteUrl;
      return url === undefined ? null : remoteSystem(url, withFiles(this.host.env)['OPS_TOKEN']);
    });
  }

  /** As somebody gave it. */
  get remoteUrl(): string | undefined {
    return this.common.url ?? this.host.env['PODIUM_WEBCHAT_URL'];
  }

  /** Who does it, as declared. */
  get actor(): string {
    return this.host.env['WEBCHAT_ACTOR'] || userName();
  }

  /** Does it here or elsewhere. @throws OperationRefused, or an Error when nobody could do it */
  async perform<Input extends z.ZodObject, Output extends z.ZodType>(
    operation: Operation<Input, Output>,
    given: z.input<Input>,
    actor = this.actor,
  ): Promise<z.output<Output>> {
    const input = readInput(operation, given);
    if (this.remote) return performThere(this.remote, operation, input);
    const by = { actor, tell: (line: string) => this.tell(line) };
    return (await operation.run(this, input, by)) as z.output<Output>;
  }

  /** A phone (E.164) as it stands in the output. */
  shown(e164: string): string;
  shown(e164: string | null): string | null;
  shown(e164: string | null): string | null {
    return e164 === null || this.common.showPhones ? e164 : maskPhone(e164);
  }

  /** Whether the variables are those of the system that runs in this folder. */
  get usesLocalSystem(): boolean {
    return this.local !== null;
  }

  /** The variables of the environment, or of the running local system when the environment names no database. */
  get variables(): Readonly<Record<string, string | undefined>> {
    return { ...this.host.env, ...this.local };
  }

  /** @throws ConfigurationError that names all that is missing or wrong */
  environment<Key extends keyof Environment>(...needs: Key[]): Pick<Environment, Key> {
    return loadEnvironment(needs, this.variables);
  }

  /** @throws ConfigurationError */
  get settings(): Settings {
    return this.once('settings', () => loadSettings(this.environment('settingsPath').settingsPath));
  }

  get pool(): Pool {
    return this.once('pool', () => {
      const pool = createPool(this.environment('databaseUrl').databaseUrl, CLI_POOL);
      this.opened.push(() => pool.end());
      // Without them whoever asks for an opt-out is told that they are missing, once any phone is suppressed.
      if (withFiles(this.variables)['WEBCHAT_ID_KEY'])
        useSuppressionKeys(suppressionKeys(this.environment('idKeys', 'suppressionKeys')));
      return pool;
    });
  }

  get podium(): PodiumApi {
    return this.once('podium', () => {
      const environment = this.environment('databaseUrl', 'encryptionKeys', ...PODIUM_NEEDS);
      const store = storedTokens(this.pool, environment.encryptionKeys);
      const limits = callLimits(this.pool, this.settings.podium.requests_per_minute);
      return connectPodium(environment, this.settings, store, limits, this.logger);
    });
  }

  openFiles(): Promise<FileStore> {
    return connectFileStore(this.settings.attachments.store);
  }

  /** Connects with its first call. Every call needs a deadline (`within`), or it may wait for ever. */
  get temporal(): Client {
    return this.once('temporal', () => {
      const { encryptionKeys } = this.environment('encryptionKeys');
      // Without retries: one that waits would find the connection closed, and throw where nobody catches it.
      const client = createTemporalClient(dataConverter(encryptionKeys), withFiles(this.variables), []);
      this.opened.push(() => client.connection.close());
      return client;
    });
  }

  /**
   * The result of a command, on stdout: `data` with `--json`, `text` without.
   * @param exitCode of the program; `notFine` when what was asked about is not fine
   */
  answer(data: unknown, text: string, exitCode: ExitCode = EXIT.fine): void {
    this.host.out(`${this.json ? JSON.stringify(data) : text}\n`);
    this.exitCode = exitCode;
  }

  /** Whatever else there is to say to a person, on stderr. */
  tell(line: string): void {
    this.host.err(`${line}\n`);
  }

  /** Ends all connections. */
  async end(): Promise<void> {
    await Promise.all(this.opened.splice(0).map((end) => end()));
  }

  private get local(): Record<string, string> | null {
    return this.once('local', () => findLocalSystem(this.host));
  }

  private once<T>(name: string, make: () => T): T {
    if (!this.made.has(name)) this.made.set(name, make());
    return this.made.get(name) as T;
  }
}

/** In a container the user may have a number and no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.()}`;
  }
}
