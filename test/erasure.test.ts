/** Once a person is erased nobody finds them any more, nothing brings them back, and who was opted out stays so. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { WorkflowNotFoundError } from '@temporalio/client';
import { built } from '../embedded/paths';
import { executions, storedHistory } from './support/histories';
import { publishedEvent } from './support/podium-events';
import { contentOf } from './support/file-contents';
import { BAYVIEW, NORTHSIDE } from './support/simulator';
import { startSystem, type System } from './support/system';

const JANE = '+61400123456';
const MARY = '+14155551234';
const JOHN = '+61412345678';

const JANES = ['61400123456', '0400123456', '0400 123 456', '400123456', 'quokka', 'wombat', 'Zebediah'];
const MARYS = ['4155551234', 'numbat', 'Pemberton'];

let system: System;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'erasure-'));
  system = await startSystem({ logLevel: 'trace', settings: { reconciliation: { interval_seconds: 1 } } });
  const write = (phone: string, body: string, location_uid = NORTHSIDE) =>
    system.simulator.customerWrites({
      ...{ phone, location_uid, body, name: phone === '0400 123 456' ? 'Zebediah' : 'John' },
    });
  await write('0400 123 456', 'Do you have a quokka?');
  await system.hears(1, JANE);
  await write('0400 123 456', '1');
  await system.hears(2, JANE);
  const { uid } = (await system.simulator.conversation(JANE, NORTHSIDE))!;
  await system.simulator.agentWrites({ conversation_uid: uid, body: 'We have a wombat.' });
  await system.simulator.customerWrites({
    ...{ phone: '0400 123 456', location_uid: NORTHSIDE, body: 'Like this quokka.' },
    attachments: [{ content_type: 'image/png', size_bytes: 5_000 }],
  });
  await write('0400 123 456', 'STOP');
  await write('0400 123 456', 'A quokka, please?');
  await system.post('{"data": {"body": "A quokka for 0400 123 456?"');
  await system.post(publishedEvent({ phone: '0400 123 456', body: 'A wombat?', locationUid: 'elsewhere' }));
  await write('0412 345 678', 'Do you have a bilby?');
  await system.hears(1, JOHN);
  await system.isQuiet();
});
afterAll(async () => {
  await system?.stop();
  await rm(folder, { recursive: true });
});

const erase = (phone: string, ...more: string[]) =>
  system.cli(['contacts', 'erase', '--phone', phone, ...more]);

/** Every table and column of the database in which one of the words stands. */
async function foundInDatabase(words: string[]): Promise<string[]> {
  const { rows: columns } = await system.pool.query<{ table: string; column: string; type: string }>(
    `select table_name as table, column_name as column, data_type as type from information_schema.columns
      where table_schema = 'public'`,
  );
  const found: string[] = [];
  for (const { table, column, type } of columns) {
    const text = type === 'bytea' ? `encode("${column}", 'escape')` : `"${column}"::text`;
    const { rowCount } = await system.pool.query(
      `select from ${table} where exists (select from unnest($1::text[]) as word where position(word in ${text}) > 0)`,
      [words],
    );
    if (rowCount! > 0) found.push(`${table}.${column}`);
  }
  return found;
}

/** Those of the ids of workflows of which Temporal still has something, decoded, with one of the words. */
async function foundInTemporal(words: string[]): Promise<string[]> {
  const found: string[] = [];
  for (const execution of await executions(system.client)) {
    const history = await decoded(await storedHistory(system.client, execution).catch(nothingLeft));
    if (words.some((word) => history.includes(word))) found.push(execution.workflowId);
  }
  return found;
}

/** Temporal's list forgets a run a moment after its history has gone. */
function nothingLeft(error: unknown): null {
  if (error instanceof WorkflowNotFoundError) return null;
  throw error;
}

/** All texts of a message of Temporal, those that are encrypted too. */
async function decoded(message: unknown): Promise<string> {
  if (typeof message === 'string') return message;
  if (message instanceof Uint8Array) return Buffer.from(message).toString('latin1');
  if (typeof message !== 'object' || message === null) return '';
  if ('metadata' in message && 'data' in message) {
    const [payload] = await system.client.options.loadedDataConverter.payloadCodecs[0]!.decode([
      message as never,
    ]);
    return Buffer.from(payload!.data ?? []).toString();
  }
  return (await Promise.all(Object.values(message).map(decoded))).join('\n');
}

async function foundInLogs(words: string[]): Promise<string[]> {
  const { 'simulator.log': _, ...logs } = await system.logs(); // it is Podium
  return Object.values(logs)
    .flatMap((log) => log.split('\n'))
    .filter((line) => words.some((word) => line.includes(word)));
}

