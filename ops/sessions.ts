/** What an operator can see of a session and do with it. */
import {
  isGrpcServiceError,
  QueryRejectedError,
  WorkflowNotFoundError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';
import { closeNote } from '../core/agent-note';
import { idleSeconds } from '../core/idle';
import { CLOSE_UPDATE, SESSION_QUERY, type SessionStatus, type SessionView } from '../core/session';
import type { Pool } from '../store/database';
import { keptAnswers } from '../store/partial-answers';
import { closeSession as persistClose } from '../store/session-close';
import { findSession, lastDelivered, type Session } from '../store/sessions';
import { endWait } from '../store/waiting-chats';
import { explain, OPERATION_FAILURES, Unanswered } from './failures';
import { iso } from './operation';
import { within } from './temporal';

/** A worker has to answer queries and updates; it may be busy, or away. */
const ANSWER_MS = 5_000;

export interface SessionTools {
  pool: Pool;
  client: Client;
  /** The audit's name for a phone. */
  auditHash: (phone: string) => string;
}

/** A session by its row. */
interface SessionRow {
  session_uid: string;
  workflow_id: string;
  phone_e164: string;
  location_uid: string;
  status: SessionStatus;
  close_reason: string | null;
  last_message_at: string | null;
  closed_at: string | null;
  /** Since when a person of the store is waited for, closed or not. */
  waiting_since: string | null;
}

/** A session by its row, and by its workflow while that runs. */
export interface SessionReport extends SessionRow {
  /** What the running workflow says; null when the session is closed, or when it did not answer. */
  live: LiveSession | null;
  /** Why an open session's workflow did not answer, in a sentence. */
  unanswered: string | null;
}

/** A workflow that began on an earlier version does not tell its times. */
export interface LiveSession extends Omit<SessionView, 'idle_since'> {
  idle_since: string | null;
}

/** The session of a customer (E.164) at a store, or null when there never was one. */
export async function showSession(
  { pool, client }: SessionTools,
  phone: string,
  locationUid: string,
): Promise<SessionReport | null> {
  const row = await findSession(pool, phone, locationUid);
  if (!row) return null;
  const { live, unanswered } =
    row.status === 'closed' ? NOTHING_TO_ASK : await askWorkflow(client, row.workflowId);
  const stored = reportRow(row);
  return {
    ...stored,
    status: live?.status ?? stored.status,
    last_message_at: live?.last_message_at ?? stored.last_message_at,
    live,
    unanswered,
  };
}

/** A session by its row alone. */
export function reportRow(row: Session): SessionRow {
  return {
    session_uid: row.sessionUid,
    workflow_id: row.workflowId,
    phone_e164: row.phone,
    location_uid: row.locationUid,
    status: row.status,
    close_reason: row.closeReason,
    last_message_at: iso(row.lastMessageAt),
    closed_at: iso(row.closedAt),
    waiting_since: iso(row.waitingSince),
  };
}

/**
 * Ends a session as if its idle time were over, and waits until its answers are persisted. A session whose
 * workflow has failed or was terminated is closed in the store; one that is closed already waits for a person no more.
 * @returns whether there was a session to close
 * @throws {Unanswered} when the workflow did not answer in time: the wish may still take effect
 */
export async function closeSession(
  tools: SessionTools,
  phone: string,
  locationUid: string,
  wish: { actor: string; reason: string },
): Promise<boolean> {
  const row = await findSession(tools.pool, phone, locationUid);
  if (!row || (row.status === 'closed' && row.waitingSince === null)) return false;
  if (row.status === 'closed') return endWaitOf(tools, row, wish);
  const { client } = tools;
  const delivered = await lastDelivered(tools.pool, row.workflowId);
  const handle = client.workflow.getHandle(row.workflowId);
  try {
    await within(client, () => handle.executeUpdate(CLOSE_UPDATE, { args: [wish] }), ANSWER_MS);
    return true;
  } catch (error) {
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) throw new Unanswered(CLOSE_UNANSWERED);
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    return closeAbandoned(tools, row, { reason: 'forced', actor: wish.actor, wish: wish.reason, delivered });
  }
}

