/** Before the first test file of a run: a Postgres of its own, with one migrated database to clone from. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from '../../embedded/child';
import { createCluster, postgresUrl, type PostgresPlan } from '../../embedded/postgres';
import { postgresProgram } from '../../embedded/programs';
import { migrate } from '../../store/migrate';
import { TEMPLATE_URL } from './database';
import { drawPortsOfRun, freePort } from './ports';

/** Nothing here has to survive a power cut; many test files clone and connect at once. */
const FASTER_THAN_SAFE = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'max_connections=300',
];

declare global {
  var endTestPostgres: (() => Promise<void>) | undefined;
}

export default async function globalSetup(): Promise<void> {
  drawPortsOfRun();
  const directory = await mkdtemp(join(tmpdir(), 'podium-webchat-test-'));
  await chmod(directory, 0o711); // root's Postgres runs as another user
  const plan: PostgresPlan = {
    directory: join(directory, 'postgres'),
    port: await freePort(),
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
  const template = postgresUrl(plan);
  await migrate(template);
  process.env[TEMPLATE_URL] = template;
}
