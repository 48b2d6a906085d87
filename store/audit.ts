/** The audit: what happened to a customer, for a regulator and for the operator. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Queryable } from './database';
import { storable } from './text';

export const AUDIT_KINDS = [
  'opt_out',
  'opt_in',
  /** A wish in other words: all sends are suppressed until a person of the store has decided. */
  'opt_out_asked',
  /** They have: it was none. */
  'opt_out_dismissed',
  /** Nobody knows whose it is: a person has to find out. */
  'opt_out_without_phone',
  'send_intended',
  'send_blocked',
  'send_refused',
  'send_sent',
  'send_not_sent',
  'send_outcome_unknown',
  /** Let through before an opt-out, and of unknown outcome when that came: it may be on the wire. */
  'send_on_wire',
  /** Podium shows a message to a phone that had opted out, and it is none of ours. */
  'send_after_opt_out',
  /** What the reading of the conversation told about an unknown outcome. */
  'send_found',
  'send_not_found',
  /** Podium had taken it, and it did not arrive. */
  'send_failed',
  /** It stands in the conversation twice: an attempt that was not found came late. */
  'send_doubled',
  'session_closed',
  /** An operator has taken a closed chat off those that wait for a person. */
  'wait_ended',
  'file_kept',
  'file_refused',
  'file_deleted',
  /** An operator is about to have Podium change a webhook; and Podium has. */
  'webhook_change_wanted',
  'webhook_changed',
  /** An operator has paused the robot, at a store or for all, or let it speak again. */
  'robot_paused',
  'robot_resumed',
  /** An operator is about to have new chats begin on a version of the workers; and they do. */
  'workers_promotion_wanted',
  'workers_promoted',
  /** An operator has read the list of stores anew. */
  'locations_refreshed',
  /** An operator has Podium told again of opt-outs. */
  'mirrors_retried',
  /** A user of Podium has authorized us anew, for an operator. */
  'access_authorized',
  /** An operator has read all that is held of a person, or an event as it came. */
  'person_exported',
  'event_body_read',
  /** An operator has kept an event from its session, let one out of quarantine, or given one by hand. */
  'event_set_aside',
  'event_replayed',
  'event_ingested',
  /** An operator has something run now that runs from time to time by itself. */
  'schedule_run',
  /** A customer's message from the widget stands in Podium's inbox, or Podium does not take it. */
  'message_imported',
  'message_import_refused',
  /** It stands there twice: an attempt that was not found came late. */
  'import_doubled',
  /** A customer's message that no webhook had brought. */
  'message_found',
  /** Our ledger and Podium do not say the same of an opt-out. */
  'opt_out_drift_found',
  /** A person was erased. */
  'erased',
] as const;

export type AuditKind = (typeof AUDIT_KINDS)[number];

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

const authenticated = new AsyncLocalStorage<true>();

/** Does what somebody wants who has shown a token: entries that name them tell so. Other names are as declared. */
export const asAuthenticated = <T>(work: () => T): T => authenticated.run(true, work);

/** Writes an entry in the transaction of the act itself. */
export async function writeAudit(client: Queryable, entry: AuditEntry): Promise<void> {
  const isProven = entry.details['actor'] && authenticated.getStore();
  const details = isProven ? { ...entry.details, authenticated: true } : entry.details;
  await client.query(
    `insert into audit_entries (entry_key, kind, phone_hash, location_uid, workflow_id, details)
     values ($1, $2, $3, $4, $5, $6) on conflict (entry_key) do nothing`,
    [entry.key, entry.kind, entry.phoneHash, entry.locationUid, entry.workflowId, JSON.stringify(details)],
  );
}

/** What an operator does. */
export interface OperatorAct {
  kind: AuditKind;
  actor: string;
  /** The audit's name of the customer; left out where it is about none, or nobody knows whom. */
  phoneHash?: string | null;
  locationUid?: string | null;
  details?: AuditEntry['details'];
}

/** Writes an operator's act: in its transaction, or before it where it is none of this database. */
export function writeAct(
  client: Queryable,
  { kind, actor, phoneHash = null, locationUid = null, details = {} }: OperatorAct,
): Promise<void> {
  return writeAudit(client, {
    ...{ key: null, kind, phoneHash, locationUid, workflowId: null },
    details: { ...details, actor: storable(actor) },
  });
}

/** An entry as it stands in the audit. */
export interface StoredEntry {
  id: number;
  key: string | null;
  at: Date;
  /** One of AUDIT_KINDS, or of a later version's. */
  kind: string;
  locationUid: string | null;
  workflowId: string | null;
  details: AuditEntry['details'];
}

/** What is asked of the audit; null for any. */
export interface AuditFilter {
  /** Those that stand for a phone. */
  phoneHashes: string[] | null;
  locationUid: string | null;
  kind: AuditKind | null;
  actor: string | null;
  since: Date | null;
  /** The latest so many. */
  limit: number | null;
}

/** Of these every entry has an actor, and none is a customer or Podium: a small index finds them. */
const ACTS: readonly AuditKind[] = [
  ...(['webhook_change_wanted', 'webhook_changed', 'robot_paused', 'robot_resumed'] as const),
  ...(['workers_promotion_wanted', 'workers_promoted', 'locations_refreshed', 'mirrors_retried'] as const),
  ...(['access_authorized', 'person_exported', 'event_body_read', 'erased'] as const),
  ...(['event_set_aside', 'event_replayed', 'event_ingested'] as const),
  ...(['wait_ended', 'schedule_run'] as const),
];

/** The latest entries, the oldest of them first. */
export async function findEntries(pool: Queryable, filter: AuditFilter): Promise<StoredEntry[]> {
  const { phoneHashes, locationUid, kind, actor, since, limit } = filter;
  const byPerson = actor !== null && actor !== 'customer' && actor !== 'podium';
  const isAct = byPerson || (kind !== null && ACTS.includes(kind));
  const { rows } = await pool.query<StoredEntry>(
    `select * from (
       select id, entry_key as key, at, kind, location_uid as "locationUid", workflow_id as "workflowId", details
         from audit_entries
         where ($1::text[] is null or phone_hash = any($1)) and ($2::text is null or location_uid = $2)
           and ($3::text is null or kind = $3) and ($4::text is null or details ->> 'actor' = $4)
           and ($5::timestamptz is null or at >= $5)
           ${isAct ? `and details ->> 'actor' not in ('customer', 'podium')` : ''}
         order by id desc limit $6) found
       order by at, id`,
    [phoneHashes, locationUid, kind, actor, since, limit],
  );
  return rows;
}
