/** What is known of each file of a customer, and what becomes of it. */
import { randomUUID } from 'node:crypto';
import { customerFileNote, fileRefusedNote, forwardedWords } from '../../core/agent-note';
import { dealingWith } from '../../core/current-trace';
import { encrypt, type Encrypted, type EncryptionKey } from '../../core/encryption';
import type { ErrorCode } from '../../core/error-codes';
import type { Attachment, ReceivedFile } from '../../core/events';
import { sealFileLink } from '../../core/file-link';
import { writeAudit } from '../audit';
import { lockPhones, transaction, type Pool, type Queryable } from '../database';
import { wantFileSend, type WantedFileSend } from '../file-sends';
import { writeNotes } from '../notes';
import { isOptedOut } from '../opt-out-states';
import { storableKey } from '../text';
import { wantWorkflows, type WantedWorkflow } from '../workflow-starts';
import type { KeptContent } from './checked-content';
import { stemOf } from './file-name';

export type FileStatus = 'pending' | 'kept' | 'refused' | 'expired' | 'without_link' | 'deleted';

/** Where a file came in. */
export interface FileOrigin {
  messageUid: string | null;
  phone: string;
  locationUid: string;
  conversationUid: string | null;
  receivedAt: Date;
}

/** A file that an event has announced. */
export interface AnnouncedFile extends FileOrigin {
  attachment: Attachment;
  /** Whether its sender may be answered: has not opted out. */
  mayReply: boolean;
  /** Of its message. */
  traceId: string;
}

export interface FileRules {
  maxBytes: number;
  /** The first one encrypts links. */
  encryptionKeys: readonly EncryptionKey[];
  /** Where people reach the server; null where nobody said, and notes hold no links then. */
  publicUrl: string | null;
  linkSeconds: number;
  /** Whether Podium has a call that shows the store a customer's file. */
  forwards: boolean;
  /** The audit's name for a phone. */
  auditHash(phone: string): string;
}

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

/**
 * Writes down the files that came with messages, in the receiving transaction. What came with the message
 * itself is told to the agent; what Podium has a link to is fetched.
 */
export async function announceFiles(
  client: Queryable,
  announced: AnnouncedFile[],
  rules: FileRules,
): Promise<void> {
  await wantFetched(
    client,
    announced.filter(({ attachment }) => !attachment.received),
    rules,
  );
  for (const file of announced) {
    const { received } = file.attachment;
    await dealingWith(file.traceId, async () => {
      if (received?.kind === 'kept') await keepReceived(client, file, received, rules);
      if (received?.kind === 'refused') await refuseReceived(client, file, received.code, rules);
    });
  }
}

/**
 * Wants the workflow that fetches each. One that is announced too large is refused at once; without a link
 * there is nothing to fetch.
 */
async function wantFetched(client: Queryable, announced: AnnouncedFile[], rules: FileRules): Promise<void> {
  if (announced.length === 0) return;
  const files = announced.map((file) => announcedRow(file, rules));
  await client.query(
    `insert into files (id, came_by, message_uid, phone_e164, location_uid, conversation_uid, stem,
                        link_key_id, link, status, received_at)
     select id, 'podium', message_uid, phone, location_uid, conversation_uid, stem, key_id, link, status, received_at
       from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bytea[],
                   $9::text[], $10::timestamptz[])
         as f(id, message_uid, phone, location_uid, conversation_uid, stem, key_id, link, status, received_at)`,
    [
      files.map(({ id }) => id),
      files.map(({ messageUid }) => messageUid && storableKey(messageUid)),
      files.map(({ phone }) => phone),
      files.map(({ locationUid }) => locationUid),
      files.map(({ conversationUid }) => conversationUid),
      files.map(({ stem }) => stem),
      files.map(({ link }) => link?.keyId ?? null),
      files.map(({ link }) => link?.bytes ?? null),
      files.map(({ status }) => status),
      files.map(({ receivedAt }) => receivedAt),
    ],
  );
  for (const { id, phone, tooLarge } of files)
    if (tooLarge) await settleRefused(client, id, 'ERR_WEBCHAT_005', rules.auditHash(phone), true);
  await wantWorkflows(
    client,
    files
      .filter(({ link }) => link !== null)
      .map(({ id, traceId }) => ({ ...inboundFileWorkflow(id), traceId })),
  );
}

/** The workflow that fetches a customer's file. */
export function inboundFileWorkflow(id: string): WantedWorkflow {
  return { workflowType: 'inboundFile', workflowId: `inbound-file:${id}`, args: [{ fileId: id }] };
}

function announcedRow(file: AnnouncedFile, { maxBytes, encryptionKeys }: FileRules) {
  const { url, sizeBytes, name } = file.attachment;
  const tooLarge = sizeBytes !== null && sizeBytes > maxBytes;
  const link = url !== null && !tooLarge ? encrypt(Buffer.from(url), encryptionKeys) : null;
  const status: FileStatus = link || tooLarge ? 'pending' : 'without_link';
  return { ...file, id: randomUUID(), stem: stemOf(name), link, status, tooLarge };
}

/**
 * A file that is in the store already: its row, its audit entry and the agent's note. A message brings one
 * file, so nothing is written where its file is known.
 * @returns whether it is news
 */
