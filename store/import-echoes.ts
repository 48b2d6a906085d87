/** The events that Podium sends of imports: known by their uid, or by their words and their time. */
import { writeAudit } from './audit';
import { customerKey, type CustomerHere } from './customer-key';
import type { Queryable } from './database';
import { bodyHash, storableKey } from './text';
import { IMPORT_TIME_TOLERANCE_MS, SETTLED, auditImports, type SettledRow } from './widget-imports';

/** By how much Podium's clock may be behind ours. */
const CLOCK_SKEW = '5 minutes';
/** An echo follows its import at once, where that has been answered; else its event may be as late as any. */
const LATEST_ECHO = '10 minutes';
const LATEST_EVENT = '11 days';
const TOLERANCE = `${IMPORT_TIME_TOLERANCE_MS} milliseconds`;

/** Those of the customers of whom there are imports, by `customerKey`. */
export async function customersWithImports(
  client: Queryable,
  customers: CustomerHere[],
): Promise<Set<string>> {
  if (customers.length === 0) return new Set();
  const { rows } = await client.query<CustomerHere>(
    `select distinct phone_e164 as phone, location_uid as "locationUid" from widget_imports
      where (phone_e164, location_uid) in (select * from unnest($1::text[], $2::text[]))`,
    [customers.map(({ phone }) => phone), customers.map(({ locationUid }) => locationUid)],
  );
  return new Set(rows.map(customerKey));
}

/** An event that may be the echo of an import: a message of a customer's that a webhook brought, or that was found. */
export interface MaybeEcho {
  uid: string | null;
  phone: string;
  locationUid: string;
  text: string;
  at: Date;
  /** `at` is Podium's time of the message, which of an import is the one that we gave; else it is when we heard of it. */
  hasPodiumsTime: boolean;
  /** It wishes for no more messages: then only its uid tells that it is none, since a STOP may be a new one. */
  wishesOptOut: boolean;
}

/** Whether an event is the echo of an import, which is settled by it where nobody knew what became of it. */
export async function isOwnImport(client: Queryable, message: MaybeEcho): Promise<boolean> {
  const { uid, phone, locationUid, text, at, hasPodiumsTime, wishesOptOut } = message;
  const known = await client.query(
    `select from widget_imports where message_uid = $1
     union all select from widget_imports where phone_e164 = $2 and location_uid = $3 and $1 = any(double_uids)`,
    [uid && storableKey(uid), phone, locationUid],
  );
  if (known.rowCount! > 0) return true;
  if (wishesOptOut) return false;
  const { rows } = await client.query<SettledRow & { wasOpen: boolean }>(
    `with echo as (
       select id, status <> 'imported' as was_open from widget_imports
        where phone_e164 = $1 and location_uid = $2 and body_hash = $3 and attempts > 0
          and (status <> 'refused' or uncertain) -- an attempt before that may have arrived
          and echoed_at is null and (message_uid is null or $4::text is null)
          and ($5 between written_at - interval '${TOLERANCE}' and written_at + interval '${TOLERANCE}'
               or (status <> 'pending' or not $6) and $5 between tried_since - interval '${CLOCK_SKEW}'
                         and coalesce(settled_at + interval '${LATEST_ECHO}', written_at + interval '${LATEST_EVENT}'))
        order by abs(extract(epoch from written_at - $5)), written_at, id limit 1
     )
     update widget_imports i set echoed_at = now(), message_uid = coalesce(message_uid, $4), status = 'imported',
       error_code = null, body = null, name = null, settled_at = coalesce(settled_at, now())
       from echo where i.id = echo.id
     returning i.id, phone_hash as "phoneHash", location_uid as "locationUid", message_uid as "messageUid",
       was_open as "wasOpen"`,
    [phone, locationUid, bodyHash(text), uid && storableKey(uid), at, hasPodiumsTime],
  );
  await auditImports(
    client,
    rows.filter(({ wasOpen }) => wasOpen),
    'message_imported',
    { by: 'echo' },
  );
  return rows.length > 0 || isDouble(client, message);
}

/**
 * Whether an event is of an attempt that was not to be found, and came late: the import stands there already. Nothing can
 * be done about it then, so it is an anomaly in the audit. It has the time that we gave, as no text of the phone's has.
 */
async function isDouble(
  client: Queryable,
  { uid, phone, locationUid, text, at, hasPodiumsTime }: MaybeEcho,
): Promise<boolean> {
  if (!hasPodiumsTime) return false;
  const { rows } = await client.query<SettledRow & { doubles: number }>(
    `update widget_imports set double_uids = array_append(double_uids, $4)
      where id = (select id from widget_imports
                   where phone_e164 = $1 and location_uid = $2 and body_hash = $3 and uncertain
                     and cardinality(double_uids) < attempts - 1
                     and $5 between written_at - interval '${TOLERANCE}' and written_at + interval '${TOLERANCE}'
                   order by abs(extract(epoch from written_at - $5)), written_at, id limit 1)
     returning ${SETTLED}, cardinality(double_uids) as doubles`,
    [phone, locationUid, bodyHash(text), uid && storableKey(uid), at],
  );
  for (const { id, phoneHash, messageUid, doubles } of rows)
    await writeAudit(client, {
      key: `import_doubled:${id}:${doubles}`,
      ...{ kind: 'import_doubled', phoneHash, locationUid, workflowId: null },
      details: { message: uid, besides: messageUid },
    });
  return rows.length > 0;
}
