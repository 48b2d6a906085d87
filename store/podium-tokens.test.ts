import { randomBytes } from 'node:crypto';
import type { TokenGrant } from '../core/tokens';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { readAccess, storedTokens } from './podium-tokens';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
afterEach(() => db.pool.query('truncate podium_tokens'));

const key = (id: string) => ({ id, secret: randomBytes(32) });
const [old, current] = [key('old'), key('current')];

const grant = (n: number, refreshToken: string | null = null): TokenGrant => ({
  access: {
    token: `access-${n}`,
    issuedAt: new Date('2026-07-23T10:00:00Z'),
    expiresAt: new Date('2026-07-23T20:00:00Z'),
  },
  refreshToken,
  scopes: ['read_messages'],
});

it('gives back the latest tokens, and keeps them encrypted', async () => {
  const stored = storedTokens(db.pool, [current]);
  expect(await stored.load()).toMatchObject({ refreshToken: null, access: null, grants: 0 });
  await stored.saveGrant(grant(1, 'refresh-1'), 0);
  await stored.saveGrant(grant(2), 1); // no new refresh token came with it: the one before stays
  expect(await stored.load()).toMatchObject({
    ...{ refreshToken: 'refresh-1', access: grant(2).access, scopes: ['read_messages'], grants: 2 },
    ...{ refusedCode: null, refusedTokens: [], pausedUntil: null },
  });
  const { rows } = await db.pool.query<{ text: string }>(
    'select row_to_json(t)::text as text from podium_tokens t',
  );
  const bytes = (token: string) => Buffer.from(token).toString('hex');
  for (const secret of ['access-2', bytes('access-2'), 'refresh-1', bytes('refresh-1')])
    expect(rows[0]!.text).not.toContain(secret);
});

it('reads what an older key has encrypted, and has none once that key is gone', async () => {
  await storedTokens(db.pool, [old]).saveGrant(grant(1, 'refresh-1'), 0);
  const both = await storedTokens(db.pool, [current, old]).load();
  expect(both).toMatchObject({ refreshToken: 'refresh-1', access: { token: 'access-1' } });
  expect(await storedTokens(db.pool, [current]).load()).toMatchObject({ refreshToken: null, access: null });
});

it('keeps a newer grant when an older one comes late', async () => {
  const stored = storedTokens(db.pool, [current]);
  expect(await stored.saveGrant(grant(2, 'refresh-2'), 0)).toBe(true);
  expect(await stored.saveGrant(grant(1, 'refresh-1'), 0)).toBe(false);
  expect(await stored.load()).toMatchObject({ refreshToken: 'refresh-2', access: { token: 'access-2' } });
});

it('knows since when access is refused, until it works again', async () => {
  const stored = storedTokens(db.pool, [current]);
  const until = new Date('2026-07-23T10:01:00Z');
  await stored.saveRefusal({ code: 'invalid_grant', tokens: ['a', 'b'], until }, 0);
  const first = await readAccess(db.pool);
  await stored.saveRefusal({ code: 'invalid_client', tokens: ['b', 'c'], until }, 0);
  const { refusedTokens, ...rest } = await stored.load();
  expect(rest).toMatchObject({ refusedCode: 'invalid_client', pausedUntil: until });
  expect(refusedTokens.sort()).toEqual(['a', 'b', 'c']);
  expect((await readAccess(db.pool))!.refusedSince).toEqual(first!.refusedSince);
  await stored.saveGrant(grant(1), 0);
  expect(await readAccess(db.pool)).toMatchObject({ refusedSince: null, refusedCode: null });
  expect(await stored.load()).toMatchObject({ refusedTokens: [], pausedUntil: null });
});

it('remembers when tokens were rejected, beyond the next one that Podium gives', async () => {
  const stored = storedTokens(db.pool, [current]);
  const until = new Date('2026-07-23T10:01:00Z');
  await stored.saveGrant(grant(1), 0);
  expect(await readAccess(db.pool)).toMatchObject({ tokensRejectedAt: null });
  await stored.saveRejection(until);
  expect(await stored.load()).toMatchObject({ pausedUntil: until, refusedCode: null });
  await stored.saveGrant(grant(2), 1);
  expect(await readAccess(db.pool)).toMatchObject({ tokensRejectedAt: expect.any(Date) });
});

it('keeps a grant when a refusal of what it has replaced comes late', async () => {
  const stored = storedTokens(db.pool, [current]);
  await stored.saveGrant(grant(1, 'refresh-2'), 0);
  const refusal = { code: 'invalid_grant', tokens: ['a'], until: new Date() };
  expect(await stored.saveRefusal(refusal, 0)).toBe(false);
  expect(await readAccess(db.pool)).toMatchObject({ refusedSince: null, refusedCode: null });
  expect(await stored.load()).toMatchObject({ refusedTokens: [], pausedUntil: null });
});

it('lets one process renew at a time, and the next one after a failure', async () => {
  const stored = storedTokens(db.pool, [current]);
  let atWork = 0;
  let mostAtWork = 0;
  const work = async () => {
    mostAtWork = Math.max(mostAtWork, ++atWork);
    await db.pool.query('select pg_sleep(0.01)');
    atWork -= 1;
    throw new Error('refused');
  };
  const renewals = Array.from({ length: 5 }, () => stored.exclusively(work));
  expect((await Promise.allSettled(renewals)).map(({ status }) => status)).toEqual(Array(5).fill('rejected'));
  expect(mostAtWork).toBe(1);
});
