import { lockPhones, transaction } from '../store/database';
import { MOST_IMPORTED } from '../store/opt-out-import';
import { optOutRecords, optOutState } from '../store/opt-out-states';
import { recordOptOut } from '../store/opt-outs';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { JANE, JOHN, MARY, testHash } from '../test/support/received';
import { importOptOutFile } from './opt-out-import';

let db: TestDatabase;
beforeAll(async () => (db = await createTestDatabase()));
afterAll(() => db.drop());
beforeEach(() =>
  db.pool.query('truncate opt_outs, opt_out_history, opt_out_mirrors, audit_entries, workflow_starts'),
);

const NOW = new Date('2026-07-23T10:00:00Z');
const importText = (text: string, defaultCountry: string | null = 'AU') =>
  importOptOutFile(
    db.pool,
    text,
    { actor: 'alice', idKey: 'an-id-key-of-some-length' },
    { defaultCountry, now: NOW },
  );
const FILE = [
  'Phone,opted_out_at,proof,source',
  '0400 123 456,2024-05-31T19:30:00+10:00,"ticket 7, by phone",old system',
  `${MARY},2024-06-01,,`,
].join('\r\n');

async function everything() {
  const tables = ['opt_outs', 'opt_out_history', 'opt_out_mirrors', 'audit_entries', 'workflow_starts'];
  return Promise.all(tables.map(async (table) => (await db.pool.query(`select * from ${table}`)).rows));
}

test('each line opts its phone out, from its own time on, with the proof and who imported it', async () => {
  expect(await importText(FILE)).toEqual({ lines: 2, applied: 2, unchanged: 0, refused: [] });
  expect(await optOutState(db.pool, JANE)).toMatchObject({
    ...{ optedOut: true, source: 'api', recordedAt: new Date('2024-05-31T09:30:00Z') },
  });
  expect(await optOutState(db.pool, MARY)).toMatchObject({
    recordedAt: new Date('2024-06-02T11:59:59.999Z'),
  });
  expect(await optOutRecords(db.pool, JANE)).toMatchObject([{ actor: 'alice', source: 'api' }]);
  const { rows } = await db.pool.query('select phone_e164, proof from opt_out_history order by phone_e164');
  expect(rows).toEqual([
    { phone_e164: MARY, proof: null },
    { phone_e164: JANE, proof: 'old system: ticket 7, by phone' },
  ]);
  const { rows: audit } = await db.pool.query('select kind, details from audit_entries');
  expect(audit).toHaveLength(2);
  expect(JSON.stringify(audit)).not.toContain('ticket');
});

test('the same file again, with a byte order mark or not, changes nothing', async () => {
  await importText(FILE);
  const before = await everything();
  expect(await importText(`\uFEFF${FILE}\r\n\r\n`)).toMatchObject({ applied: 0, unchanged: 2, refused: [] });
  expect(await everything()).toEqual(before);
});

test('one refused line keeps all out; each is told by its number and no more than the last digits', async () => {
  const report = await importText(
    [
      'phone,opted_out_at,source',
      '0400 123 456,2024-05-31,old',
      '0400 123 45,2024-05-31,old',
      '0412 345 678,31/05/2024,old',
      '+61 412 345 678,2024-02-30,old',
      '',
      '0412 345 678,2027-01-01T00:00:00Z,old',
      '0412 345 678,2024-05-31T00:00:00,old',
      '0412 345 678,2024-05-31',
    ].join('\n'),
  );
  expect(report).toMatchObject({ lines: 7, applied: 0 });
  expect(report.refused).toEqual([
    { line: 3, phone: '…2345', problem: expect.stringContaining('phone') },
    { line: 4, phone: '…5678', problem: expect.stringContaining('as 2024-05-31T09:30:00Z') },
    { line: 5, phone: '…5678', problem: expect.stringContaining('as 2024-05-31T09:30:00Z') },
    { line: 7, phone: '…5678', problem: 'opted_out_at is in the future.' },
    { line: 8, phone: '…5678', problem: expect.stringContaining('time zone') },
    { line: 9, phone: '…5678', problem: 'It has 2 columns, and the header 3.' },
  ]);
  expect(JSON.stringify(report)).not.toMatch(/41234|40012/);
  expect(await everything()).toEqual([[], [], [], [], []]);
});

test('a phone in local form needs a country, which is never guessed', async () => {
  const report = await importText('phone,opted_out_at\n0400123456,2024-05-31', null);
  expect(report.refused).toMatchObject([{ line: 2, problem: expect.stringContaining('--default-country') }]);
});

