import { keyProblems, keysInUse, type KeyPurpose, type NamedKey, type UsedKey } from './used-keys';

const FORMER = 'a-former-id-key-of-some-length';
const PRESENT = 'an-id-key-of-some-length';

/** Of each key of encryption and of the audit its id and a byte that it is made of. */
const keys = (ids: string[], encryption: [string, number][], audit?: [string, number][] | null) => {
  const made = (all: [string, number][]) => all.map(([id, byte]) => ({ id, secret: Buffer.alloc(32, byte) }));
  return keysInUse({
    idKeys: ids,
    encryptionKeys: made(encryption),
    ...(audit !== undefined && { auditKeys: audit && made(audit) }),
  });
};
/** Each key was in front for a day, the last one of all lists since the latest; the first list's last one not yet. */
const used = (given: ReturnType<typeof keys>, waiting: string[] = []): UsedKey[] =>
  Object.entries(given).flatMap(([purpose, named]: [string, NamedKey[]]) =>
    named.map((key, day) => ({
      ...{ ...key, purpose: purpose as KeyPurpose },
      inFrontSince: waiting.includes(key.id) ? null : new Date(day * 86_400_000),
    })),
  );

const KNOWN = used(
  keys(
    [FORMER, PRESENT],
    [
      ['k1', 1],
      ['k2', 2],
      ['k3', 3],
    ],
    [
      ['a1', 1],
      ['a2', 2],
    ],
  ),
  ['k3'],
);

test.each([
  ['the present keys alone, former ones being left out', keys([PRESENT], [['k2', 2]], [['a2', 2]])],
  ['those of a process that seals nothing', keys([PRESENT], [['k2', 2]])],
  [
    'a key that came behind them, and comes to the front',
    keys(
      [PRESENT],
      [
        ['k3', 3],
        ['k2', 2],
      ],
      [['a2', 2]],
    ),
  ],
  [
    'new keys in front of them',
    keys(
      ['a-new-one-of-ids', PRESENT],
      [
        ['k4', 4],
        ['k2', 2],
      ],
      [
        ['a3', 3],
        ['a2', 2],
      ],
    ),
  ],
])('%s fit', (_, given) => {
  expect(keyProblems(given, KNOWN)).toEqual([]);
});

test('any keys fit a database that was never used', () => {
  expect(keyProblems(keys([PRESENT], [['k1', 1]], null), [])).toEqual([]);
});

test('of keys that came at the same time any fits: nobody knows which one was in front', () => {
  const atOnce = KNOWN.map((key) => ({ ...key, inFrontSince: new Date(0) }));
  expect(keyProblems(keys([FORMER], [['k1', 1]], [['a1', 1]]), atOnce)).toEqual([]);
  expect(keyProblems(keys([FORMER], [['k9', 9]], [['a1', 1]]), atOnce)).toHaveLength(1);
});

test.each([
  ['another id key', keys(['another-id-key-of-length'], [['k2', 2]]), 'WEBCHAT_ID_KEY'],
  ['a former id key alone', keys([FORMER], [['k2', 2]]), 'WEBCHAT_ID_KEY'],
  ['another key of the same id', keys([PRESENT], [['k2', 9]]), 'WEBCHAT_ENCRYPTION_KEYS'],
  ['a foreign ring under a new id', keys([PRESENT], [['k9', 9]]), 'WEBCHAT_ENCRYPTION_KEYS'],
  ['a former key of encryption alone', keys([PRESENT], [['k1', 1]]), 'WEBCHAT_ENCRYPTION_KEYS'],
  ['one alone that was never in front', keys([PRESENT], [['k3', 3]]), 'WEBCHAT_ENCRYPTION_KEYS'],
  [
    'another key of the audit of the same id',
    keys([PRESENT], [['k2', 2]], [['a2', 9]]),
    'WEBCHAT_AUDIT_KEYS',
  ],
  ['no key of the audit, where there was one', keys([PRESENT], [['k2', 2]], null), 'WEBCHAT_AUDIT_KEYS'],
])('%s does not, and no key is told', (_, given, variable) => {
  const problems = keyProblems(given, KNOWN);
  expect(problems).toEqual([expect.stringMatching(`^${variable}: `)]);
  expect(problems.join()).not.toMatch(/an-id-key|another-id-key|CQkJ/);
});
