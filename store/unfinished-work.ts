/** What waits for a workflow that Temporal may have lost. */
import type { Pool } from './database';

/** What is younger is on its way, as a rule. */
const ON_ITS_WAY = "interval '1 minute'";
/** Whoever has not been told by then is not helped by a note any more. */
const TOO_LATE = "interval '7 days'";

/** A row for each kind of work: what its workflow is called, and what it is told. */
const UNFINISHED = `
  select 'agentNote' as type, 'agent-note:' || id as workflow_id, jsonb_build_object('noteId', id) as argument,
         created_at as since
    from agent_notes where posted_at is null and refused_code is null
  union all
  select 'inboundFile', 'inbound-file:' || id, jsonb_build_object('fileId', id), received_at
    from files where status = 'pending'
  union all
  select 'widgetImport', 'widget-import:' || id,
         jsonb_build_object('importId', id, 'locationUid', location_uid), written_at
    from widget_imports where status = 'pending'
  union all
  select 'optOutMirror', 'opt-out-mirror:' || history_id, jsonb_build_object('historyId', history_id), written_at
    from opt_out_mirrors join opt_out_history on opt_out_history.id = history_id where state = 'pending'`;

/**
 * Wants again the workflows of notes, files of customers, imports and mirrors that are not done. It changes nothing
 * where one runs or has run: Temporal starts none a second time under its id. Files for customers are not among them:
 * whether one has left before a restore nobody knows.
 *
 * @returns how many
 */
export async function wantUnfinished(pool: Pool): Promise<number> {
  const { rowCount } = await pool.query(
    `insert into workflow_starts (workflow_type, workflow_id, args)
     select type, workflow_id, jsonb_build_array(argument) from (${UNFINISHED}) unfinished
      where since < now() - ${ON_ITS_WAY} and since > now() - ${TOO_LATE}
        and not exists (select from workflow_starts waiting where waiting.workflow_id = unfinished.workflow_id)`,
  );
  return rowCount ?? 0;
}
