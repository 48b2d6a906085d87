/** What is held of a person, wherever it stands: every table that has rows of a phone, and the events as they came. */
import type { Pool, Queryable } from './database';

/** A phone in its parts, since it may stand in an event as somebody has typed it. */
export interface Person {
  /** E.164. */
  phone: string;
  countryCode: number;
  nationalNumber: string;
}

/** The tables whose rows are a phone's, in an order in which they can be deleted. */
export const TABLES_BY_PHONE = [
  'file_sends',
  'files',
  'sends',
  'widget_imports',
  'widget_replies',
  'widget_conversations',
  'agent_notes',
  'partial_answers',
  'close_wishes',
  'sessions',
  'contact_locations',
  'contact_history',
  'contacts',
  'own_texts',
  'opt_out_permits',
  'phones_to_audit',
  'opt_out_drifts',
  'opt_out_mirrors',
  'opt_out_history',
  'opt_outs',
] as const;

/** Rows by table; tables without any are left out. */
export type Counts = Record<string, number>;

/** How many rows of the inbox one statement looks through. */
const STRETCH = 20_000;

/** What people write between digits. The bytes of an event are searched as Postgres escapes them. */
const BETWEEN = String.raw`([ ().\-/]|\\302\\240|\\u00a0)*`;

/** The phone in any form in which it may stand in a text, as a regular expression of Postgres. */
function anyForm({ countryCode, nationalNumber }: Person): string {
  const digits = (number: string) => [...number].join(BETWEEN);
  const before = `(00|011)?${BETWEEN}${digits(String(countryCode))}${BETWEEN}`;
  return `(^|[^0-9])(${before})?(0${BETWEEN})?${digits(nationalNumber)}([^0-9]|$)`;
}

/** Events of a person, as far as the inbox was looked through. */
export interface FoundEvents {
  ids: number[];
  /** Later ones were not looked at. */
  lastId: number;
}

/**
 * The events of a person: those of the phone, and of those that are nobody's (of contacts, of phones that could not
 * be made out) the ones in which the phone stands, or Podium's contact. Takes no locks, since it reads all that is
 * kept.
 */
export async function eventsOf(pool: Pool, person: Person): Promise<FoundEvents> {
  const { rows } = await pool.query<{ first: number; last: number }>(
    'select coalesce(min(id), 1) as first, coalesce(max(id), 0) as last from inbox_events',
  );
  const { first, last } = rows[0]!;
  const values = [person.phone, anyForm(person), await contactUidsOf(pool, person.phone)];
  const ids: number[] = [];
  for (let from = first; from <= last; from += STRETCH) {
    const found = await pool.query<{ id: number }>(
      `select id from inbox_events
        where id >= $4 and id < $5 and id <= $6
          and (phone_e164 = $1
            or phone_e164 is null and octet_length(raw) > 0
               and (encode(raw, 'escape') ~ $2
                 or exists (select from unnest($3::text[]) as uid where position(uid in encode(raw, 'escape')) > 0)))
        order by id`,
      [...values, from, from + STRETCH, last],
    );
    ids.push(...found.rows.map(({ id }) => id));
  }
  return { ids, lastId: last };
}

async function contactUidsOf(pool: Pool, phone: string): Promise<string[]> {
  const { rows } = await pool.query<{ uid: string }>(
    `select podium_uid as uid from contacts where phone_e164 = $1 and podium_uid is not null
     union select podium_uid from contact_history where phone_e164 = $1 and podium_uid is not null`,
    [phone],
  );
  return rows.map(({ uid }) => uid);
}

/** How much is held of a person. */
export async function countHeld(pool: Pool, person: Person): Promise<Counts> {
  const counts: Counts = { inbox_events: (await eventsOf(pool, person)).ids.length };
  for (const table of TABLES_BY_PHONE) {
    const { rows } = await pool.query<{ count: number }>(
      `select count(*) as count from ${table} where phone_e164 = $1`,
      [person.phone],
    );
    counts[table] = rows[0]!.count;
  }
  const { rows } = await pool.query<{ count: number }>(
    'select count(*) as count from conversations_to_read where identifier ~ $1',
    [anyForm(person)],
  );
  counts['conversations_to_read'] = rows[0]!.count;
  return withoutZeros(counts);
}

