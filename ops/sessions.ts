/** What an operator can see of a session and do with it. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { CLOSE_UPDATE, SESSION_QUERY, type SessionView } from '../core/session';
import type { Pool } from '../store/database';
import { findSession } from '../store/sessions';

/** A worker has to answer queries and updates; it may be busy, or away. */
const ANSWER_MS = 5_000;

export interface SessionTools {
  pool: Pool;
  client: Client;
}

/** A session by its row, and by its workflow while that runs. */
export interface SessionReport {
  session_uid: string;
  workflow_id: string;
  phone_e164: string;
  location_uid: string;
  status: string;
  close_reason: string | null;
  last_message_at: string | null;
  closed_at: string | null;
  /** What the running workflow says; null when none runs, or when it did not answer in time. */
  live: SessionView | null;
}

/** The session of a customer (E.164) at a store, or null when there never was one. */
export async function showSession(
  { pool, client }: SessionTools,
  phone: string,
  locationUid: string,
): Promise<SessionReport | null> {
  const row = await findSession(pool, phone, locationUid);
  if (!row) return null;
  const live = row.status === 'closed' ? null : await askWorkflow(client, row.workflowId).catch(() => null);
  return {
    session_uid: row.sessionUid,
    workflow_id: row.workflowId,
    phone_e164: row.phone,
    location_uid: row.locationUid,
    status: live?.status ?? row.status,
    close_reason: row.closeReason,
    last_message_at: live?.last_message_at ?? row.lastMessageAt?.toISOString() ?? null,
    closed_at: row.closedAt?.toISOString() ?? null,
    live,
  };
}

/**
 * Ends a session as if its idle time were over, and waits until its answers are persisted.
 * @returns whether there was a running session to close
 * @throws when the workflow did not answer in time: the wish may still take effect
 */
export async function closeSession(
  { pool, client }: SessionTools,
  phone: string,
  locationUid: string,
  wish: { actor: string; reason: string },
): Promise<boolean> {
  const row = await findSession(pool, phone, locationUid);
  if (!row || row.status === 'closed') return false;
  const handle = client.workflow.getHandle(row.workflowId);
  try {
    await client.withDeadline(Date.now() + ANSWER_MS, () =>
      handle.executeUpdate(CLOSE_UPDATE, { args: [wish] }),
    );
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

function askWorkflow(client: Client, workflowId: string): Promise<SessionView> {
  return client.withDeadline(Date.now() + ANSWER_MS, () =>
    client.workflow.getHandle(workflowId).query<SessionView>(SESSION_QUERY),
  );
}
