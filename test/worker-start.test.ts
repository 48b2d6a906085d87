/** A worker that starts while Temporal or Postgres is away, or refuses it: what whoever runs it sees. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { namedIdKeys } from '../core/used-keys';
import { newKeys } from '../embedded/keys';
import { built } from '../embedded/paths';
import { createTestDatabase, type TestDatabase } from './support/database';
import { laterLine } from './support/later-line';
import { freePort } from './support/ports';

const UNAUTHENTICATED = 16;

let db: TestDatabase;
const workers: ChildProcess[] = [];
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(async () => {
  for (const worker of workers) worker.kill('SIGKILL');
  await db.drop();
});

const keys = newKeys();

/** A worker for a Temporal at this address. */
function start(temporalAddress: string, more: Record<string, string> = {}) {
  const worker = spawn(process.execPath, [built('workers/main.js')], {
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: db.url,
      TEMPORAL_ADDRESS: temporalAddress,
      PODIUM_CLIENT_ID: 'client',
      PODIUM_CLIENT_SECRET: keys.podiumClientSecret,
      WEBCHAT_ID_KEY: keys.idKey,
      WEBCHAT_ENCRYPTION_KEYS: keys.encryptionKey,
      WORKER_HEALTH_PORT: '0',
      WORKER_METRICS_ADDRESS: '127.0.0.1:0',
      ...more,
    },
  });
  workers.push(worker);
  return worker;
}

interface Line {
  msg: string;
  event?: string;
  url?: string;
}

test('it is alive while it waits for Temporal, so that nobody starts it again', async () => {
  const worker = start(`127.0.0.1:${await freePort()}`);
  const lines: Line[] = [];
  for await (const text of createInterface(worker.stdout)) {
    lines.push(JSON.parse(text) as Line);
    const failed = lines.filter(({ msg }) => msg.startsWith('Temporal cannot be reached'));
    if (failed.length === 2) break;
  }
  const url = lines.find(({ event }) => event === 'alive')?.url;
  expect((await fetch(`${url}/livez`)).status).toBe(200);
  expect((await fetch(`${url}/elsewhere`)).status).toBe(404);
  worker.kill();
  expect(await once(worker, 'exit')).toEqual([0, null]);
});

test('it ends with what is to be done when Temporal does not know it', async () => {
  const temporal = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/grpc' });
    response.addTrailers({ 'grpc-status': String(UNAUTHENTICATED), 'grpc-message': 'who?' });
    response.end();
  }).listen(0, '127.0.0.1');
  await once(temporal, 'listening');
  const worker = start(`127.0.0.1:${(temporal.address() as AddressInfo).port}`);
  let said = '';
  worker.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(worker, 'close')) as [number];
  temporal.close();
  expect(said).toContain('TEMPORAL_API_KEY');
  expect(code).toBe(2);
});

test('it ends when Postgres was away at its start, and turns out to have been used with other keys', async () => {
  const other = namedIdKeys(['an-id-key-of-some-length'])[0]!;
  await db.pool.query(
    `insert into used_keys (purpose, key_id, fingerprint, in_front_since) values ('ids', $1, $2, now() + interval '1 day')`,
    [other.id, other.fingerprint],
  );
  const line = await laterLine(db.url);
  const worker = start(`127.0.0.1:${await freePort()}`, { DATABASE_URL: line.url });
  let said = '';
  worker.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  for await (const text of createInterface(worker.stdout)) {
    if ((JSON.parse(text) as Line).msg.startsWith('Temporal cannot be reached')) break;
  }
  await line.open();
  const [code] = (await once(worker, 'close')) as [number];
  await line.close();
  expect(said).toMatch(/cannot go on:[^]*WEBCHAT_ID_KEY/);
  expect(code).toBe(2);
});
