/** Before the first test file of a run: a Postgres of its own, with one migrated database to clone from. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import getPort from 'get-port';
import { Client } from 'pg';
import { Child } from '../../embedded/child';
import { createCluster, postgresUrl } from '../../embedded/postgres';
import { postgresProgram } from '../../embedded/programs';
import { migrate } from '../../store/migrate';
import { TEMPLATE_DATABASE, TEST_POSTGRES } from './database';

/** Nothing here has to survive a power cut; many test files clone and connect at once. */
const FASTER_THAN_SAFE = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'max_connections=300',
];

declare global {
  /** Ends the run's Postgres and removes its directory. */
  var endTestPostgres: (() => Promise<void>) | undefined;
}

export default async function globalSetup(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'podium-webchat-test-'));
  const plan = {
    directory: join(directory, 'postgres'),
    port: await getPort(),
    password: 'test',
    settings: FASTER_THAN_SAFE,
  };
  const postgres = new Child(postgresProgram(plan, { logDirectory: directory, dataDirectory: directory }));
  globalThis.endTestPostgres = async () => {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  };
  await createCluster(plan);
  await postgres.start();
  await createTemplate(postgresUrl(plan, 'postgres'), postgresUrl(plan, TEMPLATE_DATABASE));
  process.env[TEST_POSTGRES] = postgresUrl(plan, '').replace(/\/$/, '');
}

async function createTemplate(adminUrl: string, url: string): Promise<void> {
  const admin = new Client({ connectionString: adminUrl });
  await admin.connect();
  await admin.query(`create database ${TEMPLATE_DATABASE}`);
  await admin.end();
  await migrate(url);
}
