import { podiumCaller, refresh, type PodiumCaller } from '../../test/support/podium-caller';
import { startSimulator } from '../../test/support/simulator';

let simulator: Awaited<ReturnType<typeof startSimulator>>;
let podium: PodiumCaller;

beforeEach(async () => {
  simulator = await startSimulator();
  podium = await podiumCaller(simulator.url);
});
afterEach(() => simulator.stop());

test('a call without a living access token is answered 401', async () => {
  expect(await podium('GET', '/v4/locations', undefined, { authorization: '' })).toMatchObject({
    status: 401,
    body: { code: 'unauthenticated', message: expect.any(String), moreInfo: expect.any(String) },
  });
  expect((await podium('GET', '/v4/locations')).status).toBe(200);
  await simulator.expireTokens();
  expect((await podium('GET', '/v4/locations')).status).toBe(401);
});

test('a call without the version header is answered 400', async () => {
  expect(await podium('GET', '/v4/locations', undefined, { 'podium-version': '' })).toMatchObject({
    status: 400,
    body: { code: 'invalid_header_version' },
  });
});

test('a route of the other contract does not exist', async () => {
  const skillOnly = await podium('POST', '/v4/conversations/x/close');
  expect(skillOnly).toMatchObject({ status: 404, body: { code: 'route_not_found' } });

  await simulator.set({ contract: 'skill' });
  expect(await podium('POST', '/v4/messages', {})).toMatchObject({
    status: 404,
    body: { code: 'route_not_found' },
  });
  expect((await podium('POST', '/v4/conversations/x/close')).body.code).toBe('resource_not_found');
});

test('the published refresh token stays the same; the access token lives ten hours', async () => {
  const first = await refresh(simulator.url);
  expect(first.body).toMatchObject({
    token_type: 'bearer',
    expires_in: 36_000,
    refresh_token: 'test-refresh',
  });
  expect((await refresh(simulator.url)).status).toBe(200);
});

test('with the skill contract a refresh token is good once', async () => {
  await simulator.set({ contract: 'skill' });
  const first = await refresh(simulator.url);
  expect(await refresh(simulator.url)).toMatchObject({ status: 400, body: { code: 'invalid_grant' } });
  expect((await refresh(simulator.url, first.body.refresh_token)).status).toBe(200);
});

test('a token can be had with a form, too', async () => {
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: 'test-client',
    client_secret: 'test-secret',
    refresh_token: 'test-refresh',
  });
  expect((await fetch(`${simulator.url}/oauth/token`, { method: 'POST', body })).status).toBe(200);
});

test('calls above the limit are answered 429 and told when to come back', async () => {
  await simulator.set({ ratelimit_per_minute: 2 });
  expect((await podium('GET', '/v4/locations')).headers.get('ratelimit-remaining')).toBe('1');
  expect((await podium('GET', '/v4/locations')).status).toBe(200);

  const refused = await podium('GET', '/v4/locations');
  expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limit' } });
  expect(Number(refused.headers.get('ratelimit-reset'))).toBeGreaterThan(50);
  expect(refused.headers.get('retry-after')).toBeNull();

  await simulator.set({ contract: 'skill' });
  const skill = await podium('GET', '/v4/locations');
  expect(skill).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
  expect(skill.headers.get('retry-after')).toBe(skill.headers.get('ratelimit-reset'));

  await simulator.set({ ratelimit_per_minute: null });
  expect((await podium('GET', '/v4/locations')).status).toBe(200);
});

test('every call is in the log as it came, without secrets', async () => {
  await podium('POST', '/v4/contacts?x=1', { name: 'Jane' });
  const [token, contact] = await simulator.calls();
  expect(token).toMatchObject({ n: 1, path: '/oauth/token', body: { refresh_token: '(hidden)' } });
  expect(JSON.stringify(token)).not.toContain('test-secret');
  expect(contact).toMatchObject({
    ...{ n: 2, method: 'POST', path: '/v4/contacts', query: { x: '1' } },
    ...{ body: { name: 'Jane' }, status: 400 },
  });
  expect(await simulator.calls(2)).toEqual([]);
});
