/** Events of the inbox: what Podium has sent us, and what became of it. */
import { z } from 'zod';
import { ERROR_CODES, failure, isErrorCode } from '../../core/error-codes';
import { writeAct } from '../../store/audit';
import {
  countQuarantined,
  EVENT_STATUSES,
  findEvent,
  quarantinedAfter,
  selectEvents,
  setAside,
  type StoredEvent,
} from '../../store/inbox-lists';
import { receiveContext } from '../../store/receive-context';
import { ingestEvent, NO_EVENT, replayEvents as replay, type EventTools } from '../events';
import { customerIfMeant } from '../customer-meant';
import {
  failureOutput,
  iso,
  nullableTime,
  operation,
  OperationRefused,
  phoneAtStoreInput,
  storeInput,
  time,
  type OpsTools,
} from '../operation';
import { idKeysOf } from '../used-keys';
import { storeMeant } from '../store-meant';

const MOST_REPLAYED = 1000;

const id = z.int().min(1);
const code = z.string().regex(/^\w{1,64}$/, 'should be as ERR_WEBCHAT_003');

const eventRow = z.object({
  id: z.int(),
  contract: z.enum(['published', 'skill', 'widget']),
  event_id: z.string(),
  event_type: z.string(),
  message_uid: z.string().nullable(),
  received_at: time,
  podium_at: nullableTime.describe("Podium's time of it"),
  status: z.enum(EVENT_STATUSES),
  error: failureOutput.nullable().describe('Why it is in quarantine'),
  phone_e164: z.string().nullable(),
  location_uid: z.string().nullable(),
  workflow_id: z.string().nullable(),
  delivery_number: z.int().nullable().describe('Of the message within its session'),
  delivered_at: nullableTime,
});

export const listEvents = operation({
  name: 'events list',
  summary: 'Events of the inbox, the latest first',
  input: z.strictObject({
    status: z.enum(EVENT_STATUSES).optional(),
    code: code.optional().describe('Of quarantined ones, as ERR_WEBCHAT_003'),
    phone: phoneAtStoreInput.optional(),
    location_uid: storeInput.optional(),
    limit: z.int().min(1).max(1000).default(50),
  }),
  output: z.object({ events: z.array(eventRow), more: z.boolean() }),
  async run(tools, { status, code, phone, location_uid, limit }) {
    const whose = await customerIfMeant(tools, { phone, location_uid });
    const filter = { ...whose, status: status ?? null, code: code ?? null, limit: limit + 1 };
    const found = await selectEvents(tools.pool, filter);
    return { events: found.slice(0, limit).map(rowOf), more: found.length > limit };
  },
});

export const showEvent = operation({
  name: 'events show',
  summary: 'One event, and its body if that is wanted: it holds the phone and the words',
  input: z.strictObject({ id, raw: z.boolean().default(false).describe('With the body as it came') }),
  output: eventRow.extend({ raw: z.string().nullable(), size_bytes: z.int() }),
  async run({ pool }, input, { actor }) {
    const event = await findEvent(pool, input.id);
    if (!event) throw noEvent();
    const { locationUid } = event;
    if (input.raw)
      await writeAct(pool, { kind: 'event_body_read', actor, locationUid, details: { event: event.id } });
    return {
      ...rowOf(event),
      raw: input.raw ? event.raw.toString('utf8') : null,
      size_bytes: event.raw.length,
    };
  },
});

export const replayEvents = operation({
  name: 'events replay',
  summary: 'Judges quarantined events anew and lets go what can be used now; safe to repeat',
  input: z
    .strictObject({
      ids: z.array(id).max(MOST_REPLAYED).default([]),
      code: code.optional().describe('All that are quarantined with this code'),
      location_uid: storeInput.optional().describe('All that are quarantined for this location'),
      all: z.boolean().default(false).describe('All that are quarantined'),
      after_id: z
        .int()
        .min(0)
        .default(0)
        .describe('Of a search: only younger ones than this id, as next_after_id of the call before has it'),
      dry_run: z.boolean().default(false),
    })
    .meta({
      anyOf: [
        {
          required: ['ids'],
          properties: { ids: { minItems: 1 }, code: false, location_uid: false, all: { const: false } },
        },
        {
          properties: { ids: { maxItems: 0 } },
          anyOf: [
            { required: ['code'] },
            { required: ['location_uid'] },
            { required: ['all'], properties: { all: { const: true } } },
          ],
        },
      ],
    }),
  output: z.object({
    released: z.int(),
    would_be_released: z.int(),
    unchanged: z.int(),
    events: z.array(
      z.object({
        id: z.int(),
        outcome: z.enum(['released', 'would_be_released', 'unchanged']),
        failure: failureOutput.nullable(),
        alarm: failureOutput.nullable().describe('What somebody has to be told of at once'),
      }),
    ),
    more: z
      .boolean()
      .describe('Whether there are more of them than the 1,000 that one call takes, the oldest first'),
    next_after_id: z
      .int()
      .nullable()
      .describe('To go on from with the next call; null when there are no more'),
  }),
  async run(tools, { ids, code, location_uid, all, after_id: afterId, dry_run: dryRun }, { actor }) {
    const bySearch = code !== undefined || location_uid !== undefined || all;
    if (ids.length > 0 === bySearch)
      throw new OperationRefused('wrong_input', {
        code: 'ERR_OPS_WHICH_EVENTS',
        message: 'It is not said which events are meant.',
        hint: 'Give ids, or all, or a code or location of quarantined ones. "events quarantine" shows what there is.',
      });
    const filter = { code: code ?? null, locationUid: await storeMeant(tools, location_uid) };
    const found = bySearch
      ? await quarantinedAfter(tools.pool, filter, { afterId, limit: MOST_REPLAYED + 1 })
      : ids;
    const [now, more] = [found.slice(0, MOST_REPLAYED), found.length > MOST_REPLAYED];
    const events = await replay(await eventTools(tools, actor), now, dryRun);
    const count = (outcome: string) => events.filter((event) => event.outcome === outcome).length;
    return {
      ...{ released: count('released'), would_be_released: count('would_be_released') },
      ...{ unchanged: count('unchanged'), events, more, next_after_id: more ? now.at(-1)! : null },
    };
  },
});

