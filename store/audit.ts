/** The audit: what happened to a customer, for a regulator and for the operator. */
import type { Queryable } from './database';

export type AuditKind =
  | 'opt_out'
  | 'opt_in'
  | 'send_intended'
  | 'send_blocked'
  | 'send_refused'
  | 'send_sent'
  | 'send_not_sent'
  | 'send_outcome_unknown'
  /** What the reading of the conversation told about an unknown outcome. */
  | 'send_found'
  | 'send_not_found'
  /** Podium had taken it, and it did not arrive. */
  | 'send_failed'
  /** It stands in the conversation twice: an attempt that was not found came late. */
  | 'send_doubled'
  | 'session_closed'
  | 'file_kept'
  | 'file_refused'
  | 'file_deleted'
  | 'webhook_changed'
  /** A customer's message that no webhook had brought. */
  | 'message_found'
  /** A person was erased. */
  | 'erased';

export interface AuditEntry {
  /** Unique, so that a retried act is written once; null where the act's own transaction sees to that. */
  key: string | null;
  kind: AuditKind;
  /** Keyed hash: no phone stands in the audit, so that an erasure breaks nothing. Null where it is about no customer, or an unknown one. */
  phoneHash: string | null;
  locationUid: string | null;
  workflowId: string | null;
  /** Codes, ids and times; never a text and never a phone. */
  details: Record<string, string | number | boolean | null>;
}

/** Writes an entry in the transaction of the act itself. */
export async function writeAudit(client: Queryable, entry: AuditEntry): Promise<void> {
  await client.query(
    `insert into audit_entries (entry_key, kind, phone_hash, location_uid, workflow_id, details)
     values ($1, $2, $3, $4, $5, $6) on conflict (entry_key) do nothing`,
    [
      entry.key,
      entry.kind,
      entry.phoneHash,
      entry.locationUid,
      entry.workflowId,
      JSON.stringify(entry.details),
    ],
  );
}
