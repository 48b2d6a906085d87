/**
 * Contents on their way into the store. Each is written down before it comes there: a process may die before it has
 * written the file's own row, and what no row tells of, neither retention nor an erasure would ever delete.
 */
import { randomUUID } from 'node:crypto';
import type { Pool, Queryable } from '../database';
import type { FileStore } from './file-store';

/** Whoever has begun an upload is done with it by then, or dead. */
const OVER = "begun_at < now() - interval '1 day'";

/** Its content was deleted before anybody kept it. */
export class UploadGone extends Error {
  override readonly name = 'UploadGone';
  constructor() {
    super('The upload was over before its message could be taken, and what had come of it was deleted.');
  }
}

/**
 * Does `work`, which puts a content into the store and keeps it (`keepUploaded`). What it has not kept in the end is
 * deleted.
 * @param work gets a new id, the file's
 */
export async function uploading<T>(
  pool: Pool,
  files: FileStore,
  work: (fileId: string) => Promise<T>,
): Promise<T> {
  const fileId = randomUUID();
  await noteUpload(pool, fileId);
  try {
    return await work(fileId);
  } finally {
    await deleteUnlessKept(pool, files, fileId).catch(() => undefined); // then the sweep does
  }
}

/** Writes down that a content is about to come into the store under this id, which may have been begun before. */
export async function noteUpload(pool: Pool, fileId: string): Promise<void> {
  await pool.query(
    `insert into file_uploads (id) values ($1)
     on conflict (id) do update set begun_at = excluded.begun_at, unwanted = false`,
    [fileId],
  );
}

/** Its file is kept, in the transaction that writes the file's row. @returns false when its content is deleted */
export async function keepUploaded(client: Queryable, fileId: string): Promise<boolean> {
  const { rowCount } = await client.query('delete from file_uploads where id = $1 and not unwanted', [
    fileId,
  ]);
  return rowCount === 1;
}

/** Waits for a transaction that is about to keep it: whether that has committed need not be known. */
async function deleteUnlessKept(pool: Pool, files: FileStore, fileId: string): Promise<void> {
  const { rows } = await pool.query<{ id: string }>(
    'update file_uploads set unwanted = true where id = $1 returning id',
    [fileId],
  );
  await deleteUnwanted(pool, files, rows);
}

/**
 * Deletes contents of uploads that nobody came to keep, some at once. A file that is yet to be fetched has its own
 * row, whoever fetches it comes again; of one that is kept only the upload is forgotten.
 * @returns whether there may be more
 */
export async function sweepUploads(pool: Pool, files: FileStore, limit: number): Promise<boolean> {
  const { rowCount } = await pool.query(
    `delete from file_uploads where id = any(array(
       select id from file_uploads as upload
        where ${OVER} and exists (select from files where files.id = upload.id and status = 'kept')
        order by begun_at limit $1 for update skip locked))`,
    [limit],
  );
  const { rows } = await pool.query<{ id: string }>(
    `update file_uploads set unwanted = true where id = any(array(
       select id from file_uploads as upload
        where ${OVER} and not exists (select from files where files.id = upload.id and status in ('pending', 'kept'))
        order by begun_at limit $1 for update skip locked))
     returning id`,
    [limit],
  );
  await deleteUnwanted(pool, files, rows);
  return rowCount === limit || rows.length === limit;
}

/** The row goes last: what cannot be deleted now stays known. */
async function deleteUnwanted(pool: Pool, files: FileStore, uploads: { id: string }[]): Promise<void> {
  const failures: unknown[] = [];
  for (const { id } of uploads) {
    try {
      await files.delete(id);
      await pool.query('delete from file_uploads where id = $1 and unwanted', [id]);
    } catch (error) {
      failures.push(error); // the others are deleted all the same
    }
  }
  if (failures.length > 0) throw failures[0];
}
