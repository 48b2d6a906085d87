/**
 * Customers' messages from the widget on their way into Podium's inbox. Each stands there once: an attempt is
 * written down before it is made, one of unknown outcome is looked for before the next, and the event that Podium
 * sends of it is known (`import-echoes.ts`).
 */
import { randomUUID } from 'node:crypto';
import { notImportedNote } from '../core/agent-note';
import type { ErrorCode } from '../core/error-codes';
import { writeAudit, type AuditEntry, type AuditKind } from './audit';
import type { CustomerHere } from './customer-key';
import { lockPhones, transaction, type Pool, type Queryable } from './database';
import { typedOptIn, writeNotes } from './notes';
import { blockOf } from './opt-out-states';
import { bodyHash, storable, storableKey } from './text';
import { traceIdOf } from './trace-id';
import { wantWorkflows, type WantedWorkflow } from './workflow-starts';

/** By how much Podium's time of an imported message may be off the one that we gave. */
export const IMPORT_TIME_TOLERANCE_MS = 60_000;

export interface WantedImport {
  /** The inbox event's. */
  eventId: string;
  phone: string;
  phoneHash: string;
  locationUid: string;
  name: string | null;
  body: string;
  writtenAt: Date;
  /** Whether the conversation is to be open in Podium's inbox. */
  reopen: boolean;
  /** Of somebody opted out it would look like a text that opts in. */
  mayOptIn: boolean;
}

