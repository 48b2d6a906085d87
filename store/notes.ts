/** Notes for the agent. The text waits here, and the workflow that posts it carries the row's id only. */
import { typedOptInNote } from '../core/agent-note';
import type { Pool, Queryable } from './database';
import { storable } from './text';
import { wantWorkflows, type WantedWorkflow } from './workflow-starts';

export interface NewNote {
  /** Unique, so that a retried writer writes it once. */
  key: string;
  phone: string;
  locationUid: string;
  /** Of the session that it is about; null where there is none. */
  workflowId: string | null;
  /** Of the message that it is about, where several are dealt with at once. */
  traceId?: string;
  conversationUid: string | null;
  /** Null: nothing to say, only to close. */
  body: string | null;
  /** Whether Podium's conversation is closed after the note. */
  close: boolean;
}

export interface Note extends Omit<NewNote, 'key' | 'traceId'> {
  id: string;
  createdAt: Date;
  postedAt: Date | null;
}

/** That somebody has asked for texts in a browser, which proves no phone theirs. One a day. */
export function typedOptIn({
  phone,
  locationUid,
  at,
}: {
  phone: string;
  locationUid: string;
  at: Date;
}): NewNote {
  const day = at.toISOString().slice(0, 10);
  return {
    key: `opt_in_typed:${phone}:${locationUid}:${day}`,
    ...{ phone, locationUid, workflowId: null, conversationUid: null, body: typedOptInNote(), close: false },
  };
}

/** Writes the notes that are not there yet, and wants the workflow that posts each. */
export async function writeNotes(client: Queryable, notes: NewNote[]): Promise<void> {
  if (notes.length === 0) return;
  const { rows } = await client.query<{ id: string; key: string }>(
    `insert into agent_notes (note_key, phone_e164, location_uid, workflow_id, conversation_uid, body, close)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[])
     on conflict (note_key) do nothing
     returning id, note_key as key`,
    [
      notes.map((note) => note.key),
      notes.map((note) => note.phone),
      notes.map((note) => note.locationUid),
      notes.map((note) => note.workflowId),
      notes.map((note) => note.conversationUid),
      notes.map((note) => note.body && storable(note.body)),
      notes.map((note) => note.close),
    ],
  );
  const traceIds = new Map(notes.map(({ key, traceId }) => [key, traceId]));
  await wantWorkflows(
    client,
    rows.map(({ id, key }) => ({ ...noteWorkflow(id), traceId: traceIds.get(key) })),
  );
}

/** The workflow that posts a note. */
export function noteWorkflow(id: string): WantedWorkflow {
  return { workflowType: 'agentNote', workflowId: `agent-note:${id}`, args: [{ noteId: id }] };
}

/** The note with this id, and the conversation where it belongs, as far as that has become known by now. */
export async function noteToPost(pool: Pool, id: string): Promise<Note | null> {
  const { rows } = await pool.query<Note>(
    `select n.id, n.phone_e164 as phone, n.location_uid as "locationUid", n.workflow_id as "workflowId",
            coalesce(n.conversation_uid, s.conversation_uid) as "conversationUid", n.body, n.close,
            n.created_at as "createdAt", n.posted_at as "postedAt"
       from agent_notes n
       left join sessions s on s.phone_e164 = n.phone_e164 and s.location_uid = n.location_uid
      where n.id = $1`,
    [id],
  );
  return rows[0] ?? null;
}

/** Podium has the note; a retry leaves it alone. */
export async function markPosted(pool: Pool, id: string): Promise<void> {
  await pool.query('update agent_notes set posted_at = coalesce(posted_at, now()) where id = $1', [id]);
}

/** Podium refuses the note, or its close, for good: an operator finds the reason in the row. */
export async function markRefused(pool: Pool, id: string, code: string): Promise<void> {
  await pool.query('update agent_notes set refused_code = $2 where id = $1', [id, code]);
}

/** A note without its words. */
export interface PostedNote {
  locationUid: string;
  createdAt: Date;
  postedAt: Date | null;
  refusedCode: string | null;
  close: boolean;
}

/** The notes about a customer (E.164), the oldest first. */
export async function notesOf(pool: Pool, phone: string): Promise<PostedNote[]> {
  const { rows } = await pool.query<PostedNote>(
    `select location_uid as "locationUid", created_at as "createdAt", posted_at as "postedAt",
            refused_code as "refusedCode", close
       from agent_notes where phone_e164 = $1 order by created_at`,
    [phone],
  );
  return rows;
}
