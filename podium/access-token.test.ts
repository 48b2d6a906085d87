import type { ServerResponse } from 'node:http';
import pino from 'pino';
import { MemoryTokens } from '../test/support/memory-tokens';
import { eventually } from '../test/support/eventually';
import { json, startSmallServer, type SmallServer } from '../test/support/small-server';
import { TokenEndpoint } from '../test/support/token-endpoint';
import { createAccessTokens, type TokenStore } from './access-token';
import { PodiumError } from './api';

const logger = pino({ level: 'silent' });

let server: SmallServer;
let endpoint: TokenEndpoint;
beforeEach(async () => {
  endpoint = new TokenEndpoint();
  server = await startSmallServer((request, response) => endpoint.answer(request, response));
});
afterEach(async () => {
  jest.useRealTimers();
  await server.close();
});

const create = (store: TokenStore = new MemoryTokens(), refreshToken: string | null = 'refresh-1') =>
  createAccessTokens({
    tokenUrl: `${server.url}/oauth/token`,
    clientId: 'client',
    clientSecret: 'secret',
    refreshToken,
    store,
    timeoutMs: 30_000,
    logger,
  });

const END = 'GET /v4/contacts/{id}';

const kindOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'fine',
    (error: unknown) => (error instanceof PodiumError ? error.kind : error),
  );

describe('an access token', () => {
  it("is asked for with the environment's refresh token the first time, and then held", async () => {
    const tokens = create();
    expect([await tokens.current(), await tokens.current()]).toEqual(['access-1', 'access-1']);
    expect(server.requests.map(({ body }) => body)).toEqual([
      {
        grant_type: 'refresh_token',
        client_id: 'client',
        client_secret: 'secret',
        refresh_token: 'refresh-1',
      },
    ]);
  });

  it('is asked for once, however many calls want it', async () => {
    const tokens = create();
    const asked = Array.from({ length: 20 }, () => tokens.current());
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['access-1']));
    const renewed = Array.from({ length: 20 }, () => tokens.renewed('access-1', END));
    expect(new Set(await Promise.all(renewed))).toEqual(new Set(['access-2']));
    expect(endpoint.uses).toBe(2);
  });

  it('is not renewed for a call that was rejected with the one before', async () => {
    const tokens = create();
    await tokens.current();
    await tokens.renewed('access-1', END);
    expect(await tokens.renewed('access-1', END)).toBe('access-2');
    expect(endpoint.uses).toBe(2);
  });

  it('is renewed early and aside: the call at hand takes the one that is still good', async () => {
    jest.useFakeTimers({
      doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'clearTimeout', 'queueMicrotask'],
    });
    const tokens = create();
    await tokens.current();
    jest.setSystemTime(Date.now() + 36_000_000 - 200_000);
    expect(await tokens.current()).toBe('access-1');
    await eventually('the new token', async () => (await tokens.current()) === 'access-2');
    expect(endpoint.uses).toBe(2);
  });

  it('survives an early renewal that fails, and is not used past its end', async () => {
    jest.useFakeTimers({
      doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'clearTimeout', 'queueMicrotask'],
    });
    const tokens = create();
    await tokens.current();
    endpoint.answer = (_, response) => json(response, 503, {});
    jest.setSystemTime(Date.now() + 36_000_000 - 200_000);
    expect(await tokens.current()).toBe('access-1');
    expect(await kindOf(tokens.renewed('access-1', END))).toBe('server');
    jest.setSystemTime(Date.now() + 200_000);
    expect(await kindOf(tokens.current())).toBe('server');
  });

  it.each([undefined, null, 'soon', -1])(
    'without a usable life (%s) is taken to last an hour',
    async (expiresIn) => {
      jest.useFakeTimers({
        doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'clearTimeout', 'queueMicrotask'],
      });
      endpoint.expiresIn = expiresIn;
      const tokens = create();
      await tokens.current();
      jest.setSystemTime(Date.now() + 3_500_000);
      expect(await tokens.current()).toBe('access-1');
      jest.setSystemTime(Date.now() + 200_000);
      expect(await tokens.current()).toBe('access-2');
    },
  );
});

describe('an endpoint that rejects what others accept', () => {
  const OTHER = 'GET /v4/locations';

  it('has one token renewed, and then none for a while; another one has its own', async () => {
    jest.useFakeTimers({
      doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'clearTimeout', 'queueMicrotask'],
    });
    const tokens = create();
    const call = async () => {
      tokens.accepted(await tokens.current(), OTHER);
      return tokens.renewed(await tokens.current(), END);
    };
    expect(await call()).toBe('access-2');
    for (let n = 0; n < 10; n += 1) expect(await call()).toBeNull();
    expect(await tokens.renewed('access-2', OTHER)).toBe('access-3');
    expect(await call()).toBeNull();
    jest.setSystemTime(Date.now() + 600_001);
    expect([await call(), await call()]).toEqual(['access-4', null]);
  });

  it('is told a token that another process was given meanwhile', async () => {
    const store = new MemoryTokens();
    const [tokens, others] = [create(store), create(store)];
    const token = await tokens.current();
    await tokens.renewed(token, END);
    tokens.accepted('access-2', OTHER);
    await others.renewed('access-2', OTHER);
    expect(await tokens.renewed('access-2', END)).toBe('access-3');
  });

  it('is not that when the token ends that it has accepted', async () => {
    const tokens = create();
    for (let n = 1; n <= 10; n += 1) {
      const token = await tokens.current();
      tokens.accepted(token, OTHER);
      tokens.accepted(token, END);
      expect(await tokens.renewed(token, END)).toBe(`access-${n + 1}`);
    }
  });
});

