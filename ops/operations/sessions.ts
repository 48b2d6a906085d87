/** Sessions: which there are, one of them, closing it, and whether rows and workflows fit together. */
import { z } from 'zod';
import { phoneHash } from '../../core/ids';
import { selectSessions } from '../../store/session-lists';
import { storeNames } from '../../store/locations';
import { findSession, findSessionById, sessionsOf, type Session } from '../../store/sessions';
import { customerIfMeant, customerMeant, type GivenCustomer } from '../customer-meant';
import {
  nullableTime,
  operation,
  OperationRefused,
  phoneAtStoreInput,
  storeInput,
  textInput,
  type OpsTools,
} from '../operation';
import { scanSessions as scan } from '../session-scan';
import { closeSession as close, reportRow, showSession as show, type SessionTools } from '../sessions';
import { idKeysOf } from '../used-keys';

const sessionRow = z.object({
  session_uid: z.string(),
  workflow_id: z.string(),
  phone_e164: z.string(),
  location_uid: z.string(),
  location: z.string().nullable().describe("The store's name, where it is on the list"),
  status: z.enum(['active', 'warned', 'closing', 'closed']),
  close_reason: z.string().nullable(),
  last_message_at: nullableTime,
  closed_at: nullableTime,
  waiting_since: nullableTime.describe('Since when a person of the store is waited for, closed or not'),
});

const sessionView = z
  .object({
    session_uid: z.string(),
    phone_e164: z.string(),
    location_uid: z.string(),
    status: z.enum(['active', 'warned', 'closing', 'closed']),
    last_message_at: nullableTime,
    idle_seconds: z.number(),
    idle_since: nullableTime.describe('Since when nobody has said a word'),
    prompt_at: nullableTime.describe('When the customer is prompted, should nobody say a word until then'),
    close_at: nullableTime.describe('When the session is closed, should nobody say a word until then'),
    waiting_for: z.string(),
    partial_state: z.object({
      answers: z.array(z.object({ questionId: z.string(), label: z.string(), value: z.string() })),
      waitingFor: z.string().nullable(),
      askedAgain: z.boolean(),
    }),
  })
  .describe('What the running workflow says');

/** A session by its phone, and its location where there are several; or by its id: its own, or its workflow's. */
const which = z.strictObject({
  phone: phoneAtStoreInput.optional(),
  location_uid: storeInput.optional(),
  id: textInput(300).optional().describe('Of the session, or of its workflow'),
});
/** The same for who reads the description. */
const EITHER = {
  anyOf: [
    { required: ['phone'], properties: { id: false } },
    { required: ['id'], properties: { phone: false, location_uid: false } },
  ],
};

export const listSessions = operation({
  name: 'sessions list',
  summary: 'Sessions, those with the latest message first; or those that wait for a person of the store',
  input: z.strictObject({
    phone: phoneAtStoreInput.optional(),
    location_uid: storeInput.optional(),
    status: z.enum(['open', 'active', 'warned', 'closed']).optional(),
    waiting: z
      .boolean()
      .default(false)
      .describe('Those that wait for a person of the store, the longest wait first'),
    limit: z.int().min(1).max(1000).default(50),
  }),
  output: z.object({
    sessions: z.array(sessionRow),
    more: z.boolean().describe('Whether there are more than the limit'),
  }),
  async run(tools, { phone, location_uid, status, waiting, limit }) {
    const whose = await customerIfMeant(tools, { phone, location_uid });
    const filter = { ...whose, status: status ?? null, waiting, limit: limit + 1 };
    const found = await selectSessions(tools.pool, filter);
    const names = await storeNames(tools.pool);
    return {
      sessions: found.slice(0, limit).map((session) => rowOf(session, names)),
      more: found.length > limit,
    };
  },
});

