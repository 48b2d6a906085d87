import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { PoolClient } from 'pg';
import { createTestDatabase, type TestDatabase } from '../../test/support/database';
import { context, customerMessage, JANE, NORTHSIDE, testHash } from '../../test/support/received';
import { temporaryStore, type TemporaryStore } from '../../test/support/temporary-store';
import { uploadsAge } from '../../test/support/uploads-under-way';
import { receive } from '../inbox';
import { keepForCustomer } from './arrivals';
import { findFile, markKept, markRefused } from './rows';
import { keepUploaded, noteUpload, sweepUploads, UploadGone, uploading } from './uploads';

const KEPT = { contentType: 'image/png', extension: 'png', sizeBytes: 7, sha256: Buffer.alloc(32, 2) };

let db: TestDatabase;
let kept: TemporaryStore;
beforeAll(async () => {
  db = await createTestDatabase();
  kept = await temporaryStore();
});
afterAll(async () => {
  await db.drop();
  await kept.remove();
});
beforeEach(async () => {
  await db.pool.query('truncate file_uploads, files, file_sends, inbox_events');
  for (const file of await kept.contents()) await rm(join(kept.folder, file));
});

const put = (id: string) => kept.files.put(id, Readable.from(['content']), KEPT);
const keep = (id: string) =>
  keepForCustomer(
    db.pool,
    {
      id: randomUUID(),
      fileId: id,
      phone: JANE,
      locationUid: NORTHSIDE,
      body: '',
      name: null,
      wantedBy: 'alice',
    },
    KEPT,
    testHash(JANE),
  );
const sweep = (files = kept.files) => sweepUploads(db.pool, files, 100);

/** Where a process has died that had put a content into the store. @returns the content's id */
async function diedAfterPut(id: string = randomUUID()): Promise<string> {
  await noteUpload(db.pool, id);
  await put(id);
  return id;
}
const hoursPass = (hours: number) => uploadsAge(db.pool, hours);
async function uploads(): Promise<string[]> {
  return (await db.pool.query<{ id: string }>('select id from file_uploads')).rows.map(({ id }) => id);
}
/** A file that came with a message of Podium's, and is to be fetched. */
async function announced(): Promise<string> {
  const url = 'https://files.example.com/a';
  const message = customerMessage({ attachments: [{ url, contentType: null, sizeBytes: null, name: null }] });
  await receive(db.pool, [message], context);
  const { rows } = await db.pool.query<{ id: string }>('select id from files where message_uid = $1', [
    message.event.messageUid,
  ]);
  return rows[0]!.id;
}

describe('an upload', () => {
  test('that is kept stays, and is known by its file alone', async () => {
    const id = await uploading(db.pool, kept.files, async (fileId) => {
      await put(fileId);
      await keep(fileId);
      return fileId;
    });
    expect(await uploads()).toEqual([]);
    expect(await kept.contents()).toEqual([id]);
    await sweep();
    expect(await kept.contents()).toEqual([id]);
  });

  test('that is not kept is deleted at once, whatever went wrong', async () => {
    const failing = uploading(db.pool, kept.files, async (fileId) => {
      await put(fileId);
      expect(await uploads()).toEqual([fileId]);
      throw new Error('no row');
    });
    await expect(failing).rejects.toThrow('no row');
    expect(await kept.contents()).toEqual([]);
    expect(await uploads()).toEqual([]);
  });

  test('that cannot be deleted now is deleted later, and what went wrong first is told', async () => {
    const away = { ...kept.files, delete: () => Promise.reject(new Error('the store is away')) };
    const failing = uploading(db.pool, away, async (fileId) => {
      await put(fileId);
      throw new Error('no row');
    });
    await expect(failing).rejects.toThrow('no row');
    await hoursPass(25);
    await expect(sweep(away)).rejects.toThrow('the store is away');
    await sweep();
    expect(await kept.contents()).toEqual([]);
    expect(await uploads()).toEqual([]);
  });

  test('whose row is being committed, unknown to the process, stays', async () => {
    const committing = await db.pool.connect();
    const id = await uploading(db.pool, kept.files, async (fileId) => {
      await put(fileId);
      await keepIn(committing, fileId);
      setTimeout(() => void committing.query('commit'), 100); // whoever deletes it waits for that
      return fileId;
    });
    committing.release();
    expect(await kept.contents()).toEqual([id]);
  });
});

