/** Sessions: which there are, one of them, closing it, and whether rows and workflows fit together. */
import { z } from 'zod';
import { phoneHash } from '../../core/ids';
import { selectSessions } from '../../store/session-lists';
import { findSession, findSessionById, type Session } from '../../store/sessions';
import {
  e164,
  iso,
  locationInput,
  nullableTime,
  operation,
  OperationRefused,
  phoneInput,
  type OpsTools,
} from '../operation';
import { scanSessions as scan } from '../session-scan';
import { closeSession as close, showSession as show, type SessionTools } from '../sessions';

const sessionRow = z.object({
  session_uid: z.string(),
  workflow_id: z.string(),
  phone_e164: z.string(),
  location_uid: z.string(),
  status: z.enum(['active', 'warned', 'closing', 'closed']),
  close_reason: z.string().nullable(),
  last_message_at: nullableTime,
  closed_at: nullableTime,
});

const sessionView = z
  .object({
    session_uid: z.string(),
    phone_e164: z.string(),
    location_uid: z.string(),
    status: z.enum(['active', 'warned', 'closing', 'closed']),
    last_message_at: nullableTime,
    idle_seconds: z.number(),
    waiting_for: z.string(),
    partial_state: z.object({
      answers: z.array(z.object({ questionId: z.string(), label: z.string(), value: z.string() })),
      waitingFor: z.string().nullable(),
      askedAgain: z.boolean(),
    }),
  })
  .describe('What the running workflow says');

/** A session by its phone and location, or by its id: its own, or its workflow's. */
const which = z.strictObject({
  phone: phoneInput.optional(),
  location_uid: locationInput.optional(),
  id: z.string().trim().min(1).max(300).optional().describe('Of the session, or of its workflow'),
});

export const listSessions = operation({
  name: 'sessions list',
  summary: 'Sessions, those with the latest message first',
  input: z.strictObject({
    phone: phoneInput.optional(),
    location_uid: locationInput.optional(),
    status: z.enum(['open', 'active', 'warned', 'closed']).optional(),
    limit: z.int().min(1).max(1000).default(50),
  }),
  output: z.object({
    sessions: z.array(sessionRow),
    more: z.boolean().describe('Whether there are more than the limit'),
  }),
  async run({ pool }, { phone, location_uid: locationUid, status, limit }) {
    const wanted = { phone: phone === undefined ? null : e164(phone), locationUid: locationUid ?? null };
    const found = await selectSessions(pool, { ...wanted, status: status ?? null, limit: limit + 1 });
    return { sessions: found.slice(0, limit).map(rowOf), more: found.length > limit };
  },
});

export const showSession = operation({
  name: 'sessions show',
  summary: 'A session by its row, and by its workflow while that runs',
  input: which,
  output: sessionRow.extend({ live: sessionView.nullable() }),
  async run(tools, input) {
    const { phone, locationUid } = await sessionOf(tools, input);
    return (await show(sessionTools(tools), phone, locationUid))!;
  },
});

export const closeSession = operation({
  name: 'sessions close',
  summary: 'Closes a session now, as if its idle time were over',
  input: which.extend({ reason: z.string().trim().max(200).default('') }),
  output: z.object({ session_uid: z.string(), status: z.literal('closed') }),
  async run(tools, { reason, ...input }, { actor }) {
    const { sessionUid, phone, locationUid } = await sessionOf(tools, input);
    if (!(await close(sessionTools(tools), phone, locationUid, { actor, reason })))
      throw new OperationRefused('refused', {
        code: 'ERR_OPS_SESSION_CLOSED',
        message: 'The session is closed already.',
        hint: '"sessions show" tells since when. What is still on its way to it opens it anew.',
      });
    return { session_uid: sessionUid, status: 'closed' as const };
  },
});

export const scanSessions = operation({
  name: 'sessions scan',
  summary: 'Counts sessions in flight, and finds those whose workflow does not run as their row says',
  input: z.strictObject({
    mend: z.boolean().default(false).describe('Close in the store what nothing runs for any more'),
  }),
  output: z.object({
    scanned: z.int(),
    active: z.int(),
    warned: z.int(),
    closed: z.int(),
    errors: z.int().describe('How many are active or warned by their row and have no workflow that runs'),
    mended: z.int(),
    findings: z.array(
      z.object({
        session_uid: z.string(),
        workflow_id: z.string(),
        phone_e164: z.string(),
        location_uid: z.string(),
        last_message_at: nullableTime,
        workflow: z.string().describe('As Temporal has it: not found, or the status in which it ended'),
        problem: z.string(),
        mended: z.boolean(),
      }),
    ),
  }),
  run: (tools, { mend }, { actor }) => scan(sessionTools(tools), { mend, actor }),
});

export function sessionTools(tools: OpsTools): SessionTools {
  const [idKey] = tools.environment('idKeys').idKeys as [string];
  return { pool: tools.pool, client: tools.temporal, auditHash: (phone) => phoneHash(phone, idKey) };
}

/** @throws OperationRefused when it is not said which one is meant, or there is none */
export async function sessionOf(
  { pool }: Pick<OpsTools, 'pool'>,
  { phone, location_uid: locationUid, id }: z.output<typeof which>,
): Promise<Session> {
  const byPlace = phone !== undefined && locationUid !== undefined;
  if (byPlace === (id !== undefined) || (phone === undefined) !== (locationUid === undefined))
    throw new OperationRefused('wrong_input', {
      code: 'ERR_OPS_WHICH_SESSION',
      message: 'It is not said which session is meant.',
      hint: 'Give the phone and the location, or the id. "sessions list" shows them.',
    });
  const found = byPlace
    ? await findSession(pool, e164(phone), locationUid)
    : await findSessionById(pool, id!);
  if (found) return found;
  throw new OperationRefused('unknown', {
    code: 'ERR_OPS_NO_SESSION',
    message: 'There is no such session.',
    hint: '"sessions list --phone" shows at which stores a customer has one.',
  });
}

function rowOf(session: Session) {
  return {
    session_uid: session.sessionUid,
    workflow_id: session.workflowId,
    phone_e164: session.phone,
    location_uid: session.locationUid,
    status: session.status,
    close_reason: session.closeReason,
    last_message_at: iso(session.lastMessageAt),
    closed_at: iso(session.closedAt),
  };
}
