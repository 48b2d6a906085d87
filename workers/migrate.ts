/**
 * `npm run migrate`: prepares Postgres and Temporal for this version, once and before its processes start. The
 * tables first; then what sessions are searched by, and the schedules. Safe to repeat, and by several at once.
 */
import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { ConfigurationError, loadConfiguration, withFiles } from '../config/load';
import type { Settings } from '../core/settings';
import { migrate } from '../store/migrate';
import { ensureSchedule, plannedSchedules } from './schedules';
import { ensureSearchAttributes } from './search-attributes';

const CONNECT_PATIENCE = '10 seconds';

async function main(): Promise<void> {
  const { environment, settings } = loadConfiguration(['databaseUrl']);
  const applied = await migrate(environment.databaseUrl, say);
  say(applied.length ? `applied: ${applied.join(', ')}` : 'nothing to apply');
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig({
    overrideEnvVars: withFiles(),
  });
  if (connectionOptions.address === undefined) {
    say('Temporal: neither TEMPORAL_ADDRESS nor a profile names one, so nothing was made there');
    return;
  }
  const connection = await Connection.connect({
    ...(connectionOptions as ConnectionOptions),
    connectTimeout: CONNECT_PATIENCE,
  });
  try {
    await prepareTemporal(new Client({ connection, namespace }), settings);
  } finally {
    await connection.close();
  }
}

/** The attributes first: without them every session is stuck in its first task. */
async function prepareTemporal(client: Client, settings: Settings): Promise<void> {
  const made = await ensureSearchAttributes(client);
  say(`search attributes: ${made.length ? `made ${made.join(', ')}` : 'all there'}`);
  const schedules = plannedSchedules(settings);
  for (const schedule of schedules) await ensureSchedule(client, schedule);
  say(`schedules: ${schedules.map(({ scheduleId }) => scheduleId).join(', ')}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

main().catch((error: Error) => {
  const problems = error instanceof ConfigurationError ? error.problems : [error.message];
  process.stderr.write(`${problems.join('\n')}\n`);
  process.exitCode = 2;
});
