/** The opening of a session: what it is given at the beginning of its workflow. */
import type { Source } from '../core/events';
import type { SessionMessage } from '../core/session';
import type { OpenedSession } from '../core/session-state';
import { transaction, type Pool, type Queryable } from './database';
import { isOptedOut } from './opt-out-states';
import { claimAnswers } from './partial-answers';
import { lockSession, type LockedSession, type SessionKey } from './sessions';
import { traceIdOf } from './trace-id';

/** What an opening hands over at most: Temporal refuses results of more than 2 MB. */
const MOST_UNDEALT_BYTES = 1024 * 1024;

/**
 * What an execution has to know at its beginning.
 * @param firstRunId of the execution: it claims the answers, so that they are given back once
 * @param answersWaitDays how long answers wait for their customer
 */
export async function openSession(
  pool: Pool,
  { workflowId, phone, locationUid, firstRunId }: SessionKey & { firstRunId: string },
  answersWaitDays: number,
): Promise<OpenedSession> {
  return transaction(pool, async (client) => {
    const session = await ensureSession(client, { workflowId, phone, locationUid });
    const { rows } = await client.query<{ contactKnown: boolean }>(
      `select exists (select from contact_locations
                       where phone_e164 = $1 and location_uid = $2 and gone_at is null) as "contactKnown"`,
      [phone, locationUid],
    );
    // A signal that Temporal delivers once more after the close must use up nothing.
    const isClosed = session.status === 'closed';
    return {
      sessionUid: session.sessionUid,
      handledNumber: session.handledNumber,
      restored: isClosed
        ? null
        : await claimAnswers(client, { phone, locationUid, firstRunId, answersWaitDays }),
      undealt: isClosed ? [] : await undealtMessages(client, workflowId, session.handledNumber),
      optedOut: await isOptedOut(client, phone),
      contactKnown: rows[0]!.contactKnown,
    };
  });
}

/** The row of a session that begins, locked. The receiver has written it, unless someone started the workflow by hand. */
async function ensureSession(
  client: Queryable,
  { workflowId, phone, locationUid }: SessionKey,
): Promise<LockedSession> {
  const found = await lockSession(client, phone, locationUid);
  if (found) return found;
  await client.query(
    `insert into sessions (workflow_id, phone_e164, location_uid, status) values ($1, $2, $3, 'active')
     on conflict (phone_e164, location_uid) do nothing`,
    [workflowId, phone, locationUid],
  );
  return (await lockSession(client, phone, locationUid))!;
}

interface StoredMessage {
  number: number;
  message: SessionMessage;
  contract: Source;
  eventId: string;
}

/** The youngest ones, should they be too many: a person has the others in Podium's inbox. */
async function undealtMessages(
  client: Queryable,
  workflowId: string,
  handledNumber: number,
): Promise<SessionMessage[]> {
  const { rows } = await client.query<StoredMessage>(
    `select number, message, contract, event_id as "eventId"
       from (select delivery_number as number, message, contract, event_id,
                    sum(octet_length(message::text)) over (order by delivery_number desc) as bytes
               from inbox_events
              where workflow_id = $1 and delivery_number > $2 and status = 'delivered') as undealt
      where bytes <= $3 order by number`,
    [workflowId, handledNumber, MOST_UNDEALT_BYTES],
  );
  return rows.map(({ number, message, ...event }) => ({ ...message, number, traceId: traceIdOf(event) }));
}