interface CloseInStore {
  /**
   * After `terminated` the conversation stays open in Podium, since a person has to see whether the customer waits, and
   * what the workflow was given and has not dealt with is dealt with by the next session.
   */
  reason: 'forced' | 'terminated';
  /** Null when nobody wanted it closed. */
  actor: string | null;
  /** Why, in their words. */
  wish?: string;
  /** The number of the last message that was delivered before it was seen that no workflow runs. */
  delivered: number;
}

/**
 * Closes a session in the store for which no workflow runs, unless it was closed meanwhile. What still waits for the
 * relay keeps it open.
 * @returns whether it is closed by this
 */
export async function closeAbandoned(
  { pool, auditHash }: SessionTools,
  { workflowId, phone, locationUid, sessionUid, conversationUid, handledNumber }: Session,
  { reason, actor, wish, delivered }: CloseInStore,
): Promise<boolean> {
  const isWanted = reason === 'forced';
  const answers = await keptAnswers(pool, phone, locationUid);
  const body = closeNote({ reason, answers, openQuestion: null, conversationClosed: isWanted, actor });
  const { closed } = await persistClose(pool, {
    ...{ workflowId, phone, locationUid, conversationUid, actor, reason, wish },
    ...(isWanted ? { handledNumber: delivered } : { handledNumber, deliveredNumber: delivered }),
    ...{ phoneHash: auditHash(phone), closeConversation: isWanted, partial: undefined },
    openSessionUid: sessionUid,
    note: { key: `${sessionUid}:closed:${delivered}:${reason}`, body },
  });
  return closed;
}

/** Of a session that is closed already. Podium's conversation is closed, too. */
async function endWaitOf(
  { pool, auditHash }: SessionTools,
  session: Session,
  { actor, reason: wish }: { actor: string; reason: string },
): Promise<boolean> {
  const { phone, locationUid } = session;
  const answers = await keptAnswers(pool, phone, locationUid);
  const note = closeNote({ reason: 'forced', answers, openQuestion: null, conversationClosed: true, actor });
  return endWait(pool, session, { actor, wish, phoneHash: auditHash(phone), note });
}

const CLOSE_UNANSWERED = {
  ...OPERATION_FAILURES.noWorker,
  hint: 'The close was asked for, and may still happen once a worker runs. "config check" tells whether one does, "sessions show" what became of it.',
};

type Answer = Pick<SessionReport, 'live' | 'unanswered'>;

const NOTHING_TO_ASK: Answer = { live: null, unanswered: null };

/** The clock of a query stands still between the workflow's tasks, so its idle time is counted here. */
async function askWorkflow(client: Client, workflowId: string): Promise<Answer> {
  try {
    const view = await within(
      client,
      () => client.workflow.getHandle(workflowId).query<SessionView>(SESSION_QUERY),
      ANSWER_MS,
    );
    const live = { ...TIMES_NOT_TOLD, ...view };
    if (live.idle_since !== null) live.idle_seconds = idleSeconds(Date.parse(live.idle_since), Date.now());
    return { live, unanswered: null };
  } catch (error) {
    return { live: null, unanswered: whyUnanswered(error) };
  }
}

const TIMES_NOT_TOLD = { idle_since: null, prompt_at: null, close_at: null };

/** Of grpc: out of time, as we or Temporal say it; or Temporal knows of no worker that would answer. */
const NO_ANSWER = [1, 4, 9];
/** Too many wait for an answer already. */
const QUERIES_WAIT = /query buffer is full/;

function whyUnanswered(error: unknown): string {
  if (error instanceof WorkflowNotFoundError || error instanceof QueryRejectedError)
    return 'No workflow runs for it now: "sessions scan" tells whether one is missing.';
  const { cause } = error as Error;
  const { message, hint } =
    isGrpcServiceError(cause) && (NO_ANSWER.includes(cause.code) || QUERIES_WAIT.test(cause.details))
      ? OPERATION_FAILURES.noWorker
      : (explain(error)?.failure ?? { message: (error as Error).message, hint: '' });
  return `${message} ${hint}`.trim();
}
