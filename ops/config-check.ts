/** Whether everything that the product needs is as it should be, before it runs or while it does. */
import { ConfigurationError } from '../config/load';
import { trySendingTraces } from '../config/tracing';
import { auditKeys } from '../core/audit-keys';
import { SCHEDULES } from '../core/schedules';
import { SEARCH_ATTRIBUTES } from '../core/search-attributes';
import { ENVIRONMENT_KEYS, type TokenScope } from '../core/environment';
import { withCountry } from '../core/locations';
import { suppressionKeys } from '../core/suppression-keys';
import { keyProblems, keysInUse, namedIdKeys, type KeyPurpose } from '../core/used-keys';
import { secretFingerprint } from '../core/webhook-secrets';
import { lastReading, listLocations } from '../store/locations';
import { migrationState } from '../store/migration-state';
import { robotPauses } from '../store/robot-pauses';
import { tokenKeyProblem } from '../store/podium-tokens';
import { suppressionProblem } from '../store/suppressions';
import { usedKeys } from '../store/used-keys';
import { liveSecrets } from '../store/webhooks';
import { reportAccess } from './access';
import { newestSealProblem } from './audit';
import type { OpsTools } from './operation';
import { within } from './temporal';
import { unservedQueues } from './unserved-queues';
import { examineWebhooks } from './webhooks';

export interface Check {
  /** What was looked at. */
  name: string;
  /** Null when it could not be looked at. */
  ok: boolean | null;
  /** What was found, without any secret. */
  message: string;
  /** What mends it; null where there is nothing to do. */
  mend: string | null;
}

const TEMPORAL_MS = 5_000;

/** Each looks at one thing, or several; what it throws is one check that could not be made. */
const CHECKS: { name: string; look: (tools: OpsTools) => Promise<Check[]>; mend: string }[] = [
  { name: 'Settings', look: checkSettings, mend: 'Correct the file that WEBCHAT_SETTINGS names.' },
  { name: 'Environment', look: checkEnvironment, mend: '.env.example describes every variable.' },
  {
    name: 'Database',
    look: checkDatabase,
    mend: 'Check DATABASE_URL, and that Postgres runs and lets us in.',
  },
  { name: 'Keys', look: checkKeys, mend: 'Give the keys that this database was used with.' },
  {
    name: 'File store',
    look: checkFiles,
    mend: 'Check attachments.store, and that its folder or bucket can be used.',
  },
  {
    name: 'Temporal',
    look: checkTemporal,
    mend: 'Check TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE, and that Temporal runs.',
  },
  { name: 'Workers', look: checkWorkers, mend: 'Check that Temporal runs.' },
  { name: 'Podium', look: checkPodium, mend: '"podium-webchat auth status" tells more.' },
  { name: 'Locations', look: checkLocations, mend: '"podium-webchat locations refresh" reads them.' },
  { name: 'Webhook', look: checkWebhook, mend: '"podium-webchat webhook doctor" tells more.' },
  { name: 'Robot', look: checkRobot, mend: '"podium-webchat robot status" tells more.' },
  { name: 'Traces', look: checkTraces, mend: 'docs/watching.md describes the variables of traces.' },
];

/** Makes all checks, in an order in which each rests on those before it. Mends nothing. */
export async function checkConfiguration(tools: OpsTools): Promise<Check[]> {
  const done: Check[] = [];
  const told = new Set<string>();
  for (const { name, look, mend } of CHECKS) {
    const checks = await look(tools).catch((error) => failed(name, error, mend));
    const fresh = checks.filter(({ ok, message }) => ok !== false || !told.has(message));
    for (const { message } of fresh) told.add(message);
    done.push(...(fresh.length > 0 ? fresh : [unseen(name)]));
  }
  return done;
}

/** What is in the way was told by an earlier check. */
const unseen = (name: string): Check => ({
  ...{ name, ok: null, message: 'Could not be looked at without what is missing above.', mend: null },
});