/**
 * Deletes all rows of a person, in a transaction that holds the phone's lock. Of the events ids and times are left.
 * The rows of the sessions are locked already.
 */
export async function deleteHeld(client: Queryable, person: Person, events: FoundEvents): Promise<Counts> {
  const stripped = await client.query(
    `update inbox_events set status = 'erased', raw = '', message = null, phone_e164 = null, body_hash = null, browser = null,
       error_code = null, error_message = null, workflow_id = null, delivery_number = null
      where id in (select id from inbox_events where id = any($1) or id > $2 and phone_e164 = $3 order by id for update)`,
    [events.ids, events.lastId, person.phone],
  );
  const counts: Counts = { inbox_events: stripped.rowCount! };
  for (const table of TABLES_BY_PHONE) {
    const { rowCount } = await client.query(`delete from ${table} where phone_e164 = $1`, [person.phone]);
    counts[table] = rowCount!;
  }
  const { rowCount } = await client.query('delete from conversations_to_read where identifier ~ $1', [
    anyForm(person),
  ]);
  counts['conversations_to_read'] = rowCount!;
  return withoutZeros(counts);
}

/** The stores at which something is held of a phone, and the workflows of its sessions as far as rows name them. */
export async function placesOf(
  pool: Pool,
  phone: string,
  eventIds: number[],
): Promise<{ workflowIds: string[]; locationUids: string[] }> {
  const { rows } = await pool.query<{ workflowId: string | null; locationUid: string | null }>(
    `select workflow_id as "workflowId", location_uid as "locationUid" from sessions where phone_e164 = $1
     union select workflow_id, location_uid from sends where phone_e164 = $1
     union select workflow_id, location_uid from agent_notes where phone_e164 = $1
     union select null, location_uid from partial_answers where phone_e164 = $1
     union select null, location_uid from contact_locations where phone_e164 = $1
     union select workflow_id, location_uid from inbox_events where id = any($2)`,
    [phone, eventIds],
  );
  return {
    workflowIds: [...new Set(rows.flatMap(({ workflowId }) => workflowId ?? []))],
    locationUids: [...new Set(rows.flatMap(({ locationUid }) => locationUid ?? []))],
  };
}

/** Everything that is held of a person, as the rows stand; bytes of events as texts, other bytes in hex. */
export async function readHeld(
  pool: Pool,
  person: Person,
  phoneHashes: string[],
): Promise<Record<string, object[]>> {
  const { ids } = await eventsOf(pool, person);
  const held: Record<string, object[]> = {
    inbox_events: await rowsOf(pool, 'inbox_events', 'where id = any($1) order by id', [ids]),
  };
  for (const table of TABLES_BY_PHONE)
    held[table] = await rowsOf(pool, table, 'where phone_e164 = $1', [person.phone]);
  held['conversations_to_read'] = await rowsOf(pool, 'conversations_to_read', 'where identifier ~ $1', [
    anyForm(person),
  ]);
  held['audit_entries'] = await rowsOf(pool, 'audit_entries', 'where phone_hash = any($1) order by id', [
    phoneHashes,
  ]);
  return held;
}

async function rowsOf(pool: Pool, table: string, which: string, values: unknown[]): Promise<object[]> {
  const { rows } = await pool.query<Record<string, unknown>>(`select * from ${table} ${which}`, values);
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([column, value]) => [column, readable(column, value)])),
  );
}

function readable(column: string, value: unknown): unknown {
  if (!Buffer.isBuffer(value)) return value;
  return column === 'raw' ? value.toString() : value.toString('hex');
}

const withoutZeros = (counts: Counts): Counts =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
