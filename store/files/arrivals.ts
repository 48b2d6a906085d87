/** How a file comes in: with a message, by a link of Podium's, or from the store for the customer. */
import { randomUUID } from 'node:crypto';
import { customerFileNote, forwardedWords } from '../../core/agent-note';
import { dealingWith } from '../../core/current-trace';
import { encrypt, type EncryptionKey } from '../../core/encryption';
import type { ErrorCode } from '../../core/error-codes';
import type { Attachment, ReceivedFile } from '../../core/events';
import { sealFileLink } from '../../core/file-link';
import { lockPhones, transaction, type Pool, type Queryable } from '../database';
import { wantFileSend, type WantedFileSend } from '../file-sends';
import { isOptedOut } from '../opt-out-states';
import { storableKey } from '../text';
import { wantWorkflows, type WantedWorkflow } from '../workflow-starts';
import type { KeptContent } from './checked-content';
import { stemOf } from './file-name';
import { auditKept, settleRefused, writeFileNote, type FileStatus } from './rows';
import { keepUploaded, UploadGone } from './uploads';

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
      if (received?.kind === 'kept' && !(await keepReceived(client, file, received, rules)))
        await refuseReceived(client, file, 'ERR_WEBCHAT_022', rules);
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
 * @returns false when its content is not there any more: its message was held up, or its upload took a day
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
  if (rowCount === 0) return true;
  if (!(await keepUploaded(client, id))) {
    await client.query('delete from files where id = $1', [id]);
    return false;
  }
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

/** A file that came for a message which has come before without it. @throws UploadGone */
export async function keepLate(
  pool: Pool,
  file: Omit<AnnouncedFile, 'mayReply' | 'traceId'>,
  kept: Extract<ReceivedFile, { kind: 'kept' }>,
  rules: FileRules,
): Promise<void> {
  await transaction(pool, async (client) => {
    await lockPhones(client, [file.phone]);
    const mayReply = !(await isOptedOut(client, file.phone));
    if (!(await keepReceived(client, { ...file, mayReply }, kept, rules))) throw new UploadGone();
  });
}

/**
 * A file of the store's for the customer: kept, and to be sent.
 * @returns false when the send was wanted before
 * @throws UploadGone
 */
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
    if (!(await keepUploaded(client, id))) throw new UploadGone();
    await auditKept(
      client,
      { id, locationUid, sizeBytes, contentType, sha256: sha256.toString('hex') },
      phoneHash,
    );
    return true;
  });
}
