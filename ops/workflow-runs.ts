/** The runs of a workflow that Temporal still has: all of them, or how the present one stands. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { within } from './temporal';

/** The latest first; one that has begun a moment ago may be missing. The caller's deadline holds. */
export async function* runIds(client: Client, workflowId: string): AsyncIterable<string> {
  const query = `WorkflowId = '${workflowId.replaceAll(/['\\]/g, '\\$&')}'`;
  for await (const { runId } of client.workflow.list({ query })) yield runId;
}

/** The latest run; undefined when Temporal knows no such workflow. @throws when Temporal is away */
export function describeWorkflow(client: Client, workflowId: string) {
  return within(client, () => client.workflow.getHandle(workflowId).describe()).catch(unlessNotFound);
}

const NOT_FOUND = 5; // of grpc

/** For the `catch` of a call. @throws what is anything else */
export function unlessNotFound(error: unknown): undefined {
  if (error instanceof WorkflowNotFoundError || (error as { code?: unknown }).code === NOT_FOUND)
    return undefined;
  throw error;
}
