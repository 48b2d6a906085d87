import ipaddr from 'ipaddr.js';
import type { Contract } from './events';
import type { EncryptionKey } from './encryption';

/** What the environment says, with every missing or wrong value told at once. */

/** A network and the bits that name it, as `ipaddr.parseCIDR` reads it. */
export type Network = [ipaddr.IPv4 | ipaddr.IPv6, number];

/** What a token of `OPS_TOKENS` is good for: `all` that an operator can do, or only the codec of Temporal's Web UI. */
export type TokenScope = 'all' | 'codec';

export interface OpsToken {
  /** Who it was given to; stands in the audit as the actor. */
  name: string;
  token: string;
  scope: TokenScope;
}

interface Variable<T> {
  name: string;
  /** What it should look like, in the words of a message. */
  shape: string;
  /** Undefined when the value is wrong. */
  read: (value: string) => T | undefined;
  /** What counts when it is not set; absent where it must be. */
  unset?: T;
}

/** Keys and tokens shorter than this can be tried out. */
const SHORTEST_SECRET = 16;
const ENCRYPTION_KEY_BYTES = 32;
const LONGEST_DRAIN_SECONDS = 60;
const PORT_SHAPE = 'a whole number from 0 (any free port) to 65535';

const VARIABLES = {
  databaseUrl: variable('DATABASE_URL', 'as postgresql://user:password@host:5432/database', (value) =>
    readUrl(value, ['postgresql:', 'postgres:']),
  ),
  podiumApiUrl: {
    ...variable('PODIUM_API_URL', 'as https://api.podium.com', readHttpUrl),
    unset: 'https://api.podium.com',
  },
  podiumTokenUrl: {
    ...variable('PODIUM_TOKEN_URL', 'as https://api.podium.com/oauth/token', readHttpUrl),
    unset: 'https://api.podium.com/oauth/token',
  },
  /** Where a user of Podium agrees that we act for them. */
  podiumAuthorizeUrl: {
    ...variable('PODIUM_AUTHORIZE_URL', 'as https://api.podium.com/oauth/authorize', readHttpUrl),
    unset: 'https://api.podium.com/oauth/authorize',
  },
  podiumClientId: variable(
    'PODIUM_CLIENT_ID',
    "the id of your application at Podium's developer portal",
    readText,
  ),
  podiumClientSecret: variable(
    'PODIUM_CLIENT_SECRET',
    'the secret that belongs to PODIUM_CLIENT_ID',
    readText,
  ),
  /** The first one only: Podium may give a new one, which is kept in the database. */
  podiumRefreshToken: optional('PODIUM_REFRESH_TOKEN', 'the refresh token of an authorization', readText),
  /** Null: what the settings say. */
  podiumContract: optional('PODIUM_CONTRACT', 'published or skill', readContract),
  webhookSecrets: variable(
    'PODIUM_WEBHOOK_SECRETS',
    'one or more secrets of webhooks, with commas between them',
    (value) => readList(value, readText),
  ),
  /** The first one makes new ids. */
  idKeys: variable(
    'WEBCHAT_ID_KEY',
    `one or more keys of at least ${SHORTEST_SECRET} characters, with commas between them`,
    (value) => readList(value, readSecret),
  ),
  /** By which erased phones stay suppressed; the first one makes new names. Those of ids count behind them. */
  suppressionKeys: {
    ...variable(
      'WEBCHAT_SUPPRESSION_KEYS',
      `one or more keys of at least ${SHORTEST_SECRET} characters, with commas between them`,
      (value) => readList(value, readSecret),
    ),
    unset: [] as string[],
  },
  /** The first one encrypts. */
  encryptionKeys: variable(
    'WEBCHAT_ENCRYPTION_KEYS',
    `one or more id:base64 of ${ENCRYPTION_KEY_BYTES} bytes, with commas between them and no id twice`,
    readEncryptionKeys,
  ),
  /** The first one seals the audit. Null: keys that are derived from those of ids. */
  auditKeys: optional(
    'WEBCHAT_AUDIT_KEYS',
    `one or more id:base64 of ${ENCRYPTION_KEY_BYTES} bytes, with commas between them and no id twice`,
    readEncryptionKeys,
  ),
  opsTokens: variable(
    'OPS_TOKENS',
    `one or more name:token of at least ${SHORTEST_SECRET} characters, or name:token:codec, with commas between them, no colon in a token and no token twice`,
    readTokens,
  ),
  /** Where a worker shows its metrics, as host and port; null: nowhere. */
  workerMetricsAddress: optional(
    'WORKER_METRICS_ADDRESS',
    'an address and a port, as 0.0.0.0:9464',
    readAddress,
  ),
  /** Where a worker answers `/livez`; null: nowhere. */
  workerHealthPort: optional('WORKER_HEALTH_PORT', PORT_SHAPE, readPort),
  port: { ...variable('PORT', PORT_SHAPE, readPort), unset: 3000 },
  /** Where Podium, agents and customers reach the server; null where nobody said. Without a slash at the end. */
  publicUrl: optional('PUBLIC_URL', 'as https://webchat.example.com', readHttpUrl),
  /** What they say of a client's address counts. */
  trustedProxies: {
    ...variable(
      'TRUSTED_PROXIES',
      'addresses and networks, as 10.0.0.0/8, with spaces or commas between them',
      (value) => readList(value.replaceAll(' ', ','), readNetwork),
    ),
    unset: [] as Network[],
  },
  logLevel: {
    ...variable('LOG_LEVEL', `one of ${logLevels().join(', ')}`, readLogLevel),
    unset: 'info' as const,
  },
  /** Where traces go, over OTLP/HTTP; null: there are none. This and the next two are named as OpenTelemetry does. */
  otlpEndpoint: optional('OTEL_EXPORTER_OTLP_ENDPOINT', 'as http://localhost:4318', readHttpUrl),
  tracesSampler: {
    ...variable('OTEL_TRACES_SAMPLER', `one of ${samplers().join(', ')}`, readSampler),
    unset: 'always_on' as const,
  },
  /** Which part of the traces `traceidratio` keeps. */
  tracesSamplerArg: { ...variable('OTEL_TRACES_SAMPLER_ARG', 'a number from 0 to 1', readRatio), unset: 1 },
  /** Which version of our workers this one is. Null: it is none, and takes every workflow. */
  buildId: optional(
    'WEBCHAT_BUILD_ID',
    'a name of this build, of letters, digits and "._-", at most 64 characters',
    readBuildId,
  ),
  /** How long a server that is to end goes on receiving, so that proxies can notice. */
  drainSeconds: {
    ...variable('DRAIN_SECONDS', `a whole number from 0 to ${LONGEST_DRAIN_SECONDS}`, readDrainSeconds),
    unset: 0,
  },
  /** Null: the shipped file alone. */
  settingsPath: optional('WEBCHAT_SETTINGS', 'the path of a settings file', readText),
  /** Null: no demo page. */
  demoSimulatorUrl: optional('DEMO_SIMULATOR_URL', 'as http://localhost:4010', readHttpUrl),
  demoTemporalUiUrl: optional('DEMO_TEMPORAL_UI_URL', 'as http://localhost:8233', readHttpUrl),
};

