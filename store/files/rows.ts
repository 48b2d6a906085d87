/** What is known of each file of a customer, and what becomes of it. */
import { fileRefusedNote } from '../../core/agent-note';
import type { Encrypted } from '../../core/encryption';
import type { ErrorCode } from '../../core/error-codes';
import { writeAudit } from '../audit';
import { transaction, type Pool, type Queryable } from '../database';
import { writeNotes } from '../notes';
import type { KeptContent } from './checked-content';

export type FileStatus = 'pending' | 'kept' | 'refused' | 'expired' | 'without_link' | 'deleted';

/** A file as an operator, and who has its link, may see it. */
export interface StoredFile {
  id: string;
  messageUid: string | null;
  status: FileStatus;
  errorCode: string | null;
  /** Null before it was kept. */
  name: string | null;
  contentType: string | null;
  sizeBytes: number | null;
  /** In hex. */
  sha256: string | null;
  receivedAt: Date;
  settledAt: Date | null;
  deletedAt: Date | null;
}

const STORED_FILE = `id, message_uid as "messageUid", status, error_code as "errorCode", stem || '.' || extension as name,
  content_type as "contentType", size_bytes as "sizeBytes", encode(sha256, 'hex') as sha256,
  received_at as "receivedAt", settled_at as "settledAt", deleted_at as "deletedAt"`;

/** The file of an id, or null. */
export async function findFile(pool: Pool, id: string): Promise<StoredFile | null> {
  const { rows } = await pool.query<StoredFile>(`select ${STORED_FILE} from files where id = $1`, [id]);
  return rows[0] ?? null;
}

/** The file that came with a message of the widget, kept or not any more; null when there was none. */
export async function fileOfMessage(pool: Pool, messageUid: string): Promise<StoredFile | null> {
  const { rows } = await pool.query<StoredFile>(
    `select ${STORED_FILE} from files
      where message_uid = $1 and came_by = 'widget' and status in ('kept', 'deleted')`,
    [messageUid],
  );
  return rows[0] ?? null;
}

/** The files of a customer (E.164) at a store, the latest first. */
export async function filesOf(pool: Pool, phone: string, locationUid: string | null): Promise<StoredFile[]> {
  const { rows } = await pool.query<StoredFile>(
    `select ${STORED_FILE} from files where phone_e164 = $1 and ($2::text is null or location_uid = $2)
      order by received_at desc, id`,
    [phone, locationUid],
  );
  return rows;
}

export interface FileToFetch {
  /** As it was encrypted. */
  link: Encrypted;
  phone: string;
  receivedAt: Date;
}

/** A file that is still to be fetched; null when there is nothing left to do. */
export async function fileToFetch(pool: Pool, id: string): Promise<FileToFetch | null> {
  const { rows } = await pool.query<{ phone: string; keyId: string; bytes: Buffer; receivedAt: Date }>(
    `select phone_e164 as phone, link_key_id as "keyId", link as bytes, received_at as "receivedAt" from files
      where id = $1 and status = 'pending' and link is not null`,
    [id],
  );
  const [row] = rows;
  return row
    ? { link: { keyId: row.keyId, bytes: row.bytes }, phone: row.phone, receivedAt: row.receivedAt }
    : null;
}

/** Files that were kept for longer than so many days, the oldest first. */
export async function outdatedFiles(
  pool: Pool,
  days: number,
  limit: number,
): Promise<{ id: string; phone: string }[]> {
  const { rows } = await pool.query<{ id: string; phone: string }>(
    `select id, phone_e164 as phone from files
      where status = 'kept' and settled_at < now() - $1 * interval '1 day' order by settled_at limit $2`,
    [days, limit],
  );
  return rows;
}

/** How many files there are in each state. */
export async function countFiles(pool: Pool): Promise<{ status: FileStatus; count: number }[]> {
  const { rows } = await pool.query<{ status: FileStatus; count: number }>(
    'select status, count(*) as count from files group by status',
  );
  return rows;
}

/** The content is in the store. @returns false when something else has become of the file meanwhile */
export async function markKept(
  pool: Pool,
  id: string,
  kept: KeptContent,
  phoneHash: string,
): Promise<boolean> {
  return transaction(pool, async (client) => {
    const { rows } = await client.query<{ locationUid: string }>(
      `update files set status = 'kept', link = null, link_key_id = null, settled_at = now(),
         content_type = $2, extension = $3, size_bytes = $4, sha256 = $5
        where id = $1 and status = 'pending' returning location_uid as "locationUid"`,
      [id, kept.contentType, kept.extension, kept.sizeBytes, kept.sha256],
    );
    const [row] = rows;
    if (!row) return false;
    await auditKept(client, { ...kept, ...row, id, sha256: kept.sha256.toString('hex') }, phoneHash);
    return true;
  });
}

export async function auditKept(
  client: Queryable,
  file: { id: string; locationUid: string; sha256: string; sizeBytes: number; contentType: string },
  phoneHash: string,
): Promise<void> {
  const { id, locationUid, sha256, sizeBytes, contentType } = file;
  await writeAudit(client, {
    ...{ key: null, kind: 'file_kept', phoneHash, locationUid, workflowId: null },
    details: { file: id, sha256, size: sizeBytes, content_type: contentType },
  });
}

/** The file is not to be had, for good: the agent is told, and the link is forgotten. */
export async function markRefused(pool: Pool, id: string, code: ErrorCode, phoneHash: string): Promise<void> {
  await transaction(pool, (client) => settleRefused(client, id, code, phoneHash, true));
}

export async function settleRefused(
  client: Queryable,
  id: string,
  code: ErrorCode,
  phoneHash: string,
  mayReply: boolean,
): Promise<void> {
  const { rows } = await client.query<{ phone: string; locationUid: string; conversationUid: string | null }>(
    `update files set status = case $2 when 'ERR_WEBCHAT_017' then 'expired' else 'refused' end,
       error_code = $2, link = null, link_key_id = null, settled_at = now()
      where id = $1 and status = 'pending'
     returning phone_e164 as phone, location_uid as "locationUid", conversation_uid as "conversationUid"`,
    [id, code],
  );
  const [file] = rows;
  if (!file) return;
  const { locationUid } = file;
  await writeAudit(client, {
    ...{ key: null, kind: 'file_refused', phoneHash, locationUid, workflowId: null },
    details: { file: id, code },
  });
  await writeFileNote(client, file, `file_refused:${id}`, fileRefusedNote(code, { mayReply }));
}

export async function writeFileNote(
  client: Queryable,
  about: { phone: string; locationUid: string; conversationUid: string | null },
  key: string,
  body: string,
): Promise<void> {
  const { phone, locationUid, conversationUid } = about;
  await writeNotes(client, [
    { key, phone, locationUid, conversationUid, workflowId: null, body, close: false },
  ]);
}

/** The content is gone from the store. What it was stays known. */
export async function markDeleted(pool: Pool, id: string, phoneHash: string): Promise<void> {
  await transaction(pool, async (client) => {
    const { rows } = await client.query<{ locationUid: string }>(
      `update files set status = 'deleted', deleted_at = now() where id = $1 and status = 'kept'
       returning location_uid as "locationUid"`,
      [id],
    );
    for (const { locationUid } of rows)
      await writeAudit(client, {
        ...{ key: null, kind: 'file_deleted', phoneHash, locationUid, workflowId: null },
        details: { file: id },
      });
  });
}
