/** All runs of a workflow that Temporal still has. */
import type { Client } from '@temporalio/client';

/** The latest first; one that has begun a moment ago may be missing. The caller's deadline holds. */
export async function* runIds(client: Client, workflowId: string): AsyncIterable<string> {
  const query = `WorkflowId = '${workflowId.replaceAll(/['\\]/g, '\\$&')}'`;
  for await (const { runId } of client.workflow.list({ query })) yield runId;
}
