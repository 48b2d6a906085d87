/** The inbox as operators look at it, and what they set aside. */
import type { Failure, Source } from '../core/events';
import { writeAct } from './audit';
import { transaction, type Pool, type Queryable } from './database';

export const EVENT_STATUSES = [
  'pending',
  'delivered',
  'recorded',
  'ignored',
  'quarantined',
  'erased',
] as const;

export interface StoredEvent {
  id: number;
  contract: Source;
  eventId: string;
  eventType: string;
  messageUid: string | null;
  receivedAt: Date;
  podiumAt: Date | null;
  status: (typeof EVENT_STATUSES)[number];
  code: string | null;
  problem: string | null;
  phone: string | null;
  locationUid: string | null;
  workflowId: string | null;
  deliveryNumber: number | null;
  deliveredAt: Date | null;
}

const COLUMNS = `id, contract, event_id as "eventId", event_type as "eventType", message_uid as "messageUid",
  received_at as "receivedAt", podium_at as "podiumAt", status, error_code as code, error_message as problem,
  phone_e164 as phone, location_uid as "locationUid", workflow_id as "workflowId",
  delivery_number as "deliveryNumber", delivered_at as "deliveredAt"`;

export interface EventFilter {
  /** E.164; null for any, as with the others. */
  phone: string | null;
  locationUid: string | null;
  status: StoredEvent['status'] | null;
  code: string | null;
  limit: number;
}

/** Events, the latest first. */
export async function selectEvents(
  pool: Pool,
  { phone, locationUid, status, code, limit }: EventFilter,
): Promise<StoredEvent[]> {
  const { rows } = await pool.query<StoredEvent>(
    `select ${COLUMNS} from inbox_events
      where ($1::text is null or phone_e164 = $1) and ($2::text is null or location_uid = $2)
        and ($3::text is null or status = $3) and ($4::text is null or error_code = $4)
      order by id desc limit $5`,
    [phone, locationUid, status, code, limit],
  );
  return rows;
}

/** Ids of quarantined events, the oldest first, from behind one of them on. @param filter null for any */
export async function quarantinedAfter(
  pool: Pool,
  { code, locationUid }: Pick<EventFilter, 'code' | 'locationUid'>,
  page: { afterId: number; limit: number },
): Promise<number[]> {
  const { rows } = await pool.query<{ id: number }>(
    `select id from inbox_events
      where status = 'quarantined' and id > $3
        and ($1::text is null or error_code = $1) and ($2::text is null or location_uid = $2)
      order by id limit $4`,
    [code, locationUid, page.afterId, page.limit],
  );
  return rows.map(({ id }) => id);
}

/** An event with its bytes; null for an id that there is not. */
export async function findEvent(pool: Pool, id: number): Promise<(StoredEvent & { raw: Buffer }) | null> {
  const { rows } = await pool.query<StoredEvent & { raw: Buffer }>(
    `select ${COLUMNS}, raw from inbox_events where id = $1`,
    [id],
  );
  return rows[0] ?? null;
}

/** What is quarantined, by its code. */
export async function countQuarantined(
  pool: Pool,
): Promise<{ code: string | null; count: number; oldestAt: Date }[]> {
  const { rows } = await pool.query<{ code: string | null; count: number; oldestAt: Date }>(
    `select error_code as code, count(*) as count, min(received_at) as "oldestAt" from inbox_events
      where status = 'quarantined' group by error_code order by count(*) desc, error_code`,
  );
  return rows;
}

/**
 * Keeps a pending event from its session. The session's row is locked, as the relay does: what has its number may be
 * on its way, and is not taken back.
 * @returns whether it is quarantined by this
 */
export async function setAside(
  pool: Pool,
  { id, failure, by }: { id: number; failure: Failure; by: EventAct },
): Promise<boolean> {
  return transaction(pool, async (client) => {
    await client.query(
      'select from sessions where workflow_id = (select workflow_id from inbox_events where id = $1) for update',
      [id],
    );
    const { rowCount } = await client.query(
      `update inbox_events set status = 'quarantined', error_code = $2, error_message = $3
        where id = $1 and status = 'pending' and delivery_number is null`,
      [id, failure.code, failure.message],
    );
    if (rowCount === 1) await noteEventAct(client, 'event_set_aside', by);
    return rowCount === 1;
  });
}

/** What an operator did with an event, for the audit. */
export interface EventAct {
  /** Of the row, or Podium's. */
  event: number | string;
  /** The audit's name for the phone; null where there is none. */
  phoneHash: string | null;
  locationUid: string | null;
  actor: string;
  status?: string;
}

export async function noteEventAct(
  client: Queryable,
  kind: 'event_set_aside' | 'event_replayed' | 'event_ingested',
  { phoneHash, locationUid, actor, ...details }: EventAct,
): Promise<void> {
  await writeAct(client, { kind, phoneHash, locationUid, actor, details });
}
