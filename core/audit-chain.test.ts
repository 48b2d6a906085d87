import fc from 'fast-check';
import { ChainReader, type AuditHead } from './audit-chain';
import type { AuditKey } from './audit-keys';
import { sealOf, type SealedRow } from './audit-seal';

const OLD: AuditKey = { id: 'old', secret: Buffer.alloc(32, 1) };
const NEW: AuditKey = { id: 'new', secret: Buffer.alloc(32, 2) };
const KEYS = [NEW, OLD];

/** Time `n` seconds after the beginning, as Postgres tells it. */
const second = (n: number) => new Date(Date.UTC(2026, 10, 25) + n * 1000).toISOString().slice(0, -1);

/** A chain as the sealer makes it; the key changes in the middle. */
function chain(length: number): SealedRow[] {
  const rows: SealedRow[] = [];
  for (let number = 1; number <= length; number += 1) {
    const { id: keyId, secret } = number > length / 2 ? NEW : OLD;
    const row = {
      ...{ id: 10 + number, entryKey: null, at: second(number), kind: 'send_sent', phoneHash: 'h' },
      ...{ locationUid: null, workflowId: null, details: '{"a": 1}', sealedAt: second(number + 1) },
    };
    const seal = sealOf(row, rows.at(-1)?.seal ?? null, secret);
    rows.push({ ...row, number, keyId, seal });
  }
  return rows;
}

/** An end as it was exported, of the chain as it was. */
const headOf = ({ number, seal }: SealedRow): AuditHead => ({
  ...{ number, seal: seal.toString('hex'), exportedAt: '2026-11-25T00:01:00.000Z' },
});

function read(rows: SealedRow[], heads: AuditHead[] = [], keys = KEYS) {
  const reader = new ChainReader(keys, heads);
  for (const row of rows) reader.read(row);
  reader.end();
  return reader;
}
const found = (rows: SealedRow[], heads: AuditHead[] = []) =>
  read(rows, heads).problems.map(({ kind, number, id }) => [kind, number, id]);

const forged = (number: number, fields: Partial<SealedRow> = {}): SealedRow => ({
  ...{ ...chain(number).at(-1)!, id: 99, number, seal: Buffer.alloc(32, 9) },
  ...fields,
});
const renumbered = (rows: SealedRow[]) => rows.map((row, i) => ({ ...row, number: i + 1 }));

test('a chain that nobody has touched is fine, over a change of keys, and so is none', () => {
  const rows = chain(6);
  expect(found(rows, [headOf(rows[3]!), headOf(rows[5]!)])).toEqual([]);
  expect(found([])).toEqual([]);
});

test.each([0, 2, 5])('a changed row is named, and no other: the one at %d', (i) => {
  const rows = chain(6);
  rows[i]!.details = '{"a": 2}';
  expect(found(rows)).toEqual([['changed', i + 1, i + 11]]);
});

test('changed rows beside each other are all named', () => {
  const rows = chain(6);
  for (const i of [2, 3, 4]) rows[i]!.kind = 'send_found';
  expect(found(rows).map(([, number]) => number)).toEqual([3, 4, 5]);
});

test('a changed seal is told from a changed row, but at the end, where the exported end has to tell', () => {
  const rows = chain(6);
  const head = headOf(rows[5]!);
  rows[2]!.seal = Buffer.alloc(32, 7);
  expect(found(rows, [head])).toEqual([['seal_changed', 3, 13]]);
  const others = chain(6);
  others[5]!.seal = Buffer.alloc(32, 7);
  expect(found(others, [head])).toEqual(expect.arrayContaining([['not_as_exported', 6, 16]]));
});

test('removed rows are told by the numbers that are missing, at the beginning too', () => {
  const rows = chain(6);
  expect(found([rows[0]!, rows[3]!, ...rows.slice(4)])).toEqual([['removed', 2, null]]);
  expect(found(rows.slice(2))).toEqual([['removed', 1, null]]);
  expect(read([rows[0]!, ...rows.slice(3)]).problems[0]!.what).toContain('Numbers 2 to 3 are missing');
});

test('a removed row whose number is closed up is found as well', () => {
  const rows = chain(6);
  expect(found(renumbered(rows.filter(({ number }) => number !== 3)))).toEqual([['changed', 3, 14]]);
});