describe('a token for a call that must not wait', () => {
  it('is renewed first when it would end too soon', async () => {
    jest.useFakeTimers({
      doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'clearTimeout', 'queueMicrotask'],
    });
    const tokens = create();
    await tokens.current();
    jest.setSystemTime(Date.now() + 36_000_000 - 14_000);
    expect(await tokens.current(15_000)).toBe('access-2');
  });

  it('of a life shorter than that is not renewed for every call', async () => {
    endpoint.expiresIn = 10;
    const tokens = create();
    expect([await tokens.current(15_000), await tokens.current(15_000)]).toEqual(['access-1', 'access-1']);
  });
});

describe('a refresh token', () => {
  it('is stored when a new one comes, and used from then on', async () => {
    endpoint.rotates = true;
    const store = new MemoryTokens();
    await create(store).current();
    await create(store).renewed('access-1', END);
    expect(store.refreshTokens).toEqual(['refresh-2', 'refresh-3']);
  });

  it('is not stored when none comes, or the same one', async () => {
    const store = new MemoryTokens();
    await create(store).current();
    endpoint.answer = (_, response) => json(response, 200, { access_token: 'a', refresh_token: 'refresh-1' });
    await create(store).renewed('access-1', END);
    expect(store.refreshTokens).toEqual([]);
  });

  it('of the environment counts again when the stored one is refused, and takes its place', async () => {
    endpoint.good = 'fresh';
    const store = new MemoryTokens('revoked');
    expect(await create(store, 'fresh').current()).toBe('access-1');
    expect(store.state.refreshToken).toBe('fresh');
  });
});

describe('tokens that the store does not take', () => {
  it('are not used, and not lost: they are stored with the next call, or by themselves', async () => {
    endpoint.rotates = true;
    const store = new MemoryTokens();
    const { saveGrant } = store;
    store.saveGrant = () => Promise.reject(new Error('the database is away'));
    const tokens = create(store);
    await expect(tokens.current()).rejects.toThrow('the database is away');
    await expect(tokens.current()).rejects.toThrow('the database is away');
    expect(endpoint.uses).toBe(1);

    store.saveGrant = saveGrant;
    expect(await tokens.current()).toBe('access-1');
    expect(store.state.refreshToken).toBe('refresh-2');

    store.saveGrant = () => Promise.reject(new Error('the database is away'));
    await expect(tokens.renewed('access-1', END)).rejects.toThrow('the database is away');
    store.saveGrant = saveGrant;
    await eventually('the store to have them', () => store.state.refreshToken === 'refresh-3');
    expect(await tokens.renewed('access-1', END)).toBe('access-2');
    expect(endpoint.uses).toBe(2);
  });

  it('are offered to it until it is back, also when it can give no lock', async () => {
    endpoint.rotates = true;
    const store = new MemoryTokens();
    const { saveGrant } = store;
    let locks = 0;
    store.saveGrant = () => {
      store.exclusively = () => Promise.reject(new Error(`the database is away, for the ${++locks}. time`));
      return Promise.reject(new Error('the database is away'));
    };
    await expect(create(store).current()).rejects.toThrow('the database is away');
    await eventually('two more offers', () => locks >= 2);
    store.saveGrant = saveGrant;
    store.exclusively = (work) => work();
    await eventually('the store to have them', () => store.state.refreshToken === 'refresh-2');
    expect(endpoint.uses).toBe(1);
  });

  it('give way to newer ones of another process', async () => {
    const store = new MemoryTokens();
    store.exclusively = (work) => work(); // the lock is lost with its connection
    const answer = endpoint.answer;
    endpoint.answer = (request, response) => {
      endpoint.answer = answer;
      void create(store)
        .current()
        .then(() => answer(request, response));
    };
    expect(await create(store).current()).toBe(store.state.access!.token);
    expect(store.state.grants).toBe(1);
  });
});

