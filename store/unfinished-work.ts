/** What waits for a workflow that Temporal may have lost. */
import type { Pool } from './database';
import { inboundFileWorkflow } from './files/arrivals';
import { noteWorkflow } from './notes';
import { mirrorWorkflow } from './opt-out-mirrors';
import { importWorkflow } from './widget-imports';
import { wantWorkflows, type WantedWorkflow } from './workflow-starts';

/** What is younger is on its way, as a rule. */
const ON_ITS_WAY = "interval '1 minute'";
/** Whoever has not been told by then is not helped by a note any more. */
const TOO_LATE = "interval '7 days'";

interface Unfinished {
  kind: keyof typeof WORKFLOWS;
  id: string;
  /** Of an import; empty for the others. */
  locationUid: string;
}

const WORKFLOWS = {
  note: ({ id }: Unfinished) => noteWorkflow(id),
  file: ({ id }: Unfinished) => inboundFileWorkflow(id),
  import: ({ id, locationUid }: Unfinished) => importWorkflow(id, locationUid),
  mirror: ({ id }: Unfinished) => mirrorWorkflow(Number(id)),
} satisfies Record<string, (row: Unfinished) => WantedWorkflow>;

const UNFINISHED = `
  select 'note' as kind, id::text, '' as "locationUid", created_at as since
    from agent_notes where posted_at is null and refused_code is null
  union all
  select 'file', id::text, '', received_at from files where status = 'pending'
  union all
  select 'import', id::text, location_uid, written_at from widget_imports where status = 'pending'
  union all
  select 'mirror', history_id::text, '', written_at
    from opt_out_mirrors join opt_out_history on opt_out_history.id = history_id where state = 'pending'`;

/**
 * Wants again the workflows of notes, files of customers, imports and mirrors that are not done. It changes nothing
 * where one runs or has run: Temporal starts none a second time under its id. Files for customers are not among them:
 * whether one has left before a restore nobody knows.
 *
 * @returns how many
 */
export async function wantUnfinished(pool: Pool): Promise<number> {
  const unfinished = await pool.query<Unfinished>(
    `select kind, id, "locationUid" from (${UNFINISHED}) unfinished
      where since < now() - ${ON_ITS_WAY} and since > now() - ${TOO_LATE}`,
  );
  const wanted = unfinished.rows.map((row) => WORKFLOWS[row.kind](row));
  const waiting = await pool.query<{ id: string }>(
    'select workflow_id as id from workflow_starts where workflow_id = any($1)',
    [wanted.map(({ workflowId }) => workflowId)],
  );
  const started = new Set(waiting.rows.map(({ id }) => id));
  const again = wanted.filter(({ workflowId }) => !started.has(workflowId));
  await wantWorkflows(pool, again);
  return again.length;
}
