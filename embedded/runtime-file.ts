/** `.data/runtime.json`: how a running system is reached, for the CLI and for scripts. */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Contract } from '../core/events';

export interface Runtime {
  server: string;
  /** Null without a simulator, as is the next one. */
  demo: string | null;
  simulator: string | null;
  temporalUi: string;
  temporalAddress: string;
  temporalNamespace: string;
  databaseUrl: string;
  webhookSecret: string;
  opsToken: string;
  contract: Contract;
  /** What server and worker were told, for the CLI; Podium's own credentials only where they are the simulator's. */
  environment: Record<string, string>;
}

/** Whole or not at all: whoever waits for the file reads it as soon as it is there. */
export function writeRuntimeFile(file: string, runtime: Runtime): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(runtime, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export function removeRuntimeFile(file: string): void {
  rmSync(file, { force: true });
}
