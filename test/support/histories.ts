/** What Temporal holds of our workflows. */
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import type { History } from '@temporalio/common/lib/proto-utils';
import { MESSAGE_SIGNAL, type SessionMessage } from '../../core/session';

/** Every execution, or those of a query, the oldest first. */
export async function executions(client: Client, query?: string): Promise<WorkflowExecutionInfo[]> {
  const found: WorkflowExecutionInfo[] = [];
  for await (const execution of client.workflow.list(query ? { query } : {})) found.push(execution);
  return found.sort((one, other) => one.startTime.getTime() - other.startTime.getTime());
}

/** An execution's history as it is stored: nothing is decoded. */
export function storedHistory(
  client: Client,
  { workflowId, runId }: WorkflowExecutionInfo,
): Promise<History> {
  return client.workflow.getHandle(workflowId, runId).fetchHistory();
}

/** The messages that were signalled to a session, over all its runs, in order. Repetitions stay. */
export async function signalledMessages(client: Client, workflowId: string): Promise<SessionMessage[]> {
  const { payloadCodecs, payloadConverter } = client.options.loadedDataConverter;
  const messages: SessionMessage[] = [];
  for (const run of await executions(client, `WorkflowId = "${workflowId}"`)) {
    const { events } = await storedHistory(client, run);
    for (const { workflowExecutionSignaledEventAttributes: signal } of events ?? []) {
      if (signal?.signalName !== MESSAGE_SIGNAL) continue;
      const [payload] = await payloadCodecs[0]!.decode(signal.input?.payloads ?? []);
      messages.push(...payloadConverter.fromPayload<SessionMessage[]>(payload!));
    }
  }
  return messages;
}

/** What running workflows have to do but to wait for time or signals. */
export async function pendingTasks(client: Client): Promise<string[]> {
  const running = await executions(client, 'ExecutionStatus = "Running"');
  const tasks = running.map(async ({ workflowId, runId }) => {
    const { pendingActivities, pendingWorkflowTask } = await client.workflowService.describeWorkflowExecution(
      {
        namespace: client.options.namespace,
        execution: { workflowId, runId },
      },
    );
    const names = (pendingActivities ?? []).map(({ activityType }) => activityType?.name);
    return [...names, ...(pendingWorkflowTask ? ['a workflow task'] : [])].map(
      (name) => `${name} of ${workflowId}`,
    );
  });
  return (await Promise.all(tasks)).flat();
}