function failed(name: string, error: unknown, mend: string): Check[] {
  if (error instanceof ConfigurationError)
    return error.problems.map((message) => ({ name, ok: false, message, mend }));
  const { message, code } = error as Error & { code?: unknown };
  return [{ name, ok: null, message: message || String(code), mend }];
}

const good = (name: string, message: string): Check => ({ name, ok: true, message, mend: null });
const bad = (name: string, message: string, mend: string): Check => ({ name, ok: false, message, mend });

async function checkSettings(tools: OpsTools): Promise<Check[]> {
  const { settings } = tools;
  const { settingsPath } = tools.environment('settingsPath');
  const where = settingsPath ? `${settingsPath} over the shipped file` : 'the shipped file alone';
  const { idle_warn_seconds: warn, idle_close_seconds: close } = settings.session;
  return Promise.resolve([
    good('Settings', `Valid: ${where}. Prompt after ${warn} s, close after ${close} s.`),
  ]);
}

async function checkEnvironment(tools: OpsTools): Promise<Check[]> {
  const wrong = ENVIRONMENT_KEYS.flatMap((key) => {
    try {
      const value = tools.environment(key)[key];
      return key === 'publicUrl' && value === null ? [WITHOUT_ADDRESS] : [];
    } catch (error) {
      return failed('Environment', error, '.env.example describes every variable.');
    }
  });
  const fine = good(
    'Environment',
    `All ${ENVIRONMENT_KEYS.length} variables of server and worker are good; Temporal's own show below.`,
  );
  return Promise.resolve(wrong.length > 0 ? wrong : [fine]);
}

const WITHOUT_ADDRESS = bad(
  'Environment',
  'PUBLIC_URL is not set: there are no links to files, and no webhook can be made.',
  'Set it, as https://webchat.example.com.',
);

async function checkDatabase({ pool }: OpsTools): Promise<Check[]> {
  const { rows } = await pool.query<{ version: string }>(
    `select current_setting('server_version') as version`,
  );
  const { missing, foreign } = await migrationState(pool);
  const migrations =
    missing.length > 0
      ? bad('Migrations', `To be applied: ${missing.join(', ')}.`, 'Run `npm run migrate`.')
      : foreign.length > 0
        ? bad(
            'Migrations',
            `Of a later version: ${foreign.join(', ')}.`,
            'Run the version that has made them.',
          )
        : good('Migrations', 'The database is at the newest migration.');
  return [good('Database', `Postgres ${rows[0]!.version.split(' ')[0]} answers.`), migrations];
}

/** Whether the keys at hand are those of the database. What is told of them are ids and fingerprints. */
async function checkKeys(tools: OpsTools): Promise<Check[]> {
  const { pool } = tools;
  const keys = tools.environment('idKeys', 'encryptionKeys', 'auditKeys', 'suppressionKeys');
  const { idKeys, encryptionKeys } = keys;
  const [given, used] = [keysInUse(keys), await usedKeys(pool)];
  const of = (purpose: KeyPurpose) => keyProblems({ [purpose]: given[purpose] ?? [] }, used)[0] ?? null;
  const encryption = of('encryption') ?? (await tokenKeyProblem(pool, encryptionKeys));
  const sealing = auditKeys(keys.auditKeys, idKeys);
  const audit = of('audit') ?? (await newestSealProblem(pool, sealing));
  const [newest] = suppressionKeys(keys);
  const ids = encryptionKeys.map(({ id }) => id).join(', ');
  return [
    checkKey('Suppression keys', await suppressionProblem(pool), {
      fine: `All that the database needs are there; new names by ${newest?.id ?? 'none'}.`,
      mend: 'Add the missing key behind the others: it is never dropped.',
    }),
    checkKey('Encryption keys', encryption, {
      fine: `${ids}; the first one encrypts, and what is stored can be read.`,
      mend: 'Put the key back with which it was encrypted. docs/runbook.md tells how a new one comes in, with an id of its own.',
    }),
    checkKey('Id keys', of('ids'), {
      fine: `${idKeys.length}, the first one with fingerprint ${namedIdKeys(idKeys)[0]!.fingerprint}.`,
      mend: 'Put the key back with which phones were named. docs/runbook.md tells how a new one comes in.',
    }),
    checkKey('Audit keys', audit, {
      fine: `The newest seal fits; ${sealing[0]!.id} seals.`,
      mend: 'Put the key back by which it is sealed; "podium-webchat audit verify" looks at the whole audit.',
    }),
    ...(await checkSecrets(tools)),
    checkTokens(tools),
  ];
}

