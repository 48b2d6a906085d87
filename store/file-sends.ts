/** Files from the store that are to be sent. The workflow carries the row's id only; the door decides as about any send. */
import { notForwardedNote } from '../core/agent-note';
import type { Pool, Queryable } from './database';
import { writeNotes } from './notes';
import { storable } from './text';
import { wantWorkflows } from './workflow-starts';

export interface WantedFileSend {
  /** UUID, the send's as well. */
  id: string;
  fileId: string;
  phone: string;
  locationUid: string;
  body: string;
  /** A customer's own file, to be shown to the store. Else it goes to the customer. */
  forwarded: boolean;
  wantedBy: string;
}

/** A wanted send with what there is to send. */
export interface FileToSend extends WantedFileSend {
  /** Null where none is known yet. */
  conversationUid: string | null;
  name: string;
  contentType: string;
  sizeBytes: number;
  wantedAt: Date;
}

/** Writes down that a kept file is to be sent, and wants the workflow that does so. @returns false when that was wanted before */
export async function wantFileSend(client: Queryable, wanted: WantedFileSend): Promise<boolean> {
  const { id, fileId, phone, locationUid, body, forwarded, wantedBy } = wanted;
  const { rowCount } = await client.query(
    `insert into file_sends (id, file_id, phone_e164, location_uid, body, forwarded, wanted_by, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, clock_timestamp()) on conflict (id) do nothing`,
    [id, fileId, phone, locationUid, storable(body), forwarded, wantedBy],
  );
  if (rowCount === 0) return false;
  await wantWorkflows(client, [
    { workflowType: 'fileSend', workflowId: `file-send:${id}`, args: [{ sendId: id, locationUid }] },
  ]);
  return true;
}

/** What there is to send; null once the file is not kept any more. */
export async function fileToSend(pool: Pool, id: string): Promise<FileToSend | null> {
  const { rows } = await pool.query<FileToSend>(
    `select w.id, w.file_id as "fileId", w.phone_e164 as phone, w.location_uid as "locationUid", w.body,
            w.forwarded, w.wanted_by as "wantedBy", s.conversation_uid as "conversationUid",
            f.stem || '.' || f.extension as name, f.content_type as "contentType", f.size_bytes as "sizeBytes",
            w.created_at as "wantedAt"
       from file_sends w join files f on f.id = w.file_id and f.status = 'kept'
       left join sessions s on s.phone_e164 = w.phone_e164 and s.location_uid = w.location_uid
      where w.id = $1`,
    [id],
  );
  return rows[0] ?? null;
}

/** How far a send of a file has come. */
export interface FileSendState {
  id: string;
  /** `queued` before it came to the door; then as in `sends`. */
  status: 'queued' | 'intent' | 'sent' | 'failed' | 'blocked' | 'refused' | 'not_sent';
  code: string | null;
  attempts: number;
  fileId: string;
  sizeBytes: number;
  /** In hex. */
  sha256: string;
  wantedBy: string;
  createdAt: Date;
  settledAt: Date | null;
}

export async function fileSendState(pool: Pool, id: string): Promise<FileSendState | null> {
  const { rows } = await pool.query<FileSendState>(
    `select w.id, coalesce(s.status, 'queued') as status, s.error_code as code, coalesce(s.attempts, 0) as attempts,
            w.file_id as "fileId", f.size_bytes as "sizeBytes", encode(f.sha256, 'hex') as sha256,
            w.wanted_by as "wantedBy", w.created_at as "createdAt", s.settled_at as "settledAt"
       from file_sends w join files f on f.id = w.file_id left join sends s on s.id = w.id
      where w.id = $1`,
    [id],
  );
  return rows[0] ?? null;
}

/** Podium does not take a customer's file: the agent is told, once. */
export async function noteNotForwarded(pool: Pool, send: FileToSend, code: string): Promise<void> {
  const { phone, locationUid, conversationUid } = send;
  await writeNotes(pool, [
    {
      ...{ key: `file_not_forwarded:${send.id}`, phone, locationUid, conversationUid, workflowId: null },
      ...{ body: notForwardedNote(send.name, code), close: false },
    },
  ]);
}