/** Begins what would keep it, and does not end it. */
async function keepIn(client: PoolClient, fileId: string): Promise<void> {
  await client.query('begin');
  await keepUploaded(client, fileId);
}

describe('the sweep', () => {
  test('deletes what a dead process has put into the store, a day later and not before', async () => {
    const id = await diedAfterPut();
    await hoursPass(23);
    await sweep();
    expect(await kept.contents()).toEqual([id]);
    await hoursPass(2);
    await sweep();
    expect(await kept.contents()).toEqual([]);
    expect(await uploads()).toEqual([]);
  });

  test('forgets an upload whose content never came, or is gone already', async () => {
    await noteUpload(db.pool, randomUUID());
    await hoursPass(25);
    await sweep();
    expect(await uploads()).toEqual([]);
  });

  test('tells whether there may be more', async () => {
    for (let n = 0; n < 3; n += 1) await diedAfterPut();
    await hoursPass(25);
    expect(await sweepUploads(db.pool, kept.files, 2)).toBe(true);
    expect(await kept.contents()).toHaveLength(1);
    expect(await sweepUploads(db.pool, kept.files, 2)).toBe(false);
    expect(await kept.contents()).toEqual([]);
  });

  test('leaves what is being kept', async () => {
    const id = await diedAfterPut();
    await hoursPass(25);
    const keeping = await db.pool.connect();
    await keepIn(keeping, id);
    await sweep();
    await keeping.query('commit');
    keeping.release();
    expect(await kept.contents()).toEqual([id]);
  });

  test.each(['has deleted the content', 'is about to'])(
    'that was there before a slow upload refuses it, also when it only %s',
    async (state) => {
      const id = await diedAfterPut();
      await hoursPass(25);
      const away = { ...kept.files, delete: () => Promise.reject(new Error('the store is away')) };
      if (state === 'is about to') await expect(sweep(away)).rejects.toThrow('away');
      else await sweep();
      await expect(keep(id)).rejects.toThrow(UploadGone);
      expect(await findFile(db.pool, id)).toBeNull();
    },
  );

  test('leaves the content of a file that is yet to be fetched', async () => {
    const id = await diedAfterPut(await announced());
    await hoursPass(25);
    await sweep();
    expect(await kept.contents()).toEqual([id]);
    await markKept(db.pool, id, KEPT, testHash(JANE));
    await sweep();
    expect(await kept.contents()).toEqual([id]);
    expect(await uploads()).toEqual([]);
  });

  test('deletes what was fetched for a file that had been given up, or whose customer was erased', async () => {
    const [expired, erased] = [await announced(), await announced()];
    await markRefused(db.pool, expired, 'ERR_WEBCHAT_017', testHash(JANE));
    await db.pool.query('delete from files where id = $1', [erased]);
    for (const id of [expired, erased]) await diedAfterPut(id);
    await hoursPass(25);
    await sweep();
    expect(await kept.contents()).toEqual([]);
  });

  test('does not forget an attempt that begins just then', async () => {
    const id = await diedAfterPut();
    await hoursPass(25);
    const remove = async () => noteUpload(db.pool, id);
    await sweep({ ...kept.files, delete: remove });
    expect(await uploads()).toEqual([id]);
  });

  test('counts the day of a file from the last attempt to fetch it', async () => {
    const id = await diedAfterPut();
    await hoursPass(25);
    await noteUpload(db.pool, id);
    await sweep();
    expect(await kept.contents()).toEqual([id]);
  });
});