export const quarantineEvents = operation({
  name: 'events quarantine',
  summary:
    'What is in quarantine, by its code. With an id: sets a pending event aside first, so that its session does not get it',
  input: z.strictObject({ id: id.optional() }),
  output: z.object({
    set_aside: z.int().nullable().describe('The event that is in quarantine by this call'),
    quarantined: z.array(
      z.object({ code: z.string(), message: z.string(), count: z.int(), oldest_received_at: time }),
    ),
  }),
  async run(tools, { id }, { actor }) {
    const { pool } = tools;
    const done = id === undefined ? false : await keepAside(tools, id, actor);
    const counted = await countQuarantined(pool);
    return {
      set_aside: done ? id! : null,
      quarantined: counted.map(({ code, count, oldestAt }) => ({
        code: code ?? '',
        message: code !== null && isErrorCode(code) ? ERROR_CODES[code].message : '',
        count,
        oldest_received_at: oldestAt.toISOString(),
      })),
    };
  },
});

export const ingestFile = operation({
  name: 'events ingest',
  summary: 'Takes a payload by hand, as if a webhook had brought it; the same one again is a duplicate',
  input: z.strictObject({
    payload: z.string().min(1).max(524_288).describe("The body, in either contract's shape"),
    dry_run: z.boolean().default(false),
  }),
  output: z.object({
    event_id: z.string(),
    event_type: z.string(),
    status: z.enum([
      ...(['accepted', 'duplicate', 'ignored', 'quarantined'] as const),
      ...(['would_be_accepted', 'would_be_quarantined'] as const),
    ]),
    error: failureOutput.nullable(),
  }),
  run: async (tools, { payload, dry_run }, { actor }) =>
    ingestEvent(await eventTools(tools, actor), Buffer.from(payload), dry_run),
});

/** Twice is once: what is in quarantine already stays there. */
async function keepAside(tools: OpsTools, id: number, actor: string): Promise<boolean> {
  const { pool } = tools;
  const event = await findEvent(pool, id);
  if (!event) throw noEvent();
  if (event.status === 'quarantined') return false;
  const { phone, locationUid } = event;
  const phoneHash = phone === null ? null : (await eventTools(tools, actor)).context.auditHash(phone);
  const by = { event: id, phoneHash, locationUid, actor };
  if (await setAside(pool, { id, failure: failure('ERR_WHK_014'), by })) return true;
  throw new OperationRefused('refused', {
    code: 'ERR_OPS_NOT_PENDING',
    message: `The event is ${event.status === 'pending' ? 'on its way to its session' : event.status}, and cannot be held back any more.`,
    hint: 'Only what waits for its session can be set aside. Close the session, or pause the robot, to keep it from answering.',
  });
}

async function eventTools(tools: OpsTools, actor: string): Promise<EventTools> {
  const environment = tools.environment('idKeys', 'encryptionKeys', 'publicUrl', 'podiumContract');
  await idKeysOf(tools);
  const { pool, settings } = tools;
  return { pool, settings, context: receiveContext(environment, settings), actor };
}

const noEvent = () => new OperationRefused('unknown', NO_EVENT);

function rowOf(event: StoredEvent) {
  const { code } = event;
  const known = code !== null && isErrorCode(code) ? ERROR_CODES[code] : null;
  return {
    ...{ id: event.id, contract: event.contract, event_id: event.eventId, event_type: event.eventType },
    ...{ message_uid: event.messageUid, status: event.status },
    ...{ received_at: event.receivedAt.toISOString(), podium_at: iso(event.podiumAt) },
    error:
      code === null
        ? null
        : { code, message: event.problem ?? known?.message ?? '', hint: known?.hint ?? '' },
    ...{ phone_e164: event.phone, location_uid: event.locationUid, workflow_id: event.workflowId },
    ...{ delivery_number: event.deliveryNumber, delivered_at: iso(event.deliveredAt) },
  };
}