export const showSession = operation({
  name: 'sessions show',
  summary: 'A session by its row, and by its workflow while that runs',
  input: which.meta(EITHER),
  output: sessionRow.extend({
    live: sessionView.nullable(),
    unanswered: z.string().nullable().describe("Why an open session's workflow does not tell, in a sentence"),
  }),
  async run(tools, input) {
    const { phone, locationUid } = await sessionOf(tools, input);
    const shown = (await show(await sessionTools(tools), phone, locationUid))!;
    return { ...shown, location: (await storeNames(tools.pool)).get(locationUid) ?? null };
  },
});

export const closeSession = operation({
  name: 'sessions close',
  summary: 'Closes a session now, as if its idle time were over',
  input: which
    .extend({
      reason: z
        .string()
        .trim()
        .max(200)
        .default('')
        .describe(
          'Why: "audit show" and the timeline tell it, until the person is erased or messages get too old',
        ),
    })
    .meta(EITHER),
  output: z.object({ session_uid: z.string(), status: z.literal('closed') }),
  async run(tools, { reason, ...input }, { actor }) {
    const { sessionUid, phone, locationUid } = await sessionOf(tools, input);
    if (!(await close(await sessionTools(tools), phone, locationUid, { actor, reason })))
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
    mend: z
      .boolean()
      .default(false)
      .describe('Close in the store what nothing runs for any more, and ask again for what else was lost'),
  }),
  output: z.object({
    scanned: z.int(),
    active: z.int(),
    warned: z.int(),
    closed: z.int(),
    errors: z.int().describe('How many are active or warned by their row and have no workflow that runs'),
    mended: z.int(),
    wanted_again: z
      .int()
      .describe('Notes, files of customers, imports and mirrors whose workflow was asked for again'),
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
  run: async (tools, { mend }, { actor }) => scan(await sessionTools(tools), { mend, actor }),
});

export async function sessionTools(tools: OpsTools): Promise<SessionTools & { idKeys: readonly string[] }> {
  const idKeys = await idKeysOf(tools);
  const auditHash = (phone: string) => phoneHash(phone, idKeys[0]);
  return { pool: tools.pool, client: tools.temporal, auditHash, idKeys };
}

/** @throws OperationRefused when it is not said which one is meant, or there is none */
async function sessionOf(
  tools: Pick<OpsTools, 'pool' | 'settings'>,
  { phone, location_uid, id }: z.output<typeof which>,
): Promise<Session> {
  const byPhone = phone !== undefined;
  if (byPhone === (id !== undefined) || (!byPhone && location_uid !== undefined))
    throw whichSession('It is not said which session is meant.');
  const found = byPhone
    ? await sessionOfCustomer(tools, { phone, location_uid })
    : await findSessionById(tools.pool, id!);
  if (found) return found;
  throw new OperationRefused('unknown', {
    code: 'ERR_OPS_NO_SESSION',
    message: 'There is no such session.',
    hint: '"sessions list --phone" shows at which stores a customer has one.',
  });
}

/** Of a customer at a store; without a store the only one that is open, or the only one. */
async function sessionOfCustomer(
  tools: Pick<OpsTools, 'pool' | 'settings'>,
  given: GivenCustomer,
): Promise<Session | null> {
  const { phone, locationUid } = await customerMeant(tools, given);
  if (locationUid !== null) return findSession(tools.pool, phone, locationUid);
  const all = await sessionsOf(tools.pool, phone);
  const open = all.filter(({ status }) => status !== 'closed');
  const candidates = open.length > 0 ? open : all;
  if (candidates.length <= 1) return candidates[0] ?? null;
  const names = await storeNames(tools.pool);
  const where = candidates.map(({ locationUid }) => names.get(locationUid) ?? locationUid);
  throw whichSession(`The customer has chats at ${candidates.length} stores: ${where.join(', ')}.`);
}

const whichSession = (message: string) =>
  new OperationRefused('wrong_input', {
    code: 'ERR_OPS_WHICH_SESSION',
    message,
    hint: 'Give the phone, and the location where there are several, or the id. "sessions list" shows them.',
  });

function rowOf(session: Session, names: Map<string, string>) {
  return { ...reportRow(session), location: names.get(session.locationUid) ?? null };
}
