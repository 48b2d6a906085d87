/** What each process of the system is told: addresses, keys, settings. */
import type { Contract } from '../core/events';
import type { Program } from './child';
import type { Keys } from './keys';
import { built } from './paths';
import { NAMESPACE } from './temporal';

export interface Wiring {
  databaseUrl: string;
  temporalAddress: string;
  temporalUiUrl: string | null;
  /** Null where the Podium of the environment is used. */
  simulatorUrl: string | null;
  serverUrl: string;
  contract: Contract;
  keys: Keys;
  settingsFile: string;
  /** By how much the simulator's retry waits are divided. */
  timeScale: number;
  logDirectory: string;
  /** Where the simulator keeps its state; null for memory only. */
  simulatorStateFile: string | null;
}

const PODIUM_CLIENT_ID = 'podium-webchat-local';

export function serverProgram(wiring: Wiring, name: string, port: number): Program {
  return {
    name,
    args: [built('server/main.js')],
    env: {
      ...productEnvironment(wiring),
      PORT: String(port),
      ...(wiring.simulatorUrl ? { DEMO_SIMULATOR_URL: wiring.simulatorUrl } : {}),
      ...(wiring.temporalUiUrl ? { DEMO_TEMPORAL_UI_URL: wiring.temporalUiUrl } : {}),
    },
    logFile: `${wiring.logDirectory}/${name}.log`,
  };
}

export function workerProgram(wiring: Wiring, name: string, metricsPort: number): Program {
  return {
    name,
    args: [built('workers/main.js')],
    env: { ...productEnvironment(wiring), WORKER_METRICS_ADDRESS: `127.0.0.1:${metricsPort}` },
    logFile: `${wiring.logDirectory}/${name}.log`,
  };
}

export function simulatorProgram(wiring: Wiring, port: number): Program {
  const { keys } = wiring;
  return {
    name: 'simulator',
    args: [built('simulator/main.js')],
    env: {
      PORT: String(port),
      SIMULATOR_CONTRACT: wiring.contract,
      SIMULATOR_WEBHOOK_URL: `${wiring.serverUrl}/webhooks/podium`,
      SIMULATOR_WEBHOOK_SECRET: keys.webhookSecret,
      SIMULATOR_CLIENT_ID: PODIUM_CLIENT_ID,
      SIMULATOR_CLIENT_SECRET: keys.podiumClientSecret,
      SIMULATOR_REFRESH_TOKEN: keys.podiumRefreshToken,
      SIMULATOR_TIME_SCALE: String(wiring.timeScale),
      ...(wiring.simulatorStateFile ? { SIMULATOR_STATE_FILE: wiring.simulatorStateFile } : {}),
    },
    logFile: `${wiring.logDirectory}/simulator.log`,
  };
}

/** The environment of server and worker. */
export function productEnvironment(wiring: Wiring): Record<string, string> {
  const { keys } = wiring;
  return {
    DATABASE_URL: wiring.databaseUrl,
    TEMPORAL_ADDRESS: wiring.temporalAddress,
    TEMPORAL_NAMESPACE: NAMESPACE,
    WEBCHAT_ID_KEY: keys.idKey,
    WEBCHAT_ENCRYPTION_KEYS: keys.encryptionKey,
    OPS_TOKENS: `local:${keys.opsToken},temporal-ui:${keys.codecToken}:codec`,
    PODIUM_CONTRACT: wiring.contract,
    PUBLIC_URL: wiring.serverUrl,
    WEBCHAT_SETTINGS: wiring.settingsFile,
    ...(wiring.simulatorUrl ? simulatedPodium(wiring.simulatorUrl, keys) : {}),
  };
}

function simulatedPodium(url: string, keys: Keys): Record<string, string> {
  return {
    PODIUM_API_URL: url,
    PODIUM_TOKEN_URL: `${url}/oauth/token`,
    PODIUM_AUTHORIZE_URL: `${url}/oauth/authorize`,
    PODIUM_CLIENT_ID,
    PODIUM_CLIENT_SECRET: keys.podiumClientSecret,
    PODIUM_REFRESH_TOKEN: keys.podiumRefreshToken,
    PODIUM_WEBHOOK_SECRETS: keys.webhookSecret,
  };
}
