import { randomBytes, randomUUID } from 'node:crypto';
import { encrypt } from './encryption';
import { openFileLink, sealFileLink } from './file-link';

const key = (id: string) => ({ id, secret: randomBytes(32) });
const [old, current] = [key('2025.old'), key('current')];
const NOW = new Date('2026-07-23T10:00:00Z');
const LATER = new Date(NOW.getTime() + 1_000);
const FILE = randomUUID();

test('a link names its file until it expires, and not a moment longer', () => {
  const link = sealFileLink(FILE, LATER, [current]);
  expect(openFileLink(link, [current], NOW)).toEqual({ kind: 'open', fileId: FILE });
  expect(openFileLink(link, [current], new Date(LATER.getTime() - 1))).toEqual({
    kind: 'open',
    fileId: FILE,
  });
  expect(openFileLink(link, [current], LATER)).toEqual({ kind: 'expired' });
});

test('a link fits into a URL as it is, tells nothing, and is another one each time', () => {
  const [first, second] = [sealFileLink(FILE, LATER, [current]), sealFileLink(FILE, LATER, [current])];
  expect(first).toMatch(/^[\w.-]+$/);
  expect(first).not.toContain(FILE);
  expect(first).not.toBe(second);
});

test('a link sealed with an older key opens as long as the key is there', () => {
  const link = sealFileLink(FILE, LATER, [old]);
  expect(openFileLink(link, [current, old], NOW)).toMatchObject({ kind: 'open' });
  expect(openFileLink(link, [current], NOW)).toEqual({ kind: 'unknown' });
});

test('a link of which one character was changed is unknown', () => {
  const link = sealFileLink(FILE, LATER, [current]);
  for (let at = 0; at < link.length - 1; at += 1) {
    const changed = link.slice(0, at) + (link[at] === 'A' ? 'B' : 'A') + link.slice(at + 1);
    expect(openFileLink(changed, [current], NOW)).toEqual({ kind: 'unknown' });
  }
});

test('what else was encrypted with our keys is no link', () => {
  for (const text of ['a refresh token', '["payload"]', 'null', '{}', `["file-link","${FILE}"]`]) {
    const { keyId, bytes } = encrypt(Buffer.from(text), [current]);
    const posing = `${keyId}.${bytes.toString('base64url')}`;
    expect(openFileLink(posing, [current], NOW)).toEqual({ kind: 'unknown' });
  }
});

test.each(['', '.', 'current', 'current.', '..', 'current.%00', 'x'.repeat(10_000)])(
  '%j is unknown',
  (link) => {
    expect(openFileLink(link, [current], NOW)).toEqual({ kind: 'unknown' });
  },
);
