import { Registry } from 'prom-client';
import type { AccessFacts } from '../store/podium-tokens';
import { addAccessMetrics, complainAboutAccess } from './access';

const facts = (changed: Partial<AccessFacts>): AccessFacts => ({
  ...{ refreshTokenAt: null, accessIssuedAt: null, accessExpiresAt: null, scopes: null, grants: 1 },
  ...{ refusedSince: null, refusedCode: null, tokensRejectedAt: null },
  ...changed,
});
const secondsAgo = (seconds: number) => new Date(Date.now() - seconds * 1_000);

test.each<[string, AccessFacts | null, RegExp | null]>([
  ['no token so far', null, null],
  ['access that works', facts({}), null],
  [
    'a refresh token that is refused',
    facts({ refusedSince: secondsAgo(60), refusedCode: 'invalid_grant' }),
    /auth login/,
  ],
  [
    'access tokens of which Podium accepts none',
    facts({ tokensRejectedAt: secondsAgo(60) }),
    /rejects each of them/,
  ],
  ['access tokens that were rejected some time ago', facts({ tokensRejectedAt: secondsAgo(600) }), null],
])('%s', async (_, access, complaint) => {
  if (complaint) expect(() => complainAboutAccess(access)).toThrow(complaint);
  else complainAboutAccess(access);
  const registry = new Registry();
  addAccessMetrics(registry, () => Promise.resolve(access));
  const works = access === null || complaint ? '0' : '1';
  const shown = await registry.metrics();
  expect(shown).toContain(`podium_webchat_podium_access ${works}`);
  expect(shown).toContain(`podium_webchat_podium_token_grants ${access === null ? '0' : '1'}`);
});

test('nobody knows while the database is away', async () => {
  const registry = new Registry();
  addAccessMetrics(registry, () => Promise.reject(new Error('away')));
  const shown = await registry.metrics();
  expect(shown).toContain('podium_webchat_podium_access Nan');
  expect(shown).toContain('podium_webchat_podium_token_grants Nan');
});
