import { keyProblems, keysInUse } from './used-keys';

const secret = (byte: number) => Buffer.alloc(32, byte);
const keys = (ids: string[], encryption: [string, number][], audit: [string, number][] | null = null) =>
  keysInUse({
    idKeys: ids,
    encryptionKeys: encryption.map(([id, byte]) => ({ id, secret: secret(byte) })),
    auditKeys: audit && audit.map(([id, byte]) => ({ id, secret: secret(byte) })),
  });
const KNOWN = keys(['an-id-key-of-some-length'], [['k1', 1]], [['a1', 1]]);

test.each([
  ['the same keys', KNOWN],
  [
    'a new key in front of each',
    keys(
      ['a-new-one-of-ids', 'an-id-key-of-some-length'],
      [
        ['k2', 2],
        ['k1', 1],
      ],
    ),
  ],
  ['former keys that were left out', keys(['an-id-key-of-some-length'], [['k2', 2]], [['a2', 2]])],
])('%s fit', (_, given) => {
  expect(keyProblems(given, KNOWN)).toEqual([]);
});

test('any keys fit a database that was never used', () => {
  expect(keyProblems(KNOWN, [])).toEqual([]);
});

test.each([
  ['another id key', keys(['another-id-key-of-length'], [['k1', 1]]), 'WEBCHAT_ID_KEY'],
  ['another key of the same id', keys(['an-id-key-of-some-length'], [['k1', 9]]), 'WEBCHAT_ENCRYPTION_KEYS'],
  [
    'another key of the audit of the same id',
    keys(['an-id-key-of-some-length'], [['k1', 1]], [['a1', 9]]),
    'WEBCHAT_AUDIT_KEYS',
  ],
])('%s does not, and no key is told', (_, given, variable) => {
  const problems = keyProblems(given, KNOWN);
  expect(problems).toEqual([expect.stringMatching(`^${variable}: `)]);
  expect(problems.join()).not.toMatch(/another-id-key|CQkJ/);
});
