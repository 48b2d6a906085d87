import fc from 'fast-check';
import { canonicalJson, sealOf } from './audit-seal';

const ROW = {
  ...{ id: 7, entryKey: 'send_sent:s1:1', at: '2026-11-25T10:02:11.123456', kind: 'send_sent' },
  ...{ phoneHash: 'h1', locationUid: 'l1', workflowId: 'w1', details: '{"send": "s1", "attempt": 1}' },
  sealedAt: '2026-11-25T10:02:12.5',
};
const SECRET = Buffer.alloc(32, 1);
const PREVIOUS = Buffer.alloc(32, 2);

test('every column, the time of the sealing, the seal before it and the key make the seal', () => {
  const seals = [
    sealOf(ROW, PREVIOUS, SECRET),
    sealOf(ROW, null, SECRET),
    sealOf(ROW, PREVIOUS, Buffer.alloc(32, 3)),
    ...(['entryKey', 'phoneHash', 'locationUid', 'workflowId'] as const).flatMap((column) => [
      sealOf({ ...ROW, [column]: null }, PREVIOUS, SECRET),
      sealOf({ ...ROW, [column]: `${ROW[column]}x` }, PREVIOUS, SECRET),
    ]),
    sealOf({ ...ROW, id: 8 }, PREVIOUS, SECRET),
    sealOf({ ...ROW, kind: 'send_found' }, PREVIOUS, SECRET),
    sealOf({ ...ROW, at: '2026-11-25T10:02:11.123457' }, PREVIOUS, SECRET),
    sealOf({ ...ROW, details: '{"send": "s1", "attempt": 2}' }, PREVIOUS, SECRET),
    sealOf({ ...ROW, sealedAt: '2026-11-25T10:02:12.500001' }, PREVIOUS, SECRET),
  ].map((seal) => seal.toString('hex'));
  expect(new Set(seals).size).toBe(seals.length);
  expect(sealOf({ ...ROW }, Buffer.from(PREVIOUS), SECRET).toString('hex')).toBe(seals[0]);
});

test('the order of keys, blanks and escapes make no difference', () => {
  expect(canonicalJson('{"b":[{"y":1,"x":"A\\u00e9"}],"10":2,"a":null}')).toBe(
    canonicalJson(' { "a" : null, "10":2, "b" : [ {"x":"\\u0041é","y":1} ] }'),
  );
});

test('a digit more, a number written as a text, and a text that looks like a marked number all differ', () => {
  const written = ['1', '1.0', '-1', '1e0', '"1"', '"n1"', '"t1"', 'true', '"true"', 'null', '"\\"1"', '[1]'];
  written.push('9007199254740993', '9007199254740992', '0.1', '0.10000000000000000001');
  expect(new Set(written.map((value) => canonicalJson(`{"k": ${value}}`))).size).toBe(written.length);
});

test('two details have one form only when they are the same', () => {
  const details = fc.jsonValue();
  fc.assert(
    fc.property(details, details, (one, other) => {
      const [a, b] = [JSON.stringify(one), JSON.stringify(other)];
      const reread = JSON.stringify(JSON.parse(a), null, 2);
      expect(canonicalJson(reread)).toBe(canonicalJson(a));
      if (a !== b && canonicalJson(a) === canonicalJson(b)) expect(JSON.parse(b)).toEqual(JSON.parse(a)); // the same keys in another order
    }),
  );
});
