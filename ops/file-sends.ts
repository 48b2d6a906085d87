/** Files that an operator sends to a customer. The door decides whether they leave; these only want it. */
import { failure, isErrorCode } from '../core/error-codes';
import type { Failure } from '../core/events';
import type { Pool } from '../store/database';
import { fileSendState, type FileSendState } from '../store/file-sends';
import type { KeptContent } from '../store/files/checked-content';
import { keepForCustomer } from '../store/files/arrivals';
import { phoneAt } from './customer-meant';
import { OperationRefused, type OpsTools } from './operation';
import { asListed, findStore } from './store-meant';

/** So long, in characters, may the words be that go with a file. */
export const MOST_TEXT = 10_000;

export interface FileSendTools {
  pool: Pool;
  /** The audit's name for a phone. */
  auditHash: (phone: string) => string;
}

export interface OutgoingFileWish {
  /** UUID: a wish of the same id is the same wish. */
  id: string;
  /** E.164. */
  phone: string;
  locationUid: string;
  /** The words that go with it. */
  body: string;
  /** The file's; its ending does not count. */
  name: string | null;
  actor: string;
}

export interface FileSendReport {
  id: string;
  /** queued, intent (on its way, or nobody knows yet whether it arrived there), sent, failed, blocked, refused, not_sent. */
  status: FileSendState['status'];
  /** Why it is blocked, refused or failed. */
  error: Failure | null;
  attempts: number;
  file_uid: string;
  size_bytes: number;
  sha256: string;
  actor: string;
  created_at: string;
  settled_at: string | null;
}

/**
 * Whom a file goes to, and for which store.
 * @param named the store's uid or name
 * @throws OperationRefused when nothing can be sent for it, or the phone is none
 */
export async function recipientOf(
  tools: Pick<OpsTools, 'pool' | 'settings'>,
  named: string,
  phone: string,
): Promise<{ phone: string; locationUid: string }> {
  if (!named) throw new OperationRefused('wrong_input', failure('ERR_WEBCHAT_002'));
  const store = await findStore(tools, named);
  const recipient = phoneAt(tools, store, phone);
  if (asListed(store).archived) {
    const message = 'The location is archived in Podium.';
    throw new OperationRefused('refused', failure('ERR_WEBCHAT_003', { message }));
  }
  return { phone: recipient, locationUid: store.uid };
}

/**
 * Has a file sent whose content is in the store, within `uploading`. One that was wanted before is not wanted twice, and
 * this content not kept.
 */
export async function wantFileSent(
  { pool, auditHash }: FileSendTools,
  { id, phone, locationUid, body, name, actor }: OutgoingFileWish,
  kept: KeptContent & { fileId: string },
): Promise<FileSendReport> {
  const { fileId } = kept;
  const wanted = { id, fileId, phone, locationUid, body, name, wantedBy: actor };
  await keepForCustomer(pool, wanted, kept, auditHash(phone));
  return (await fileSendReport(pool, id))!;
}

/** What became of a file that was to be sent; null for an id that nobody knows. */
export async function fileSendReport(pool: Pool, id: string): Promise<FileSendReport | null> {
  const send = await fileSendState(pool, id);
  if (!send) return null;
  return {
    id,
    status: send.status,
    error: send.code === null ? null : toFailure(send.code),
    attempts: send.attempts,
    file_uid: send.fileId,
    size_bytes: send.sizeBytes,
    sha256: send.sha256,
    actor: send.wantedBy,
    created_at: send.createdAt.toISOString(),
    settled_at: send.settledAt?.toISOString() ?? null,
  };
}

/** Ours, or Podium's own code. */
function toFailure(code: string): Failure {
  if (isErrorCode(code)) return failure(code);
  return { code, message: 'Podium has refused it.', hint: "Look the code up in Podium's documentation." };
}
