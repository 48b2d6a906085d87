import { createHash, randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { readdir } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { Worker } from '@temporalio/worker';
import { createFileActivities } from '../activities/file-activities';
import { createRetentionActivities } from '../activities/retention-activities';
import { FILES_QUEUE, SESSION_QUEUE } from '../core/session';
import { findFile } from '../store/files/rows';
import { receive } from '../store/inbox';
import { contentOf } from '../test/support/file-contents';
import { context, customerMessage, testHash } from '../test/support/received';
import { SessionRig } from '../test/support/session-rig';
import { startSmallServer, type SmallServer } from '../test/support/small-server';
import { temporaryStore, type TemporaryStore } from '../test/support/temporary-store';

const DAY = 24 * 60 * 60 * 1000;
const MAX = 100_000;

let rig: SessionRig;
let podium: SmallServer;
let answer: (response: ServerResponse) => void;
let store: TemporaryStore;
let stopWorker: () => Promise<unknown>;

beforeAll(async () => {
  rig = await SessionRig.start();
  podium = await startSmallServer((_, response) => answer(response));
  store = await temporaryStore();
  const { pool } = rig.database;
  const worker = await Worker.create({
    connection: rig.env.nativeConnection,
    taskQueue: FILES_QUEUE,
    activities: {
      ...createFileActivities({
        ...{ pool, files: store.files, phoneHash: testHash, podiumOrigin: podium.url, keepDays: 90 },
        encryptionKeys: context.files.encryptionKeys,
        rules: { maxBytes: MAX, allowedTypes: ['image/png'] },
      }),
      ...createRetentionActivities({
        pool,
        rules: { messagesDays: 400, partialAnswersDays: 30, tombstonesDays: 22 },
      }),
    },
  });
  const running = worker.run();
  stopWorker = () => {
    worker.shutdown();
    return running;
  };
});
afterAll(async () => {
  await stopWorker();
  await rig.stop();
  await podium.close();
  await store.remove();
});
beforeEach(() => (podium.requests.length = 0));

/** A file that came with a message, and waits to be fetched. */
async function announced(): Promise<string> {
  const attachments = [{ url: `${podium.url}/file`, contentType: null, sizeBytes: null, name: null }];
  await receive(rig.database.pool, [customerMessage({ attachments })], context);
  const { rows } = await rig.database.pool.query<{ id: string }>(
    "select id from files where status = 'pending'",
  );
  return rows[0]!.id;
}

/** Runs a workflow to its end; the clock jumps over its waits. */
/** @returns how long it took, in ms: by its history, since the clock may jump once nothing is left to do */
async function run(type: string, ...args: object[]): Promise<number> {
  const workflowId = `${type}:${randomUUID()}`;
  const handle = await rig.env.client.workflow.start(type, { taskQueue: SESSION_QUEUE, workflowId, args });
  await handle.result();
  const { startTime, closeTime } = await handle.describe();
  return closeTime!.getTime() - startTime.getTime();
}

async function notesOf(fileId: string): Promise<string[]> {
  const { rows } = await rig.database.pool.query<{ body: string }>(
    'select body from agent_notes where note_key = $1',
    [`file_refused:${fileId}`],
  );
  return rows.map(({ body }) => body);
}

test('a file is fetched once, however often that is asked for', async () => {
  const content = contentOf('png', MAX);
  answer = (response) => response.end(content);
  const fileId = await announced();
  await run('inboundFile', { fileId });
  await run('inboundFile', { fileId });
  expect(podium.requests).toHaveLength(1);
  expect(await findFile(rig.database.pool, fileId)).toMatchObject({
    ...{ status: 'kept', sizeBytes: MAX, contentType: 'image/png' },
    sha256: createHash('sha256').update(content).digest('hex'),
  });
  expect((await buffer(await store.files.open(fileId))).equals(content)).toBe(true);
  expect(await notesOf(fileId)).toEqual([]);
});

test('an outage is waited for, as long as the link may be good', async () => {
  let left = 20;
  answer = (response) => {
    if (left-- > 0) response.writeHead(503).end();
    else response.end(contentOf('png', 1_000));
  };
  const fileId = await announced();
  await run('inboundFile', { fileId });
  expect(await findFile(rig.database.pool, fileId)).toMatchObject({ status: 'kept' });
});

test('after seven days it is given up, and the agent is told', async () => {
  answer = (response) => response.writeHead(500).end();
  const fileId = await announced();
  const took = await run('inboundFile', { fileId });
  expect(took).toBeGreaterThanOrEqual(6.9 * DAY);
  expect(took).toBeLessThan(7.1 * DAY);
  expect(await findFile(rig.database.pool, fileId)).toMatchObject({
    status: 'expired',
    errorCode: 'ERR_WEBCHAT_017',
  });
  expect(await notesOf(fileId)).toEqual([expect.stringContaining('link expired')]);
});

test.each([
  ['its link has expired', 'expired', 'ERR_WEBCHAT_017', (to: ServerResponse) => to.writeHead(410).end()],
  [
    'it leads elsewhere',
    'refused',
    'ERR_WEBCHAT_016',
    (to: ServerResponse) => to.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
  ],
  [
    'it is too large',
    'refused',
    'ERR_WEBCHAT_005',
    (to: ServerResponse) => to.end(contentOf('png', MAX + 1)),
  ],
  [
    'it is something else',
    'refused',
    'ERR_WEBCHAT_015',
    (to: ServerResponse) => to.end(contentOf('exe', 1_000)),
  ],
])('where %s, nothing is kept, and that is said', async (_, status, errorCode, says) => {
  answer = says;
  const fileId = await announced();
  await run('inboundFile', { fileId });
  expect(await findFile(rig.database.pool, fileId)).toMatchObject({ status, errorCode });
  expect(await notesOf(fileId)).toEqual([expect.stringContaining(errorCode)]);
  expect(await readdir(store.folder)).not.toContain(fileId);
});

test('what is announced too large is not read', async () => {
  let closed: Promise<unknown> | undefined;
  answer = (response) => {
    closed = new Promise((resolve) => response.on('close', resolve));
    response.writeHead(200, { 'content-length': MAX + 1 }).write('a beginning');
  };
  const fileId = await announced();
  await run('inboundFile', { fileId });
  expect(await findFile(rig.database.pool, fileId)).toMatchObject({ errorCode: 'ERR_WEBCHAT_005' });
  await closed; // the rest never came, and nobody waited for it
});

test('files are deleted in time, and what they were stays known', async () => {
  answer = (response) => response.end(contentOf('png', 1_000));
  const kept = async () => {
    const fileId = await announced();
    await run('inboundFile', { fileId });
    return fileId;
  };
  const [old, fresh] = [await kept(), await kept()];
  await rig.database.pool.query("update files set settled_at = now() - interval '91 days' where id = $1", [
    old,
  ]);
  await run('retention');
  expect(await findFile(rig.database.pool, old)).toMatchObject({
    status: 'deleted',
    contentType: 'image/png',
  });
  expect(await findFile(rig.database.pool, fresh)).toMatchObject({ status: 'kept' });
  const left = await readdir(store.folder);
  expect(left).toContain(fresh);
  expect(left).not.toContain(old);
});