test('rows that were put in between, under numbers that were made free, are named', () => {
  const rows = chain(6);
  const twice = [...rows.slice(0, 3), forged(4), forged(5), ...rows.slice(3)];
  expect(found(renumbered(twice))).toEqual([
    ['inserted', 4, 99],
    ['inserted', 5, 99],
  ]);
  expect(found(renumbered([forged(1), ...rows]))).toEqual([['inserted', 1, 99]]);
});

test('a number below the first, and numbers left out with no row missing, do not go unseen', () => {
  const rows = chain(4);
  expect(found([forged(2, { number: -3 }), ...rows])).toEqual([['inserted', -3, 99]]);
  expect(found(rows.map((row) => ({ ...row, number: row.number + (row.number > 2 ? 10 : 0) })))).toEqual([
    ['renumbered', 13, 13],
  ]);
});

test('a tail that is cut off is found by an end that was exported, and by nothing else', () => {
  const rows = chain(6);
  const head = headOf(rows[5]!);
  expect(found(rows.slice(0, 4))).toEqual([]);
  expect(found(rows.slice(0, 4), [head])).toEqual([['cut_off', 6, null]]);
  expect(found([], [head])).toEqual([['cut_off', 6, null]]);
});

test('another tail in the place of the exported one is found', () => {
  const rows = chain(6);
  const other = chain(3);
  for (const number of [4, 5, 6]) {
    const row = { ...rows[number - 1]!, details: '{}', keyId: NEW.id };
    other.push({ ...row, seal: sealOf(row, other.at(-1)!.seal, NEW.secret) });
  }
  expect(found(other)).toEqual([]);
  expect(found(other, [headOf(rows[5]!)])).toEqual([['not_as_exported', 6, 16]]);
});

test('a row that is sealed as genuine and gives another time is found, and makes no other one look so', () => {
  for (const at of [second(-3_600), second(3_600), 'infinity']) {
    const rows = chain(3);
    const [first, second_, third] = rows as [SealedRow, SealedRow, SealedRow];
    second_.at = at;
    second_.seal = sealOf(second_, first.seal, NEW.secret);
    third.seal = sealOf(third, second_.seal, NEW.secret);
    expect(found(rows)).toEqual([['misdated', 2, 12]]);
  }
});

test('a transaction of some seconds puts nobody under suspicion', () => {
  const rows = chain(3);
  rows[2]!.at = second(-60);
  rows[2]!.seal = sealOf(rows[2]!, rows[1]!.seal, NEW.secret);
  expect(found(rows)).toEqual([]);
});

test('what an unknown key has sealed cannot be told; all else is told', () => {
  const rows = chain(6);
  rows[5]!.kind = 'send_found';
  const { problems, unknownKeys } = read(rows, [], [NEW]);
  expect([...unknownKeys]).toEqual([['old', 1]]);
  expect(problems.map(({ number }) => number)).toEqual([6]);
});

test('whatever is done to a chain, it shows', () => {
  const blow = fc.record({
    row: fc.nat({ max: 9 }),
    how: fc.constantFrom('change', 'reseal', 'remove', 'renumber', 'swap', 'insert', 'cut', 'repeat'),
  });
  fc.assert(
    fc.property(fc.array(blow, { minLength: 1, maxLength: 3 }), (blows) => {
      const whole = chain(10);
      let rows = chain(10);
      for (const { row: place, how } of blows) {
        const row = rows[place];
        if (!row) continue;
        if (how === 'change') row.phoneHash = `${row.phoneHash}x`;
        if (how === 'reseal') row.seal = Buffer.from(row.seal.map((byte) => byte ^ 1));
        if (how === 'remove') rows.splice(place, 1);
        if (how === 'renumber') rows = renumbered(rows.filter((each) => each !== row));
        if (how === 'swap')
          [rows[0], rows[place]] = [
            { ...row, number: 1 },
            { ...rows[0]!, number: place + 1 },
          ];
        if (how === 'insert') rows = renumbered([...rows.slice(0, place), forged(1), ...rows.slice(place)]);
        if (how === 'cut') rows = rows.slice(0, place);
        if (how === 'repeat') rows = renumbered([...rows.slice(0, place), row, ...rows.slice(place)]);
      }
      const same = JSON.stringify(rows) === JSON.stringify(whole);
      expect(found(rows, [headOf(whole[9]!)]).length > 0).toBe(!same);
    }),
  );
});