async function keepReceived(
  client: Queryable,
  file: Omit<AnnouncedFile, 'traceId'>,
  kept: Extract<ReceivedFile, { kind: 'kept' }>,
  rules: FileRules,
): Promise<boolean> {
  const { fileId: id, contentType, extension, sizeBytes } = kept;
  const stem = stemOf(file.attachment.name);
  const { rowCount } = await client.query(
    `insert into files (id, came_by, message_uid, phone_e164, location_uid, conversation_uid, stem, status,
                        content_type, extension, size_bytes, sha256, received_at, settled_at)
     values ($1, 'widget', $2, $3, $4, $5, $6, 'kept', $7, $8, $9, decode($10, 'hex'), $11, now())
     on conflict (message_uid) where came_by = 'widget' and status in ('kept', 'deleted') do nothing`,
    [
      ...[id, file.messageUid, file.phone, file.locationUid, file.conversationUid, stem],
      ...[contentType, extension, sizeBytes, kept.sha256, file.receivedAt],
    ],
  );
  if (rowCount === 0) return false;
  await auditKept(client, { ...kept, id, locationUid: file.locationUid }, rules.auditHash(file.phone));
  const { publicUrl, linkSeconds, encryptionKeys } = rules;
  const linkExpiresAt = new Date(Date.now() + linkSeconds * 1000);
  const link = publicUrl && `${publicUrl}/files/${sealFileLink(id, linkExpiresAt, encryptionKeys)}`;
  const about = { name: `${stem}.${extension}`, contentType, sizeBytes, link, linkExpiresAt };
  await writeFileNote(client, file, `file:${id}`, customerFileNote({ ...about, mayReply: file.mayReply }));
  if (rules.forwards && file.mayReply) {
    const { phone, locationUid } = file;
    const wanted = { id: randomUUID(), fileId: id, phone, locationUid, body: forwardedWords(about.name) };
    await wantFileSend(client, { ...wanted, forwarded: true, wantedBy: 'widget' });
  }
  return true;
}

/** A file that was not taken while its message was. */
async function refuseReceived(
  client: Queryable,
  file: AnnouncedFile,
  code: ErrorCode,
  rules: FileRules,
): Promise<void> {
  const id = randomUUID();
  await client.query(
    `insert into files (id, came_by, message_uid, phone_e164, location_uid, conversation_uid, stem, status, received_at)
     values ($1, 'widget', $2, $3, $4, $5, $6, 'pending', $7)`,
    [
      ...[id, file.messageUid, file.phone, file.locationUid, file.conversationUid],
      ...[stemOf(file.attachment.name), file.receivedAt],
    ],
  );
  await settleRefused(client, id, code, rules.auditHash(file.phone), file.mayReply);
}

/** A file that came for a message which has come before without it. */
export async function keepLate(
  pool: Pool,
  file: Omit<AnnouncedFile, 'mayReply' | 'traceId'>,
  kept: Extract<ReceivedFile, { kind: 'kept' }>,
  rules: FileRules,
): Promise<boolean> {
  return transaction(pool, async (client) => {
    await lockPhones(client, [file.phone]);
    const mayReply = !(await isOptedOut(client, file.phone));
    return keepReceived(client, { ...file, mayReply }, kept, rules);
  });
}

/** A file of the store's for the customer: kept, and to be sent. @returns false when the send was wanted before */
export async function keepForCustomer(
  pool: Pool,
  { name, ...wanted }: Omit<WantedFileSend, 'forwarded'> & { name: string | null },
  kept: KeptContent,
  phoneHash: string,
): Promise<boolean> {
  const { fileId: id, phone, locationUid } = wanted;
  const { contentType, extension, sizeBytes, sha256 } = kept;
  return transaction(pool, async (client) => {
    await lockPhones(client, [phone]);
    await client.query(
      `insert into files (id, came_by, phone_e164, location_uid, stem, status, content_type, extension,
                          size_bytes, sha256, received_at, settled_at)
       values ($1, 'operator', $2, $3, $4, 'kept', $5, $6, $7, $8, now(), now())`,
      [id, phone, locationUid, stemOf(name), contentType, extension, sizeBytes, sha256],
    );
    if (!(await wantFileSend(client, { ...wanted, forwarded: false }))) {
      await client.query('delete from files where id = $1', [id]);
      return false;
    }
    await auditKept(
      client,
      { id, locationUid, sizeBytes, contentType, sha256: sha256.toString('hex') },
      phoneHash,
    );
    return true;
  });
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

async function auditKept(
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

async function writeFileNote(
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

/** The file is not to be had, for good: the agent is told, and the link is forgotten. */
export async function markRefused(pool: Pool, id: string, code: ErrorCode, phoneHash: string): Promise<void> {
  await transaction(pool, (client) => settleRefused(client, id, code, phoneHash, true));
}

async function settleRefused(
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

const STORED_FILE = `id, message_uid as "messageUid", status, error_code as "errorCode", stem || '.' || extension as name,
  content_type as "contentType", size_bytes as "sizeBytes", encode(sha256, 'hex') as sha256,
  received_at as "receivedAt", settled_at as "settledAt", deleted_at as "deletedAt"`;

/** The file of an id, or null. */
export async function findFile(pool: Pool, id: string): Promise<StoredFile | null> {
  const { rows } = await pool.query<StoredFile>(`select ${STORED_FILE} from files where id = $1`, [id]);
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

/** How many files there are in each state. */
export async function countFiles(pool: Pool): Promise<{ status: FileStatus; count: number }[]> {
  const { rows } = await pool.query<{ status: FileStatus; count: number }>(
    'select status, count(*) as count from files group by status',
  );
  return rows;
}
