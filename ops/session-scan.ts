/** Whether open sessions have a workflow that runs. One that somebody terminated, or that Temporal has lost, leaves a row that nobody closes. */
import type { Client } from '@temporalio/client';
import { WEBCHAT_SESSION } from '../core/session';
import { countSessions, settledOpenSessions } from '../store/session-lists';
import { findSession, findSessionById, lastDelivered, type Session } from '../store/sessions';
import { wantUnfinished } from '../store/unfinished-work';
import { closeAbandoned, type SessionTools } from './sessions';
import { within } from './temporal';
import { describeWorkflow } from './workflow-runs';

const PAGE = 500;
const LIST_MS = 60_000;

/** A session that is open by its row, and has no workflow that runs. */
export interface SessionFinding {
  session_uid: string;
  workflow_id: string;
  phone_e164: string;
  location_uid: string;
  last_message_at: string | null;
  /** As Temporal has it: not found, or the status in which it ended. */
  workflow: string;
  problem: string;
  mended: boolean;
}

export interface SessionScan {
  scanned: number;
  active: number;
  warned: number;
  closed: number;
  errors: number;
  mended: number;
  /** Workflows of notes, files and the like that are asked for again; those that run are not started twice. */
  wanted_again: number;
  findings: SessionFinding[];
}

/**
 * Looks at every session.
 * @param mend closes in the store what nothing runs for: the agent gets a note, answers wait for the next message.
 *   And asks again for what else may have been lost with Temporal
 */
export async function scanSessions(
  tools: SessionTools,
  { mend, actor }: { mend: boolean; actor: string },
): Promise<SessionScan> {
  const running = await runningWorkflows(tools.client);
  const findings: SessionFinding[] = [];
  let page: Session[] = [];
  do {
    page = await settledOpenSessions(tools.pool, { after: page.at(-1)?.workflowId ?? '', limit: PAGE });
    for (const session of page) {
      if (running.has(session.workflowId)) continue;
      const delivered = await lastDelivered(tools.pool, session.workflowId);
      const finding = await examine(tools, session);
      if (!finding) continue;
      const close = { reason: 'terminated', actor, delivered } as const;
      findings.push({ ...finding, mended: mend && (await closeAbandoned(tools, session, close)) });
    }
  } while (page.length === PAGE);
  const { active, warned, closed } = await countSessions(tools.pool);
  const mended = findings.filter((finding) => finding.mended).length;
  const wantedAgain = mend ? await wantUnfinished(tools.pool) : 0;
  return {
    ...{ scanned: active + warned + closed, active, warned, closed },
    ...{ errors: findings.length - mended, mended, wanted_again: wantedAgain, findings },
  };
}

/**
 * Closes the sessions whose workflow has ended since then, otherwise than by its own close: somebody has terminated
 * it, or it has failed. A workflow that Temporal does not know is none of them: it may be the wrong Temporal.
 * @returns those that were closed by this
 */
export async function closeEndedOutside(tools: SessionTools, since: Date): Promise<Session[]> {
  const closed: Session[] = [];
  for (const workflowId of await endedOutside(tools.client, since)) {
    const session = await findSessionById(tools.pool, workflowId);
    if (!session || session.status === 'closed') continue;
    const delivered = await lastDelivered(tools.pool, workflowId); // before it is seen that no workflow runs
    if (!(await examine(tools, session))) continue;
    if (await closeAbandoned(tools, session, { reason: 'terminated', actor: null, delivered }))
      closed.push(session);
  }
  return closed;
}

function endedOutside(client: Client, since: Date): Promise<Set<string>> {
  const query = `WorkflowType = '${WEBCHAT_SESSION}' AND ExecutionStatus IN ('Terminated', 'Failed', 'TimedOut')
                 AND CloseTime >= '${since.toISOString()}'`;
  return workflowIdsOf(client, query);
}

/** What visibility shows, which may be a moment late: whoever is not among these is asked for by name. */
function runningWorkflows(client: Client): Promise<Set<string>> {
  return workflowIdsOf(client, `WorkflowType = '${WEBCHAT_SESSION}' AND ExecutionStatus = 'Running'`);
}

async function workflowIdsOf(client: Client, query: string): Promise<Set<string>> {
  const ids = new Set<string>();
  const list = async () => {
    for await (const { workflowId } of client.workflow.list({ query })) ids.add(workflowId);
  };
  await within(client, list, LIST_MS);
  return ids;
}

async function examine(
  { pool, client }: SessionTools,
  { workflowId, phone, locationUid }: Session,
): Promise<Omit<SessionFinding, 'mended'> | null> {
  const workflow = (await describeWorkflow(client, workflowId))?.status.name ?? 'NOT FOUND';
  if (workflow === 'RUNNING' || workflow === 'CONTINUED_AS_NEW') return null;
  // It may have ended by its own close a moment ago, or wait for the relay since then.
  const session = await findSession(pool, phone, locationUid);
  if (!session || session.status === 'closed') return null;
  return {
    session_uid: session.sessionUid,
    workflow_id: workflowId,
    phone_e164: phone,
    location_uid: locationUid,
    last_message_at: session.lastMessageAt?.toISOString() ?? null,
    workflow: workflow.toLowerCase(),
    problem: PROBLEMS[workflow] ?? 'The workflow has ended and has not closed its session.',
  };
}

const PROBLEMS: Record<string, string> = {
  'NOT FOUND': 'Temporal knows no such workflow: it was deleted, or its retention is over.',
  TERMINATED: 'Somebody has terminated the workflow, so nobody closes the session.',
  FAILED: 'The workflow has failed, so nobody closes the session.',
};