function checkKey(
  name: string,
  problem: string | null,
  { fine, mend }: { fine: string; mend: string },
): Check {
  return problem === null ? good(name, fine) : bad(name, problem, mend);
}

function checkTokens(tools: OpsTools): Check {
  const { opsTokens } = tools.environment('opsTokens');
  const named = (wanted: TokenScope) =>
    opsTokens.flatMap(({ name, scope }) => (scope === wanted ? [name] : [])).join(', ') || 'nobody';
  return good(
    'Tokens',
    `Everything may be done by ${named('all')}; payloads may be decrypted and encrypted, as the Web UI needs it, by ${named('codec')}.`,
  );
}

async function checkSecrets(tools: OpsTools): Promise<Check[]> {
  const { webhookSecrets } = tools.environment('webhookSecrets');
  const { secrets, runningServers } = await liveSecrets(tools.pool);
  const prints = webhookSecrets.map(secretFingerprint);
  if (runningServers === 0)
    return [bad('Webhook secrets', `No server runs that takes ${prints.join(', ')}.`, 'Start the servers.')];
  const known = secrets.find(({ fingerprint }) => fingerprint === prints[0])?.servers ?? 0;
  if (known < runningServers)
    return [
      bad(
        'Webhook secrets',
        `${runningServers - known} of ${runningServers} server(s) do not take the first one, ${prints[0]}.`,
        'Restart them with the same PODIUM_WEBHOOK_SECRETS.',
      ),
    ];
  return [good('Webhook secrets', `${runningServers} server(s) take ${prints.join(', ')}.`)];
}

async function checkFiles(tools: OpsTools): Promise<Check[]> {
  await tools.openFiles();
  return [good('File store', `The ${tools.settings.attachments.store.kind} can be used.`)];
}

async function checkTemporal({ temporal: client }: OpsTools): Promise<Check[]> {
  const { namespace } = client.options;
  const call = <T>(work: () => Promise<T>) => within(client, work, TEMPORAL_MS);
  await call(() => client.workflowService.describeNamespace({ namespace }));
  const attributes = await call(() => client.connection.operatorService.listSearchAttributes({ namespace }));
  const there = Object.keys(attributes.customAttributes);
  const lacking = Object.keys(SEARCH_ATTRIBUTES).filter((name) => !there.includes(name));
  const planned = new Set<string>(SCHEDULES);
  await call(async () => {
    for await (const { scheduleId } of client.schedule.list()) planned.delete(scheduleId);
  });
  return [
    good('Temporal', `The namespace ${namespace} answers.`),
    lacking.length > 0
      ? bad(
          'Search attributes',
          `Missing: ${lacking.join(', ')}.`,
          'Run `npm run migrate`, or deploy/temporal/namespace.sh.',
        )
      : good('Search attributes', `All ${Object.keys(SEARCH_ATTRIBUTES).length} are there.`),
    planned.size > 0
      ? bad('Schedules', `Missing: ${[...planned].join(', ')}.`, 'Start a worker: it makes them.')
      : good('Schedules', `All ${SCHEDULES.length} are there.`),
  ];
}

async function checkWorkers({ temporal: client }: OpsTools): Promise<Check[]> {
  const unserved = await unservedQueues(client);
  return [
    unserved.length > 0
      ? bad(
          'Workers',
          `Nobody takes work from ${unserved.join(', ')}.`,
          'Start a worker, or see why it hangs.',
        )
      : good('Workers', 'They take work from all queues.'),
  ];
}