/** Notes down messages that are to stand in Podium's inbox; a workflow each brings them there. */
export async function wantImports(client: Queryable, wanted: WantedImport[]): Promise<void> {
  for (const { eventId, phone, phoneHash, locationUid, name, body, writtenAt, reopen, mayOptIn } of wanted) {
    const id = randomUUID();
    await client.query(
      `insert into widget_imports (id, event_id, phone_e164, phone_hash, location_uid, name, body, body_hash, written_at, reopen, may_opt_in)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
      [
        id,
        eventId,
        phone,
        phoneHash,
        locationUid,
        name && storable(name),
        storable(body),
        bodyHash(body),
        writtenAt,
        reopen,
        mayOptIn,
      ],
    );
    const traceId = traceIdOf({ contract: 'widget', eventId });
    await wantWorkflows(client, [{ ...importWorkflow(id, locationUid), traceId }]);
  }
}

/** The workflow that brings a message into Podium's inbox. */
export function importWorkflow(id: string, locationUid: string): WantedWorkflow {
  const args: [{ importId: string; locationUid: string }] = [{ importId: id, locationUid }];
  return { workflowType: 'widgetImport', workflowId: `widget-import:${id}`, args };
}

/** A message that is still to be brought into Podium. */
export interface PendingImport {
  id: string;
  phone: string;
  locationUid: string;
  name: string | null;
  body: string;
  writtenAt: Date;
  mayOptIn: boolean;
  attempts: number;
  /** Since when an attempt of unknown outcome may have reached Podium; null for none. */
  triedSince: Date | null;
}

/** The import with this id; null once it is settled, or its person erased. */
export async function pendingImport(client: Queryable, id: string): Promise<PendingImport | null> {
  const { rows } = await client.query<PendingImport>(
    `select id, phone_e164 as phone, location_uid as "locationUid", name, body, written_at as "writtenAt",
            may_opt_in as "mayOptIn", attempts, tried_since as "triedSince"
       from widget_imports where id = $1 and status = 'pending'`,
    [id],
  );
  return rows[0] ?? null;
}

/** Whether an attempt has begun. What would opt in waits while Podium is asked of its phone, and stays out once that has opted out. */
export type ImportStart = 'begun' | 'overtaken' | 'unsettled' | 'withheld';

/**
 * Writes down that an attempt begins, which is the last thing before its call.
 * @param message as it was looked for: where another attempt has begun since, or it is settled, this one is overtaken
 */
export async function beginImport(pool: Pool, message: PendingImport): Promise<ImportStart> {
  const { id, phone, mayOptIn, attempts } = message;
  return transaction(pool, async (client) => {
    await lockPhones(client, [phone]);
    const block = mayOptIn ? await blockOf(client, phone) : null;
    if (block === 'unsettled') return 'unsettled';
    if (block !== null) return (await withhold(client, message)) ? 'withheld' : 'overtaken';
    const { rowCount } = await client.query(
      `update widget_imports set attempts = attempts + 1, tried_since = coalesce(tried_since, now()),
              uncertain = uncertain or tried_since is not null
        where id = $1 and status = 'pending' and attempts = $2`,
      [id, attempts],
    );
    return rowCount === 1 ? 'begun' : 'overtaken';
  });
}

/** Of what is kept out of Podium: as of a text that is held back. */
const WITHHELD = 'ERR_WEBCHAT_009' satisfies ErrorCode;

/** The agent gets a note instead, as of whatever opts in from a browser. */
async function withhold(client: Queryable, message: PendingImport): Promise<boolean> {
  const { phone, locationUid, attempts } = message;
  const withheld = await settle(client, message, { kind: 'refused', code: WITHHELD }, attempts);
  if (withheld) await writeNotes(client, [typedOptIn({ phone, locationUid, at: new Date() })]);
  return withheld;
}

export type ImportOutcome =
  | { kind: 'imported'; messageUid: string | null; conversationUid: string | null }
  /** An earlier attempt's, in Podium's list of messages. */
  | { kind: 'found'; messageUid: string | null; conversationUid: string }
  /** Podium will never take it, or nobody can tell whether it has: the agent gets the words in a note. */
  | { kind: 'refused'; code: string }
  /** It is certain that this attempt did nothing. */
  | { kind: 'not_imported' };

/**
 * Writes what became of an attempt; one of unknown outcome stays as it is. The phone is locked, so that an event that
 * is just being received finds either the attempt or the message's uid. What is refused stands nowhere in Podium but in
 * the note that the agent gets.
 * @param message as it was looked for, before the attempt
 * @returns false for a found message that has turned out to be another import's, or where all was settled meanwhile
 */
export async function settleImport(
  pool: Pool,
  message: PendingImport,
  outcome: ImportOutcome,
): Promise<boolean> {
  const { id, phone, triedSince, attempts } = message;
  return transaction(pool, async (client) => {
    await lockPhones(client, [phone]);
    if (outcome.kind === 'not_imported') {
      if (triedSince === null)
        await client.query(
          `update widget_imports set tried_since = null where id = $1 and status = 'pending' and attempts = $2`,
          [id, attempts + 1],
        );
      return true;
    }
    const settled = await settle(client, message, outcome);
    if (settled && outcome.kind === 'refused') await noteWords(client, message);
    return settled;
  });
}

/** The agent reads the customer's words in a note, where the conversation does not have them. */
async function noteWords(
  client: Queryable,
  { id, phone, locationUid, body: words, triedSince }: PendingImport,
): Promise<void> {
  const body = notImportedNote(words, { mayBeThere: triedSince !== null });
  const place = { phone, locationUid, conversationUid: null, workflowId: null };
  await writeNotes(client, [{ ...place, key: `not_imported:${id}`, body, close: false }]);
}

/** @param attemptsSeen where it is settled as of an attempt, and not if another one has begun since */
async function settle(
  client: Queryable,
  { id, triedSince }: PendingImport,
  outcome: Exclude<ImportOutcome, { kind: 'not_imported' }>,
  attemptsSeen: number | null = null,
): Promise<boolean> {
  const { code, messageUid, conversationUid } = { ...NOTHING_TOLD, ...outcome };
  const { rows } = await client.query<SettledRow>(
    `update widget_imports set status = $2, error_code = $3, body = null, name = null, settled_at = now(),
       message_uid = coalesce(message_uid, (select $4 where not ${TAKEN})), conversation_uid = $5,
       uncertain = uncertain or $8
     where id = $1 and status = 'pending' and not ($6 and ${TAKEN}) and ($7::integer is null or attempts = $7)
     returning ${SETTLED}`,
    [
      id,
      code === null ? 'imported' : 'refused',
      code,
      messageUid && storableKey(messageUid),
      conversationUid && storableKey(conversationUid),
      outcome.kind === 'found',
      attemptsSeen,
      triedSince !== null,
    ],
  );
  if (code === null) await auditImports(client, rows, 'message_imported', { code });
  else
    await auditImports(client, rows, 'message_import_refused', {
      code,
      earlierAttemptUnknown: triedSince !== null,
    });
  return rows.length > 0;
}

const NOTHING_TOLD = { code: null, messageUid: null, conversationUid: null };
const TAKEN = 'exists (select from widget_imports other where other.message_uid = $4)';

/** An import whose conversation is still to be opened in Podium's inbox. */
export interface UnseenImport {
  phone: string;
  locationUid: string;
  /** Null where only the message's event told that it is there. */
  conversationUid: string | null;
}

/** Null where there is nothing to be opened, or no more. */
export async function unseenImport(client: Queryable, id: string): Promise<UnseenImport | null> {
  const { rows } = await client.query<UnseenImport>(
    `select phone_e164 as phone, location_uid as "locationUid", conversation_uid as "conversationUid"
       from widget_imports where id = $1 and status = 'imported' and reopen`,
    [id],
  );
  return rows[0] ?? null;
}

export async function importIsSeen(client: Queryable, id: string): Promise<void> {
  await client.query('update widget_imports set reopen = false where id = $1', [id]);
}

export const SETTLED = `id, phone_hash as "phoneHash", location_uid as "locationUid", message_uid as "messageUid"`;

/** As `SETTLED` names it. */
export interface SettledRow {
  id: string;
  phoneHash: string;
  locationUid: string;
  messageUid: string | null;
}

/** Has the audit tell of what has been settled. */
export async function auditImports(
  client: Queryable,
  rows: SettledRow[],
  kind: Extract<AuditKind, `message_import${string}`>,
  details: AuditEntry['details'],
): Promise<void> {
  for (const { id, phoneHash, locationUid, messageUid } of rows)
    await writeAudit(client, {
      ...{ key: `${kind}:${id}`, kind, phoneHash, locationUid, workflowId: null },
      details: { message: messageUid, ...details },
    });
}

/** Those of a customer's messages that are no other import's. */
export async function freeOfImports<Message extends { uid: string | null }>(
  client: Queryable,
  { phone, locationUid }: CustomerHere,
  messages: Message[],
): Promise<Message[]> {
  const { rows } = await client.query<{ uid: string | null }>(
    `select message_uid as uid from widget_imports where message_uid = any($1)
     union all select unnest(double_uids) from widget_imports where phone_e164 = $2 and location_uid = $3`,
    [messages.flatMap(({ uid }) => uid ?? []), phone, locationUid],
  );
  const taken = new Set(rows.map(({ uid }) => uid));
  return messages.filter(({ uid }) => uid === null || !taken.has(uid));
}