test('before it there is much to be found, and without --yes nothing goes', async () => {
  expect(await foundInDatabase(JANES)).toEqual(
    expect.arrayContaining([
      'inbox_events.raw',
      'inbox_events.message',
      'opt_outs.phone_e164',
      'sends.phone_e164',
    ]),
  );
  expect(await foundInTemporal(JANES)).toContain(system.workflowId(JANE));
  const { exitCode, data } = await erase(JANE);
  expect(exitCode).toBe(0);
  expect(data).toMatchObject({ held: { sessions: 1, files: 1 }, suppressed: true, unfinished_since: null });
  expect(await foundInDatabase(JANES)).not.toEqual([]);
});

test('with Temporal away the suppression is safe, and what is left is left until it is run again', async () => {
  await system.pauseTemporal();
  try {
    expect(await erase(JANE, '--yes')).toMatchObject({
      exitCode: 2,
      data: { error: { code: 'ERR_HTTP_AWAY' } },
    });
  } finally {
    await system.resumeTemporal();
  }
  const { rows } = await system.pool.query('select suppressed, finished_at from erasures');
  expect(rows).toEqual([{ suppressed: true, finished_at: null }]);
  expect((await system.pool.query('select from suppressions')).rowCount).toBe(1);
  expect(await foundInDatabase(JANES)).not.toEqual([]);
});

test('after it neither database, Temporal nor logs have a word of the person, and others are as they were', async () => {
  const { exitCode, data } = await erase(JANE, '--yes');
  expect(exitCode).toBe(0);
  expect(data).toMatchObject({
    suppressed: true,
    finished_at: expect.any(String),
    counts: { sessions: 1, files: 1, file_contents: 1, temporal_runs: expect.any(Number) },
  });
  expect(JANES.filter((word) => JSON.stringify(data).includes(word))).toEqual([]);
  expect(await foundInDatabase(JANES)).toEqual([]);
  expect(await foundInTemporal(JANES)).toEqual([]);
  expect(await foundInLogs(JANES)).toEqual([]);
  expect(await foundInTemporal(['bilby'])).toEqual([system.workflowId(JOHN)]);
  expect(await foundInDatabase(['bilby'])).not.toEqual([]);
});

test('reconciliation, which reads the conversation again, brings nothing back', async () => {
  await system.reconcile();
  await system.isQuiet();
  expect(await foundInDatabase(JANES)).toEqual([]);
  expect(await foundInTemporal(JANES)).toEqual([]);
});

test('a send to the phone is still blocked at the door', async () => {
  const file = join(folder, 'quote.pdf');
  await writeFile(file, contentOf('pdf', 1_000));
  const where = ['--phone', JANE, '--location', NORTHSIDE, '--file', file];
  const { exitCode, data } = await system.cli(['files', 'send', ...where]);
  expect(exitCode).toBe(1);
  expect(data).toMatchObject({ status: 'blocked', error: { code: 'ERR_WEBCHAT_009' } });
});

test.each(['server/main.js', 'workers/main.js'])(
  '%s does not start without the key of the suppressed, nor with other keys than the database was used with',
  async (program) => {
    const env = {
      ...process.env,
      ...system.environment,
      PORT: '0',
      WEBCHAT_ID_KEY: 'another-id-key-than-before',
      WEBCHAT_ENCRYPTION_KEYS: `local:${Buffer.alloc(32, 9).toString('base64')}`,
    };
    const started = promisify(execFile)(process.execPath, [built(program)], { env, timeout: 120_000 });
    await expect(started).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /cannot start:[^]*WEBCHAT_SUPPRESSION_KEYS[^]*WEBCHAT_ID_KEY: the key is missing[^]*WEBCHAT_ENCRYPTION_KEYS: the key "local" is not/,
      ),
    });
  },
);

test('a chat that goes on is ended by the erasure; the next message begins a new one', async () => {
  const write = (body: string) =>
    system.simulator.customerWrites({ phone: MARY, location_uid: BAYVIEW, body, name: 'Pemberton' });
  await write('Do you have a numbat?');
  await system.hears(1, MARY, BAYVIEW);
  await write('1');
  await system.hears(2, MARY, BAYVIEW);
  await system.isQuiet();

  expect(await erase(MARY, '--yes')).toMatchObject({ exitCode: 0, data: { suppressed: false } });
  await system.isQuiet();
  expect(await foundInDatabase(MARYS)).toEqual([]);
  expect(await foundInTemporal(MARYS)).toEqual([]);

  await write('Hello again');
  const texts = await system.hears(3, MARY, BAYVIEW);
  expect(texts[2]).toBe(texts[0]); // greeted as somebody new
  expect(await erase(JOHN, '--yes')).toMatchObject({ exitCode: 0 });
});