type Variables = typeof VARIABLES;

/** Everything that can be asked for. */
export const ENVIRONMENT_KEYS = Object.keys(VARIABLES) as (keyof typeof VARIABLES)[];

export type Environment = {
  [Key in keyof Variables]: Variables[Key] extends Variable<infer T> ? T : never;
};

/** The variables that may be given as a file, by `FOO_FILE` in place of `FOO`. */
export const FILE_VARIABLES: readonly string[] = [
  ...Object.values(VARIABLES).map(({ name }) => name),
  'TEMPORAL_API_KEY',
  'OTEL_EXPORTER_OTLP_HEADERS',
  'OPS_TOKEN',
];

export type ReadEnvironment<Key extends keyof Environment> =
  { ok: true; environment: Pick<Environment, Key> } | { ok: false; problems: string[] };

/**
 * What a process needs of the environment, or everything that is wrong with it. An empty value counts as
 * not set. The problems never repeat a value, since many are secrets.
 *
 * @param needs the keys that this process uses
 */
export function readEnvironment<Key extends keyof Environment>(
  env: Readonly<Record<string, string | undefined>>,
  needs: readonly Key[],
): ReadEnvironment<Key> {
  const problems: string[] = [];
  const environment: Record<string, unknown> = {};
  for (const key of needs) {
    const { name, shape, read, unset }: Variable<unknown> = VARIABLES[key];
    const value = env[name]?.trim();
    environment[key] = value ? read(value) : unset;
    if (environment[key] === undefined) {
      problems.push(`${name} is ${value ? 'wrong' : 'missing'}. It should be ${shape}.`);
    }
  }
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, environment: environment as Pick<Environment, Key> };
}

