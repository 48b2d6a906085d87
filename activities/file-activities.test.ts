import type { ServerResponse } from 'node:http';
import { randomUUID } from 'node:crypto';
import { readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { findFile, markRefused } from '../store/files/rows';
import { receive } from '../store/inbox';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { contentOf } from '../test/support/file-contents';
import { context, customerMessage, testHash } from '../test/support/received';
import { startSmallServer, type SmallServer } from '../test/support/small-server';
import { temporaryStore, type TemporaryStore } from '../test/support/temporary-store';
import { uploadsAge } from '../test/support/uploads-under-way';
import { createFileActivities, type FileActivities, type FileDependencies } from './file-activities';

let database: TestDatabase;
let podium: SmallServer;
let answer: (response: ServerResponse) => void;
let kept: TemporaryStore;
beforeAll(async () => {
  database = await createTestDatabase();
  podium = await startSmallServer((_, response) => answer(response));
  kept = await temporaryStore();
});
afterAll(async () => {
  await podium.close();
  await kept.remove();
  await database.drop();
});

/** A file whose message came so many minutes ago. */
async function announced(minutesAgo = 0): Promise<string> {
  const attachments = [{ url: `${podium.url}/file`, contentType: null, sizeBytes: null, name: null }];
  const receivedAt = new Date(Date.now() - minutesAgo * 60_000);
  const message = customerMessage({ attachments, receivedAt });
  await receive(database.pool, [message], context);
  const { rows } = await database.pool.query<{ id: string }>('select id from files where message_uid = $1', [
    message.event.messageUid,
  ]);
  return rows[0]!.id;
}

/** One attempt. */
function attempt(call: keyof FileActivities, id: string, changed: Partial<FileDependencies> = {}) {
  const activities = createFileActivities({
    ...{
      pool: database.pool,
      files: kept.files,
      phoneHash: testHash,
      podiumOrigin: podium.url,
      keepDays: 90,
    },
    encryptionKeys: context.files.encryptionKeys,
    rules: { maxBytes: 100_000, allowedTypes: ['image/png'] },
    ...changed,
  });
  return new MockActivityEnvironment().run(() => activities[call](id));
}

const brings = (response: ServerResponse) => void response.end(contentOf('png', 1_000));
const says = (status: number) => (response: ServerResponse) => void response.writeHead(status).end();

/** The schedule's retention, so many hours later. */
async function sweepAfter(hours: number): Promise<void> {
  await uploadsAge(database.pool, hours);
  await attempt('deleteOutdatedFiles', '');
}

describe('a content that was kept while its row could not be written', () => {
  async function keptWithoutRow(): Promise<string> {
    answer = brings;
    const id = await announced();
    const query = database.pool.query.bind(database.pool);
    const pool = { query, connect: () => Promise.reject(new Error('away')) } as never;
    await expect(attempt('fetchFile', id, { pool })).rejects.toThrow('away');
    expect(await readdir(kept.folder)).toContain(id);
    return id;
  }

  test('is kept by the next attempt', async () => {
    const id = await keptWithoutRow();
    await attempt('fetchFile', id);
    expect(await findFile(database.pool, id)).toMatchObject({ status: 'kept' });
    await sweepAfter(25);
    expect(await readdir(kept.folder)).toContain(id);
  });

  test.each(['fetchFile', 'giveUpFile'] as const)('is removed when %s settles otherwise', async (call) => {
    const id = await keptWithoutRow();
    answer = says(410);
    const failing = { ...kept.files, delete: () => Promise.reject(new Error('not now')) };
    await expect(attempt(call, id, { files: failing })).rejects.toThrow('not now');
    await attempt(call, id);
    expect(await findFile(database.pool, id)).toMatchObject({ status: 'expired' });
    expect(await readdir(kept.folder)).not.toContain(id);
  });

  test.each(['expired', 'erased'])('is swept when no attempt follows, since the file is %s', async (what) => {
    const id = await keptWithoutRow();
    if (what === 'erased') await database.pool.query('delete from files where id = $1', [id]);
    else await markRefused(database.pool, id, 'ERR_WEBCHAT_017', 'hash');
    await sweepAfter(23);
    expect(await readdir(kept.folder)).toContain(id);
    await sweepAfter(2);
    expect(await readdir(kept.folder)).not.toContain(id);
  });
});

test('what a killed process was writing into the folder is gone a day later', async () => {
  const half = join(kept.folder, 'incoming', randomUUID());
  await writeFile(half, 'half');
  const yesterday = Date.now() / 1000 - 25 * 3_600;
  await utimes(half, yesterday, yesterday);
  await attempt('deleteOutdatedFiles', '');
  expect(await readdir(join(kept.folder, 'incoming'))).toEqual([]);
});

test('a content that comes after its file was given up is not kept', async () => {
  const id = await announced();
  answer = (response) => void attempt('giveUpFile', id).then(() => brings(response));
  await attempt('fetchFile', id);
  expect(await findFile(database.pool, id)).toMatchObject({ status: 'expired' });
  expect(await readdir(kept.folder)).not.toContain(id);
});

test('a file whose link nobody can decrypt any more is given up in the end', async () => {
  const id = await announced();
  const encryptionKeys = [{ id: 'another', secret: Buffer.alloc(32, 2) }];
  await expect(attempt('fetchFile', id, { encryptionKeys })).rejects.toThrow('encryption key');
  await attempt('giveUpFile', id, { encryptionKeys });
  expect(await findFile(database.pool, id)).toMatchObject({ status: 'expired' });
});

test.each([403, 404])('a file that is answered %d just after its message may yet appear', async (status) => {
  answer = says(status);
  const [fresh, old] = [await announced(), await announced(11)];
  await expect(attempt('fetchFile', fresh)).rejects.toMatchObject({ nonRetryable: false });
  expect(await findFile(database.pool, fresh)).toMatchObject({ status: 'pending' });
  await attempt('fetchFile', old);
  expect(await findFile(database.pool, old)).toMatchObject({ status: 'expired' });
});
