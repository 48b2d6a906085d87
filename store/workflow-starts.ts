/** Workflows that a transaction wants: written with it, started by the relay once that has committed. */
import { currentTraceId } from '../core/current-trace';
import type { Queryable } from './database';

/** Ids of rows, and by which id all logs tell of the message that has led to it; absent where none has. */
type Argument<Ids> = [Ids & { traceId?: string }];

export type WantedWorkflow =
  | { workflowType: 'agentNote'; workflowId: string; args: Argument<{ noteId: string }> }
  | { workflowType: 'inboundFile'; workflowId: string; args: Argument<{ fileId: string }> }
  | { workflowType: 'fileSend'; workflowId: string; args: Argument<{ sendId: string; locationUid: string }> }
  | { workflowType: 'ownText'; workflowId: string; args: Argument<{ textId: string; locationUid: string }> }
  | {
      workflowType: 'widgetImport';
      workflowId: string;
      args: Argument<{ importId: string; locationUid: string }>;
    }
  | { workflowType: 'optOutMirror'; workflowId: string; args: Argument<{ historyId: number }> }
  | { workflowType: 'optOutSecondLook'; workflowId: string; args: Argument<{ historyId: number }> }
  | {
      workflowType: 'contactMaking';
      workflowId: string;
      args: Argument<{ contactId: string; locationUid: string }>;
    }
  | { workflowType: 'contactReading'; workflowId: string; args: Argument<{ contactId: string }> };

/**
 * Notes down workflows to be started. Arguments are ids, never texts or phones. What is wanted while a message is dealt
 * with is told that message's trace.
 */
export async function wantWorkflows(client: Queryable, wanted: WantedWorkflow[]): Promise<void> {
  if (wanted.length === 0) return;
  const traceId = currentTraceId();
  await client.query(
    `insert into workflow_starts (workflow_type, workflow_id, args)
     select * from unnest($1::text[], $2::text[], $3::jsonb[])`,
    [
      wanted.map((w) => w.workflowType),
      wanted.map((w) => w.workflowId),
      wanted.map(({ args: [argument] }) => JSON.stringify([{ ...(traceId && { traceId }), ...argument }])),
    ],
  );
}
