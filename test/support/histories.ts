/** What Temporal holds of our workflows. */
import {
  WorkflowNotFoundError,
  type Client,
  type WorkflowExecutionDescription,
  type WorkflowExecutionInfo,
} from '@temporalio/client';
import type { History } from '@temporalio/common/lib/proto-utils';
import { MESSAGE_SIGNAL, type SessionMessage } from '../../core/session';

type RunOfWorkflow = Pick<WorkflowExecutionInfo, 'workflowId' | 'runId'>;

/** Every execution, or those of a query, the oldest first. */
export async function executions(client: Client, query?: string): Promise<WorkflowExecutionInfo[]> {
  const found: WorkflowExecutionInfo[] = [];
  for await (const execution of client.workflow.list(query ? { query } : {})) found.push(execution);
  return found.sort((one, other) => one.startTime.getTime() - other.startTime.getTime());
}

/** An execution's history as it is stored: nothing is decoded. */
export function storedHistory(client: Client, { workflowId, runId }: RunOfWorkflow): Promise<History> {
  return client.workflow.getHandle(workflowId, runId).fetchHistory();
}

/** The messages that were signalled to a session, over all its runs, in order. Repetitions stay. */
export async function signalledMessages(client: Client, workflowId: string): Promise<SessionMessage[]> {
  const { payloadCodecs, payloadConverter } = client.options.loadedDataConverter;
  const messages: SessionMessage[] = [];
  for (const run of await runsOf(client, workflowId)) {
    const { events } = await storedHistory(client, run);
    for (const { workflowExecutionSignaledEventAttributes: signal } of events ?? []) {
      if (signal?.signalName !== MESSAGE_SIGNAL) continue;
      const [payload] = await payloadCodecs[0]!.decode(signal.input?.payloads ?? []);
      messages.push(...payloadConverter.fromPayload<SessionMessage[]>(payload!));
    }
  }
  return messages;
}

/** The oldest first. Temporal's list learns of the newest one a moment later. */
async function runsOf(client: Client, workflowId: string): Promise<RunOfWorkflow[]> {
  const listed = await executions(client, `WorkflowId = "${workflowId}"`);
  const newest = await newestRun(client, workflowId);
  const isListed = listed.some(({ runId }) => runId === newest?.runId);
  return newest && !isListed ? [...listed, newest] : listed;
}

/** Null where there is none. */
async function newestRun(client: Client, workflowId: string): Promise<WorkflowExecutionDescription | null> {
  try {
    return await client.workflow.getHandle(workflowId).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

/**
 * What running workflows have to do but to wait for time or signals.
 * @param known ids of workflows that may run: Temporal's list of running ones learns of a new one a moment later
 */
export async function pendingTasks(client: Client, known: string[]): Promise<string[]> {
  const listed = await executions(client, 'ExecutionStatus = "Running"');
  const ids = new Set([...known, ...listed.map(({ workflowId }) => workflowId)]);
  return (await Promise.all([...ids].map((workflowId) => tasksOf(client, workflowId)))).flat();
}

/** Of the newest run. A workflow that is not there has nothing to do. */
async function tasksOf(client: Client, workflowId: string): Promise<string[]> {
  const described = await newestRun(client, workflowId);
  if (described?.status.name !== 'RUNNING') return [];
  const { pendingActivities, pendingWorkflowTask } = described.raw;
  const names = (pendingActivities ?? []).map(({ activityType }) => activityType?.name);
  return [...names, ...(pendingWorkflowTask ? ['a workflow task'] : [])].map(
    (name) => `${name} of ${workflowId}`,
  );
}