test.each([
  ['phone\n0400123456', 'The header has no column opted_out_at.'],
  ['0400123456,2024-05-31', 'The header has no column phone, opted_out_at.'],
  ['', 'The header has no column phone, opted_out_at.'],
  ['phone,opted_out_at,phone\n', 'each once'],
  ['phone,opted_out_at,name\n', 'nothing else'],
  ['phone,opted_out_at\n"0400123456,2024-05-31', 'could not be read as CSV'],
  [`phone,opted_out_at\n${'0400123456,2024-05-31\n'.repeat(MOST_IMPORTED + 1)}`, 'Split the file'],
])('what is no such file is refused as a whole', async (text, problem) => {
  expect((await importText(text)).refused).toEqual([
    { line: expect.any(Number), phone: null, problem: expect.stringContaining(problem) },
  ]);
});

test('an opt-out that is older than an opt-in does not undo it, and is on record all the same', async () => {
  const at = new Date('2024-06-15T00:00:00Z');
  const optIn = { phone: JANE, phoneHash: testHash(JANE), wish: 'opt_in', source: 'text', at } as const;
  await recordOptOut(db.pool, {
    ...optIn,
    actor: 'customer',
    rule: 'keyword',
    locationUid: null,
    messageUid: null,
  });
  expect(await importText(FILE)).toMatchObject({ applied: 1, unchanged: 1 });
  expect(await optOutState(db.pool, JANE)).toMatchObject({ optedOut: false });
  expect(await optOutRecords(db.pool, JANE)).toMatchObject([
    { wish: 'opt_in' },
    { wish: 'opt_out', applied: false },
  ]);
});

test('of a phone that stands there twice the latest counts', async () => {
  const text = `phone,opted_out_at\n${JOHN},2024-05-31\n${JOHN},2024-01-01\n${JOHN},2024-05-31`;
  expect(await importText(text)).toMatchObject({ lines: 3, applied: 1, unchanged: 2 });
  expect(await optOutState(db.pool, JOHN)).toMatchObject({
    recordedAt: new Date('2024-06-01T11:59:59.999Z'),
  });
});

const optIn = (at: string) =>
  recordOptOut(db.pool, {
    ...{ phone: JANE, phoneHash: testHash(JANE), wish: 'opt_in', source: 'text', actor: 'customer' },
    ...{ rule: 'A:START', locationUid: null, messageUid: null, at: new Date(at) },
  });
const line = (optedOutAt: string) => `phone,opted_out_at\n${JANE},${optedOutAt}`;
const isOut = async () => (await optOutState(db.pool, JANE))?.optedOut;

test.each([
  ['at noon of Greenwich', '2024-06-01T12:00:00Z', true],
  ['late in the evening, far in the west', '2024-06-01T23:30:00-11:00', true],
  ['on the next day, wherever that is', '2024-06-02T12:00:00Z', false],
])('a day alone counts to its end: an opt-in of that day, %s, does not undo it', async (_, at, expected) => {
  await optIn(at);
  await importText(line('2024-06-01'));
  expect(await isOut()).toBe(expected);
  expect((await optOutRecords(db.pool, JANE)).at(-1)).toMatchObject({ rule: 'end of 2024-06-01' });
});

test('a day that goes on counts until now, so that who opts in later is opted in, and once', async () => {
  await importText(line('2026-07-23'));
  expect(await optOutState(db.pool, JANE)).toMatchObject({ optedOut: true, recordedAt: NOW });
  await optIn('2026-07-23T10:30:00Z');
  const later = new Date('2026-07-23T11:00:00Z');
  const by = { actor: 'alice', idKey: 'an-id-key-of-some-length' };
  const rules = { defaultCountry: 'AU', now: later } as const;
  expect(await importOptOutFile(db.pool, line('2026-07-23'), by, rules)).toMatchObject({ applied: 0 });
  expect(await isOut()).toBe(false);
});

test('a day that has begun nowhere yet is refused', async () => {
  expect((await importText(line('2026-07-24'))).refused).toEqual([]); // in Kiribati it is midnight
  expect((await importText(line('2026-07-25'))).refused).toMatchObject([
    { problem: 'opted_out_at is in the future.' },
  ]);
});

test('as many as are allowed at once find room for their locks', async () => {
  const names = Array.from({ length: MOST_IMPORTED }, (_, i) => `phone ${i}`);
  await transaction(db.pool, (client) => lockPhones(client, names));
});
