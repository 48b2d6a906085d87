/** What an operator can see of the files of a customer. */
import type { EncryptionKey } from '../core/encryption';
import { sealFileLink } from '../core/file-link';
import type { Pool } from '../store/database';
import { filesOf, type StoredFile } from '../store/files/rows';

export interface FileTools {
  pool: Pool;
  links: FileLinks;
}

/** What links to files are made of. */
export interface FileLinks {
  /** Where people reach the server; null where nobody said, and there are no links then. */
  publicUrl: string | null;
  encryptionKeys: readonly EncryptionKey[];
  seconds: number;
}

export interface FileReport {
  id: string;
  message_uid: string | null;
  status: string;
  /** Why there is no file. */
  error_code: string | null;
  name: string | null;
  content_type: string | null;
  size_bytes: number | null;
  sha256: string | null;
  received_at: string;
  settled_at: string | null;
  deleted_at: string | null;
  /** Of a kept file: good for whoever has it, until `link_expires_at`. */
  link: string | null;
  link_expires_at: string | null;
}

/** The files of a customer (E.164) at a store, or with null at all, the latest first, with fresh links. */
export async function listFiles(
  { pool, links }: FileTools,
  phone: string,
  locationUid: string | null,
): Promise<FileReport[]> {
  const files = await filesOf(pool, phone, locationUid);
  return files.map((file) => report(file, links));
}

function report(file: StoredFile, { publicUrl, encryptionKeys, seconds }: FileLinks): FileReport {
  const expiresAt = new Date(Date.now() + seconds * 1000);
  const hasLink = file.status === 'kept' && publicUrl !== null;
  return {
    id: file.id,
    message_uid: file.messageUid,
    status: file.status,
    error_code: file.errorCode,
    name: file.name,
    content_type: file.contentType,
    size_bytes: file.sizeBytes,
    sha256: file.sha256,
    received_at: file.receivedAt.toISOString(),
    settled_at: file.settledAt?.toISOString() ?? null,
    deleted_at: file.deletedAt?.toISOString() ?? null,
    link: hasLink ? `${publicUrl}/files/${sealFileLink(file.id, expiresAt, encryptionKeys)}` : null,
    link_expires_at: hasLink ? expiresAt.toISOString() : null,
  };
}
