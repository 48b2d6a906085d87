import { podiumCaller, refresh } from '../../test/support/podium-caller';
import { credentials, startSimulator } from '../../test/support/simulator';

const BACK = 'https://shop.example.com/callback';

let simulator: Awaited<ReturnType<typeof startSimulator>>;
beforeEach(async () => {
  simulator = await startSimulator();
});
afterEach(() => simulator.stop());

const authorize = (changes: Record<string, string> = {}) => {
  const query = new URLSearchParams({
    ...{ response_type: 'code', client_id: credentials.clientId, redirect_uri: BACK },
    ...{ scope: 'read_messages', state: 'ours' },
    ...changes,
  });
  return fetch(`${simulator.url}/oauth/authorize?${query.toString()}`, { redirect: 'manual' });
};

const exchange = async (code: string, redirectUri = BACK) => {
  const response = await fetch(`${simulator.url}/oauth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      ...{ grant_type: 'authorization_code', code, redirect_uri: redirectUri },
      ...{ client_id: credentials.clientId, client_secret: credentials.clientSecret },
    }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, string> };
};

const codeOf = async () => new URL((await authorize()).headers.get('location')!).searchParams.get('code')!;

test('a user who agrees is sent back with a code that is good once, for the same address', async () => {
  const answer = await authorize();
  const back = new URL(answer.headers.get('location')!);
  expect({
    status: answer.status,
    at: back.origin + back.pathname,
    state: back.searchParams.get('state'),
  }).toEqual({ status: 302, at: BACK, state: 'ours' });
  const code = back.searchParams.get('code')!;
  const given = await exchange(code);
  expect(given).toMatchObject({ status: 200, body: { access_token: expect.any(String) } });
  expect(given.body['refresh_token']).not.toBe(credentials.refreshToken);
  expect((await exchange(code)).status).toBe(400);
  expect((await exchange(await codeOf(), 'https://elsewhere.example.com')).status).toBe(400);
  expect(await simulator.tokens()).toMatchObject({ grants: { authorization_code: 1, refused: 2 } });
});

test('a user who does not agree is sent back without one', async () => {
  await simulator.set({ authorization_denied: true });
  const back = new URL((await authorize()).headers.get('location')!);
  expect([back.searchParams.get('error'), back.searchParams.get('code')]).toEqual(['access_denied', null]);
});

test.each([{ redirect_uri: 'http://shop.example.com/callback' }, { client_id: 'another' }, { scope: '' }])(
  'nobody is sent anywhere with %p',
  async (changes) => {
    expect((await authorize(changes)).status).toBe(400);
  },
);

test('revoked access is back with the next authorization, and only with it', async () => {
  const podium = await podiumCaller(simulator.url);
  await simulator.revokeAccess();
  expect((await podium('GET', '/v4/locations')).status).toBe(401);
  expect(await refresh(simulator.url)).toMatchObject({ status: 400, body: { code: 'invalid_grant' } });
  const { body } = await exchange(await codeOf());
  expect((await refresh(simulator.url, body['refresh_token'])).status).toBe(200);
});

test('tokens live and change as they are told to, and name their scopes if they are', async () => {
  await simulator.set({ rotate_refresh_tokens: true, access_token_seconds: 0.05, scopes_told: true });
  const first = await refresh(simulator.url);
  expect(first.body).toMatchObject({ expires_in: 0.05, scope: expect.stringContaining('read_contacts') });
  expect((await refresh(simulator.url)).status).toBe(400);
  expect((await refresh(simulator.url, first.body.refresh_token)).status).toBe(200);
});

test('a call whose scope was not granted is answered 403', async () => {
  const podium = await podiumCaller(simulator.url);
  await simulator.set({ granted_scopes: ['read_messages'] });
  expect(await podium('GET', '/v4/locations')).toMatchObject({ status: 403, body: { code: 'unauthorized' } });
  expect((await podium('GET', '/v4/conversations')).status).toBe(200);
  expect((await podium('POST', '/v4/messages', {})).status).toBe(403);
  expect((await podium('GET', '/v4/webhooks')).status).toBe(200);
});
