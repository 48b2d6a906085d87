/** The receiving transaction holds locks of phones: none of its look-ups may read a large table as a whole. */
import type { Pool } from './database';
import { createTestDatabase, patientPool, type TestDatabase } from '../test/support/database';
import {
  context,
  contactChange,
  customerMessage,
  failedMessage,
  JANE,
  NORTHSIDE,
  received,
  storeMessage,
} from '../test/support/received';
import { receive } from './inbox';
import { recordOptOut } from './opt-outs';

let db: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  db = await createTestDatabase();
  pool = patientPool(db.url, { max: 1, statementTimeoutMs: FILLED_WITHIN_MS });
  await pool.query(FILL);
});
afterAll(async () => {
  await pool.end();
  await db.drop();
});

/** All of it is one statement. */
const FILLED_WITHIN_MS = 150_000;

/** So many rows that Postgres reads none of these tables as a whole where an index does. */
const FILL = `
  insert into locations (uid, name, country, archived) values ('${NORTHSIDE}', 'Northside', 'AU', false);
  create temp table phone as select n, '+1999' || lpad(n::text, 7, '0') as phone from generate_series(1, 20000) as n;
  insert into opt_outs (phone_e164, opted_out, version, source, recorded_at) select phone, true, 1, 'text', now() from phone;
  insert into opt_out_history (phone_e164, version, applied, wish, source, actor, event_at)
    select phone, 1, true, 'opt_out', 'text', 'customer', now() from phone;
  insert into opt_out_mirrors (phone_e164, history_id, opted_out, state) select phone, n, true, 'told' from phone;
  insert into opt_out_permits (send_id, phone_e164, version, expires_at)
    select gen_random_uuid(), phone, 1, now() + interval '5 minutes' from phone;
  insert into own_texts (id, once_key, phone_e164, location_uid, purpose, body, good_until)
    select gen_random_uuid(), phone, phone, '${NORTHSIDE}', 'help', 'Hi', now() from phone;
  insert into sends (id, phone_e164, phone_hash, location_uid, purpose, body_hash, status, attempts, intended_at)
    select gen_random_uuid(), phone, phone, '${NORTHSIDE}', 'greeting', '', 'intent', 1, now() from phone;
  insert into inbox_events (contract, event_id, event_type, message_uid, received_at, raw, status, phone_e164, location_uid, body_hash)
    select 'published', phone, 'message.received', phone, now(), '', 'ignored', phone, '${NORTHSIDE}', '' from phone;
  insert into sessions (workflow_id, phone_e164, location_uid, status) select phone, phone, '${NORTHSIDE}', 'closed' from phone;
  insert into partial_answers (phone_e164, location_uid, state, saved_at) select phone, '${NORTHSIDE}', '{}', now() from phone;
  insert into contacts (phone_e164, podium_uid) select phone, phone from phone;
  insert into contact_locations (phone_e164, location_uid) select phone, '${NORTHSIDE}' from phone;
  insert into contact_history (phone_e164, change, podium_uid) select phone, 'linked', phone from phone;
  insert into agent_notes (note_key, phone_e164, location_uid) select phone, phone, '${NORTHSIDE}' from phone;
  insert into workflow_starts (workflow_type, workflow_id, args, due_at)
    select 'optOutMirror', phone, '[]', now() + interval '1 day' from phone;
  insert into audit_entries (kind, phone_hash) select 'opt_out', phone from phone;
  insert into suppression_keys (id) values ('a key') on conflict do nothing;
  drop table phone;
  analyze;
`;

/** Rows read by scans of whole tables, by table; small tables are left out. */
async function readWhole(): Promise<Map<string, number>> {
  await pool.query('select pg_stat_force_next_flush()');
  const { rows } = await pool.query<{ name: string; read: number }>(
    `select relname as name, seq_tup_read as read from pg_stat_user_tables
      where n_live_tup > 1000 or seq_tup_read > 1000`,
  );
  return new Map(rows.map(({ name, read }) => [name, Number(read)]));
}

it('finds all it needs by indexes', async () => {
  await pool.query('delete from suppression_keys');
  const before = await readWhole();
  expect(before.size).toBeGreaterThan(12);
  const at = new Date();
  const optOuts = [{ phone: JANE, at }];
  const told = {
    change: contactChange({ phones: [JANE] }),
    optOuts,
    cleared: [{ phone: JANE, at, shown: true }],
  };
  const says = (wish: 'help' | 'opt_in' | 'ask', mayAnswer = false) =>
    received(
      { webchat: false },
      {
        ...{ kind: 'customer_message', phone: JANE, locationUid: NORTHSIDE, optOut: null },
        said: { wish, rule: 'a rule', mayAnswer },
      },
    );
  const texts = { ...context.texts, confirmation: 'No more texts.' };
  for (const each of [
    customerMessage(),
    customerMessage({ messageUid: null, eventId: 'without a uid' }),
    says('help'),
    storeMessage(),
    failedMessage(),
    customerMessage({ stop: true, webchat: false }),
    says('opt_in', true),
    says('opt_in'),
    received({ kind: 'contact_changed' }, { kind: 'contact_changed', ...told }),
    says('ask'),
  ])
    await receive(pool, [each], { ...context, texts });
  const optIn = { phone: JANE, phoneHash: 'h', wish: 'opt_in', source: 'operator', actor: 'ann' } as const;
  await recordOptOut(pool, { ...optIn, rule: null, locationUid: null, messageUid: null, at: null });
  const after = await readWhole();
  expect([...after].filter(([name, read]) => read > (before.get(name) ?? 0) + 100)).toEqual([]);
});
