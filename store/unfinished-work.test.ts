import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { wantUnfinished } from './unfinished-work';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
beforeEach(() =>
  db.pool.query(
    'truncate agent_notes, files, widget_imports, opt_out_mirrors, opt_out_history, workflow_starts',
  ),
);

const PHONE = '+14155551234';

/** A note of so long ago. @returns its id */
async function note(key: string, ago: string, more = ''): Promise<string> {
  const { rows } = await db.pool.query<{ id: string }>(
    `insert into agent_notes (note_key, phone_e164, location_uid, body, created_at)
     values ($1, $2, 'north', 'A note', now() - $3::interval) returning id`,
    [key, PHONE, ago],
  );
  if (more) await db.pool.query(`update agent_notes set ${more} where note_key = $1`, [key]);
  return rows[0]!.id;
}

const wanted = async () =>
  (
    await db.pool.query(
      'select workflow_type as type, workflow_id as id, args from workflow_starts order by 1',
    )
  ).rows;

test('a note that was not posted is asked for again, once', async () => {
  const id = await note('waits', '2 minutes');
  expect(await wantUnfinished(db.pool)).toBe(1);
  expect(await wantUnfinished(db.pool)).toBe(0); // it waits for the relay
  expect(await wanted()).toEqual([{ type: 'agentNote', id: `agent-note:${id}`, args: [{ noteId: id }] }]);
});

test.each([
  ['posted', '2 minutes', 'posted_at = now()'],
  ['refused', '2 minutes', "refused_code = 'not_permitted'"],
  ['on its way', '10 seconds', ''],
  ['too old to be of use', '8 days', ''],
])('one that is %s is not', async (_, ago, more) => {
  await note('other', ago, more);
  expect(await wantUnfinished(db.pool)).toBe(0);
});

test('so are files that are to be fetched, imports and opt-outs of which Podium was not told', async () => {
  const [file, words] = ['10000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000002'];
  await db.pool.query(
    `insert into files (id, came_by, phone_e164, location_uid, stem, status, received_at)
     values ($1, 'podium', $2, 'north', 'photo', 'pending', now() - interval '1 hour')`,
    [file, PHONE],
  );
  await db.pool.query(
    `insert into widget_imports (id, event_id, phone_e164, phone_hash, location_uid, body, body_hash, written_at, reopen)
     values ($1, 'event', $2, 'hash', 'north', 'Hello', '\\x00', now() - interval '1 hour', true)`,
    [words, PHONE],
  );
  const { rows } = await db.pool.query<{ id: number }>(
    `insert into opt_out_history (phone_e164, version, applied, wish, source, actor, event_at, written_at)
     values ($1, 1, true, 'opt_out', 'operator', 'kim', now(), now() - interval '1 hour') returning id`,
    [PHONE],
  );
  const historyId = rows[0]!.id;
  await db.pool.query(
    "insert into opt_out_mirrors (phone_e164, history_id, opted_out, state) values ($1, $2, true, 'pending')",
    [PHONE, historyId],
  );
  await wantUnfinished(db.pool);
  expect(await wanted()).toEqual([
    { type: 'inboundFile', id: `inbound-file:${file}`, args: [{ fileId: file }] },
    { type: 'optOutMirror', id: `opt-out-mirror:${historyId}`, args: [{ historyId }] },
    { type: 'widgetImport', id: `widget-import:${words}`, args: [{ importId: words, locationUid: 'north' }] },
  ]);
});