async function checkPodium({ pool, podium }: OpsTools): Promise<Check[]> {
  const { works, reason, scopes } = await reportAccess(pool, podium);
  if (!works)
    return [
      {
        name: 'Podium',
        ok: works,
        message: reason ?? '',
        mend:
          works === null
            ? "Wait, and look once more; Podium's status page tells of an outage."
            : '"podium-webchat auth login" authorizes anew.',
      },
    ];
  return [
    good('Podium', 'Podium lets us in.'),
    scopes.missing.length > 0
      ? bad('Scopes', `Missing: ${scopes.missing.join(', ')}.`, '"podium-webchat auth login" asks for all.')
      : good('Scopes', `${scopes.granted.length} are granted, none is known to be missing.`),
  ];
}

async function checkLocations({ pool, settings }: OpsTools): Promise<Check[]> {
  const [stored, readAt] = await Promise.all([listLocations(pool), lastReading(pool)]);
  if (readAt === null)
    return [bad('Locations', 'The list was never read.', '"podium-webchat locations refresh" reads it.')];
  const age = Math.round((Date.now() - readAt.getTime()) / 1000);
  const { refresh_interval_seconds: interval, country_overrides: overrides } = settings.locations;
  const served = stored.filter(({ archived }) => !archived).map((each) => withCountry(each, overrides));
  const lost = served.filter(({ country }) => country === null).map(({ uid }) => uid);
  return [
    age > 2 * interval
      ? bad(
          'Locations',
          `The list is ${age} s old.`,
          'A running server reads it; "locations refresh" does it now.',
        )
      : good('Locations', `${served.length} served, ${stored.length - served.length} archived.`),
    ...(lost.length > 0
      ? [
          bad(
            'Countries',
            `No country, so no phone in local form: ${lost.join(', ')}.`,
            'Set it in Podium, or in locations.country_overrides.',
          ),
        ]
      : [good('Countries', 'Every served store has one.')]),
  ];
}

async function checkWebhook(tools: OpsTools): Promise<Check[]> {
  const { webhookSecrets: secrets, publicUrl } = tools.environment('webhookSecrets', 'publicUrl');
  if (publicUrl === null)
    return [
      {
        name: 'Webhook',
        ok: null,
        message: 'Without PUBLIC_URL nobody knows which is ours.',
        mend: 'Set PUBLIC_URL.',
      },
    ];
  const { pool, podium, settings } = tools;
  const secretMaxAgeDays = settings.webhook.secret_max_age_days;
  const findings = await examineWebhooks({ pool, podium, publicUrl, secrets, secretMaxAgeDays, actor: '' });
  const problems = findings.filter(({ severity }) => severity === 'problem');
  if (problems.length === 0) return [good('Webhook', 'Podium posts all that we need to us.')];
  return problems.map(({ message, mend }) => ({ name: 'Webhook', ok: false, message, mend }));
}

/** A pause is no fault; who looks for one should know. */
async function checkRobot({ pool, settings }: OpsTools): Promise<Check[]> {
  const pauses = (await robotPauses(pool)).map(({ locationUid }) => locationUid ?? 'every store');
  const bySettings = settings.pause.all ? ['every store'] : settings.pause.locations;
  const paused = [...new Set([...pauses, ...bySettings])];
  return [good('Robot', paused.length > 0 ? `Paused at ${paused.join(', ')}.` : 'It speaks at every store.')];
}

async function checkTraces(tools: OpsTools): Promise<Check[]> {
  const { otlpEndpoint } = tools.environment('otlpEndpoint');
  if (otlpEndpoint === null)
    return [good('Traces', 'None are sent: OTEL_EXPORTER_OTLP_ENDPOINT is not set.')];
  const problem = await trySendingTraces();
  if (problem === null) return [good('Traces', `They are taken at ${otlpEndpoint}.`)];
  const mend =
    'Check OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_EXPORTER_OTLP_HEADERS, and that the collector runs.';
  return [bad('Traces', `They are not taken at ${otlpEndpoint}: ${problem}.`, mend)];
}
