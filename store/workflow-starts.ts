/** Workflows that a transaction wants: written with it, started by the relay once that has committed. */
import { currentTraceId } from '../core/current-trace';
import type { Queryable } from './database';

export type WantedWorkflow = {
  /** Of the message that has led to it; where it is absent, of that which is dealt with just now, if any. */
  traceId?: string | undefined;
} & (
  | { workflowType: 'agentNote'; workflowId: string; args: [{ noteId: string }] }
  | { workflowType: 'inboundFile'; workflowId: string; args: [{ fileId: string }] }
  | { workflowType: 'fileSend'; workflowId: string; args: [{ sendId: string; locationUid: string }] }
  | { workflowType: 'ownText'; workflowId: string; args: [{ textId: string; locationUid: string }] }
  | { workflowType: 'widgetImport'; workflowId: string; args: [{ importId: string; locationUid: string }] }
  | { workflowType: 'optOutMirror'; workflowId: string; args: [{ historyId: number }] }
  | { workflowType: 'optOutSecondLook'; workflowId: string; args: [{ historyId: number }] }
  | { workflowType: 'contactMaking'; workflowId: string; args: [{ contactId: string; locationUid: string }] }
  | { workflowType: 'contactReading'; workflowId: string; args: [{ contactId: string }] }
);

/**
 * Notes down workflows to be started. Arguments are ids, never texts or phones; the trace's is among them.
 */
export async function wantWorkflows(client: Queryable, wanted: WantedWorkflow[]): Promise<void> {
  if (wanted.length === 0) return;
  const current = currentTraceId();
  await client.query(
    `insert into workflow_starts (workflow_type, workflow_id, args)
     select * from unnest($1::text[], $2::text[], $3::jsonb[])`,
    [
      wanted.map((w) => w.workflowType),
      wanted.map((w) => w.workflowId),
      wanted.map(({ args: [argument], traceId = current }) =>
        JSON.stringify([{ ...argument, ...(traceId && { traceId }) }]),
      ),
    ],
  );
}