function variable<T>(name: string, shape: string, read: (value: string) => T | undefined): Variable<T> {
  return { name, shape, read };
}

function optional<T>(
  name: string,
  shape: string,
  read: (value: string) => T | undefined,
): Variable<T | null> {
  return { name, shape, read, unset: null };
}

function readText(value: string): string | undefined {
  return value || undefined;
}

function readUrl(value: string, protocols: string[]): string | undefined {
  return URL.canParse(value) && protocols.includes(new URL(value).protocol) ? value : undefined;
}

/** Without a slash at the end, so that paths can be put behind it. */
function readHttpUrl(value: string): string | undefined {
  return readUrl(value, ['https:', 'http:'])?.replace(/\/+$/, '');
}

function readContract(value: string): Contract | undefined {
  return value === 'published' || value === 'skill' ? value : undefined;
}

function readPort(value: string): number | undefined {
  return /^\d{1,5}$/.test(value) && Number(value) <= 65_535 ? Number(value) : undefined;
}

function readAddress(value: string): string | undefined {
  const [, host, port] = /^\[?([0-9a-f.:]+?)\]?:(\d{1,5})$/i.exec(value) ?? [];
  return host && port && ipaddr.isValid(host) && Number(port) <= 65_535 ? value : undefined;
}

function readDrainSeconds(value: string): number | undefined {
  return /^\d{1,2}$/.test(value) && Number(value) <= LONGEST_DRAIN_SECONDS ? Number(value) : undefined;
}

function readBuildId(value: string): string | undefined {
  return /^[\w.-]{1,64}$/.test(value) ? value : undefined;
}

function logLevels() {
  return ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
}

function readLogLevel(value: string) {
  return logLevels().find((level) => level === value);
}

function samplers() {
  const names = ['always_on', 'always_off', 'traceidratio'] as const;
  return [...names, ...names.map((name) => `parentbased_${name}` as const)];
}

function readSampler(value: string) {
  return samplers().find((name) => name === value);
}

function readRatio(value: string): number | undefined {
  return /^(0?\.\d+|[01](\.0*)?)$/.test(value) ? Number(value) : undefined;
}

function readSecret(value: string): string | undefined {
  return value.length >= SHORTEST_SECRET ? value : undefined;
}

function readNetwork(value: string): Network | undefined {
  if (ipaddr.isValidCIDR(value)) return ipaddr.parseCIDR(value);
  if (!ipaddr.isValid(value)) return undefined;
  const ip = ipaddr.process(value);
  return [ip, ip.kind() === 'ipv4' ? 32 : 128];
}

/** A token that stood twice would be of two names, or good for two things, as the order has it. */
function readTokens(value: string): OpsToken[] | undefined {
  const tokens = readList(value, readToken);
  return new Set(tokens?.map(({ token }) => token)).size === tokens?.length ? tokens : undefined;
}

/** No colon in a token: with a scope that is misspelt it would be good for everything. */
function readToken(value: string): OpsToken | undefined {
  const [, name, token, scope] = /^([^:\s]+):([^:\s]+)(:codec)?$/.exec(value) ?? [];
  return name && token && readSecret(token) ? { name, token, scope: scope ? 'codec' : 'all' } : undefined;
}

function readEncryptionKeys(value: string): EncryptionKey[] | undefined {
  const keys = readList(value, readEncryptionKey);
  return new Set(keys?.map(({ id }) => id)).size === keys?.length ? keys : undefined;
}

function readEncryptionKey(value: string): EncryptionKey | undefined {
  const [, id, base64] = /^([\w.-]+):([A-Za-z0-9+/_-]+={0,2})$/.exec(value) ?? [];
  const secret = Buffer.from(base64 ?? '', 'base64');
  return id && secret.length === ENCRYPTION_KEY_BYTES ? { id, secret } : undefined;
}

/** All items of a comma list, of which there is one at least; undefined when one of them is wrong. */
function readList<T>(value: string, read: (item: string) => T | undefined): T[] | undefined {
  const items = value
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean)
    .map(read);
  return items.length > 0 && items.every((item) => item !== undefined) ? items : undefined;
}
