import { cli } from '../../test/support/cli';
import { createTestDatabase, type TestDatabase } from '../../test/support/database';
import { BAYVIEW, JANE, JOHN, NORTHSIDE, context, customerMessage } from '../../test/support/received';
import { saveContact } from '../../store/contacts';
import { receive } from '../../store/inbox';
import { settleMirror } from '../../store/opt-out-mirrors';

let db: TestDatabase;
const run = async (...args: string[]) => {
  const { exitCode, out } = await cli({ DATABASE_URL: db.url }, args);
  return { exitCode, out, json: () => JSON.parse(out) };
};
beforeAll(async () => {
  db = await createTestDatabase();
  await saveContact(db.pool, {
    ...{ phone: JANE, podiumUid: 'p-1', name: 'Jane Citizen', locationUid: NORTHSIDE, nameThere: 'Jane' },
  });
  const at = new Date('2026-07-23T10:00:00Z');
  await receive(db.pool, [customerMessage()], context);
  await receive(db.pool, [customerMessage({ locationUid: BAYVIEW, stop: true, at })], context);
  const { rows } = await db.pool.query<{ id: number }>('select id from opt_out_history');
  await settleMirror(db.pool, rows[0]!.id, { kind: 'not_permitted', code: 'unauthorized' });
});
afterAll(() => db.drop());

test('contacts show tells all that is known of a phone, which it shows masked', async () => {
  const { exitCode, json } = await run('contacts', 'show', '--phone', JANE, '--json');
  expect(exitCode).toBe(0);
  expect(json()).toMatchObject({
    phone: '…56',
    name: 'Jane Citizen',
    podium_uid: 'p-1',
    stores: [{ location_uid: NORTHSIDE, name: 'Jane', gone_at: null }],
    history: [
      { change: 'linked', podium_uid: 'p-1' },
      { change: 'renamed', name: 'Jane', location_uid: NORTHSIDE },
    ],
    sessions: [{ location_uid: NORTHSIDE, status: 'active' }],
    opt_out: { opted_out: true, source: 'webchat', podium: { state: 'not_permitted' } },
  });
});

test('in words it says the same, and shows the phone when that is wanted', async () => {
  const { out } = await run('contacts', 'show', '--phone', JANE, '--show-phones');
  expect(out).toContain(`${JANE}  Jane Citizen`);
  expect(out).toContain('is called Jane at');
  expect(out).toContain('opted out since 2026-07-23T10:00:00.000Z (webchat). Podium: does not permit us');
});

test('nobody known is not fine, and a phone that is none cannot be told', async () => {
  expect(await run('contacts', 'show', '--phone', JOHN)).toMatchObject({
    exitCode: 1,
    out: '…78 is not known.\n',
  });
  expect((await run('contacts', 'show', '--phone', '0400 123 456')).exitCode).toBe(2);
});

test('optout check and history tell the ledger, and how far Podium knows', async () => {
  expect((await run('optout', 'check', '--phone', JANE, '--json')).json()).toMatchObject({
    ...{ phone: '…56', opted_out: true, source: 'webchat', recorded_at: '2026-07-23T10:00:00.000Z' },
    podium: { state: 'not_permitted', not_permitted_since: expect.any(String), error_code: 'unauthorized' },
  });
  expect((await run('optout', 'history', '--phone', JANE, '--json')).json().history).toMatchObject([
    { wish: 'opt_out', applied: true, source: 'webchat', actor: 'customer', location_uid: BAYVIEW },
  ]);
  expect((await run('optout', 'check', '--phone', JOHN, '--show-phones')).out).toBe(
    `${JOHN}: not opted out.\n`,
  );
  expect((await run('optout', 'history', '--phone', JOHN)).out).toContain('Nobody ever');
});

test('optout retry has Podium told again', async () => {
  await db.pool.query('truncate workflow_starts');
  expect((await run('optout', 'retry', '--json')).json()).toEqual({ tried: 1 });
  const { rows } = await db.pool.query('select workflow_type from workflow_starts');
  expect(rows).toEqual([{ workflow_type: 'optOutMirror' }]);
  expect((await run('optout', 'retry', '--phone', JANE)).out).toBe('Nothing to tell.\n'); // it is being told
});