describe('access that is refused', () => {
  it('is none when another process has used the refresh token up: its tokens are taken', async () => {
    endpoint.rotates = true;
    const store = new MemoryTokens();
    store.exclusively = (work) => work(); // the lock is lost with its connection
    const answer = endpoint.answer;
    endpoint.answer = (request, response) => {
      endpoint.answer = answer;
      void create(store)
        .current()
        .then(() => answer(request, response));
    };
    expect(await create(store).current()).toBe('access-1');
    expect(store.state).toMatchObject({ refreshToken: 'refresh-2', refusedCode: null, pausedUntil: null });
  });

  it('ends in one clear error, which tells no token', async () => {
    const error = (await create(new MemoryTokens('revoked'), 'revoked-too')
      .current()
      .catch((caught: unknown) => caught)) as PodiumError;
    expect(error.kind).toBe('unauthenticated');
    expect(error.message).toContain('PODIUM_REFRESH_TOKEN');
    expect(error.message).not.toContain('revoked');
    expect(server.requests).toHaveLength(2);
  });

  it('is named when it is the application that Podium does not know', async () => {
    endpoint.answer = (_, response) => json(response, 401, { error: 'invalid_client' });
    await expect(create().current()).rejects.toThrow('PODIUM_CLIENT_ID');
  });

  it('is told when there is no refresh token at all, and nothing is asked', async () => {
    expect(await kindOf(create(new MemoryTokens(), null).current())).toBe('unauthenticated');
    expect(server.requests).toEqual([]);
  });

  it('does not take a good access token away', async () => {
    jest.useFakeTimers({
      doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'clearTimeout', 'queueMicrotask'],
    });
    const store = new MemoryTokens();
    const tokens = create(store);
    await tokens.current();
    endpoint.good = 'another';
    jest.setSystemTime(Date.now() + 36_000_000 - 200_000);
    await tokens.current();
    await eventually('the refusal', () => store.state.refusedCode);
    expect(await tokens.current()).toBe('access-1');
  });

  it('takes a rejected access token along: no call is made with it, until there is another one', async () => {
    jest.useFakeTimers({
      doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'clearTimeout', 'queueMicrotask'],
    });
    const tokens = create();
    await tokens.current();
    endpoint.good = 'another';
    expect(await kindOf(tokens.renewed('access-1', END))).toBe('unauthenticated');
    for (let n = 0; n < 5; n += 1) expect(await kindOf(tokens.current())).toBe('unauthenticated');
    expect(server.requests).toHaveLength(2);
    endpoint.good = 'refresh-1';
    jest.setSystemTime(Date.now() + 60_001);
    expect([await tokens.current(), await tokens.current()]).toEqual(['access-2', 'access-2']);
  });

  it('is assumed for a minute when each new access token is rejected, and not when one was accepted', async () => {
    const store = new MemoryTokens();
    const tokens = create(store);
    let token: string | null = await tokens.current();
    for (let n = 0; n < 10; n += 1) {
      tokens.accepted(token!, END);
      token = await tokens.renewed(token!, END);
    }
    token = await tokens.renewed((await tokens.renewed(token!, END))!, END);
    expect(await kindOf(tokens.renewed(token!, END))).toBe('throttled');
    expect(store.state.pausedUntil!.getTime()).toBeGreaterThan(Date.now() + 50_000);
  });
});

describe('a token endpoint in trouble', () => {
  it.each<[string, string, (response: ServerResponse) => void]>([
    ['broken', 'server', (response) => response.writeHead(500).end('oops')],
    ['a captive portal', 'unreachable', (response) => response.writeHead(200).end('<html>')],
    ['an answer without a token', 'unreachable', (response) => json(response, 200, { expires_in: 10 })],
    ['not there', 'unreachable', (response) => json(response, 404, { code: 'resource_not_found' })],
    ['opted out', 'unreachable', (response) => json(response, 451, { code: 'contact_opted_out' })],
    ['elsewhere', 'unreachable', (response) => response.writeHead(302, { location: '/' }).end()],
    ['reset', 'unreachable', (response) => response.socket!.resetAndDestroy()],
  ])('says so, and is asked again by the next call: %s', async (_, kind, answer) => {
    const kindly = endpoint.answer;
    endpoint.answer = (__, response) => answer(response);
    const tokens = create();
    expect(await kindOf(tokens.current())).toBe(kind);
    endpoint.answer = kindly;
    expect(await tokens.current()).toBe('access-1');
  });

  it('that has had enough is left alone by everybody for as long as it wants', async () => {
    jest.useFakeTimers({
      doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'clearTimeout', 'queueMicrotask'],
    });
    const store = new MemoryTokens();
    const kindly = endpoint.answer;
    endpoint.answer = (_, response) => json(response, 429, {}, { 'retry-after': '5' });
    expect(await kindOf(create(store).current())).toBe('throttled');
    endpoint.answer = kindly;
    const error = (await create(store)
      .current()
      .catch((caught: unknown) => caught)) as PodiumError;
    expect(error).toMatchObject({ kind: 'throttled', details: { retryAfterMs: expect.any(Number) } });
    expect(server.requests).toHaveLength(1);
    jest.setSystemTime(Date.now() + 5_000);
    expect(await create(store).current()).toBe('access-1');
  });
});
