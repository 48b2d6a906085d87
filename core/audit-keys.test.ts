import { auditKeys } from './audit-keys';

const OWN = { id: 'own', secret: Buffer.alloc(32, 1) };
const [OLD, NEW] = ['an-id-key-of-some-length', 'another-id-key-of-some-length'];

test('without own keys the one of the newest id key seals, and that of every id key on the list verifies', () => {
  const [before] = auditKeys(null, [OLD]);
  const [first, second, ...others] = auditKeys(null, [NEW, OLD]);
  expect(second).toEqual(before);
  expect(first!.id).not.toBe(before!.id);
  expect(first!.secret.equals(before!.secret)).toBe(false);
  expect(others).toEqual([]);
});

test('own keys seal from when they are set, and what was sealed before still verifies', () => {
  expect(auditKeys([OWN], [OLD])).toEqual([OWN, ...auditKeys(null, [OLD])]);
});

test('a derived key is no id key, and its name tells nothing of either', () => {
  const [key] = auditKeys(null, [OLD]);
  expect(key!.secret).toHaveLength(32);
  expect(key!.secret.toString('latin1')).not.toContain(OLD.slice(0, 8));
  expect(key!.id).toMatch(/^derived-[0-9a-f]{16}$/);
  expect(key!.secret.toString('hex')).not.toContain(key!.id.slice('derived-'.length));
});
