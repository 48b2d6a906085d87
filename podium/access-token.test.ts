import type { ServerResponse } from 'node:http';
import pino from 'pino';
import { json, startSmallServer, type SeenRequest, type SmallServer } from '../test/support/small-server';
import { createAccessTokens, type RefreshTokenStore } from './access-token';
import { PodiumError } from './api';

const logger = pino({ level: 'silent' });

/** A store in memory; the tests of the real one are where it is. */
class MemoryStore implements RefreshTokenStore {
  saves: string[] = [];
  private queue: Promise<unknown> = Promise.resolve();
  constructor(public token: string | null = null) {}
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.queue.then(work);
    this.queue = result.catch(() => undefined);
    return result;
  }
  load = async () => this.token;
  save = async (token: string) => {
    this.saves.push(token);
    this.token = token;
  };
}

/** Podium's token endpoint: one refresh token is good, and each use replaces it when `rotates`. */
class TokenEndpoint {
  good = 'refresh-1';
  rotates = false;
  uses = 0;
  expiresIn: unknown = 36_000;
  answer = (request: SeenRequest, response: ServerResponse) => {
    if ((request.body as { refresh_token: string }).refresh_token !== this.good) {
      return json(response, 400, { error: 'invalid_grant' });
    }
    this.uses += 1;
    if (this.rotates) this.good = `refresh-${this.uses + 1}`;
    const grant = { access_token: `access-${this.uses}`, token_type: 'bearer', expires_in: this.expiresIn };
    json(response, 200, this.rotates ? { ...grant, refresh_token: this.good } : grant);
  };
}

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

const create = (store: RefreshTokenStore = new MemoryStore(), refreshToken = 'refresh-1') =>
  createAccessTokens({
    tokenUrl: `${server.url}/oauth/token`,
    clientId: 'client',
    clientSecret: 'secret',
    refreshToken,
    store,
    timeoutMs: 1_000,
    logger,
  });

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
    const renewed = Array.from({ length: 20 }, () => tokens.renewed('access-1'));
    expect(new Set(await Promise.all(renewed))).toEqual(new Set(['access-2']));
    expect(endpoint.uses).toBe(2);
  });

  it('is not renewed for a call that was rejected with the one before', async () => {
    const tokens = create();
    await tokens.current();
    await tokens.renewed('access-1');
    expect(await tokens.renewed('access-1')).toBe('access-2');
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
    expect(await tokens.renewed('access-1')).toBe('access-2'); // joins the renewal under way
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
    expect(await kindOf(tokens.renewed('access-1'))).toBe('server');
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

describe('a refresh token', () => {
  it('is stored when a new one comes, and used from then on', async () => {
    endpoint.rotates = true;
    const store = new MemoryStore();
    await create(store).current();
    await create(store).current();
    expect(store.saves).toEqual(['refresh-2', 'refresh-3']);
  });

  it('is not stored when none comes, or the same one', async () => {
    const store = new MemoryStore();
    await create(store).current();
    endpoint.answer = (_, response) => json(response, 200, { access_token: 'a', refresh_token: 'refresh-1' });
    await create(store).current();
    expect(store.saves).toEqual([]);
  });

  it('of the environment counts again when the stored one is refused: an operator has authorized anew', async () => {
    endpoint.good = 'fresh';
    expect(await create(new MemoryStore('revoked'), 'fresh').current()).toBe('access-1');
  });

  it('is shared by processes that renew at the same moment', async () => {
    endpoint.rotates = true;
    const store = new MemoryStore();
    const processes = [create(store), create(store), create(store)];
    const all = await Promise.all(processes.map((tokens) => tokens.current()));
    expect(all.sort()).toEqual(['access-1', 'access-2', 'access-3']);
    expect(store.token).toBe('refresh-4');
  });

  it('that could not be stored is used all the same, and stored with the next call', async () => {
    endpoint.rotates = true;
    const store = new MemoryStore();
    const save = store.save;
    store.save = async () => Promise.reject(new Error('the database is away'));
    const tokens = create(store);
    expect(await tokens.current()).toBe('access-1');
    store.save = save;
    expect(await tokens.renewed('access-1')).toBe('access-2');
    expect(store.saves).toEqual(['refresh-3']);

    store.save = async () => Promise.reject(new Error('the database is away'));
    await tokens.renewed('access-2');
    store.save = save;
    await tokens.current();
    expect(store.token).toBe('refresh-4');
  });

  it('that nobody accepts ends in one clear error', async () => {
    const error = (await create(new MemoryStore('revoked'), 'revoked-too')
      .current()
      .catch((caught: unknown) => caught)) as PodiumError;
    expect(error.kind).toBe('unauthenticated');
    expect(error.message).toContain('PODIUM_REFRESH_TOKEN');
    expect(error.message).not.toContain('revoked');
    expect(server.requests).toHaveLength(2);
  });
});

describe('a token endpoint in trouble', () => {
  it.each<[string, string, (response: ServerResponse) => void]>([
    ['throttled', 'throttled', (response) => json(response, 429, {}, { 'retry-after': '5' })],
    ['broken', 'server', (response) => response.writeHead(500).end('oops')],
    ['a captive portal', 'invalid', (response) => response.writeHead(200).end('<html>')],
    ['an answer without a token', 'invalid', (response) => json(response, 200, { expires_in: 10 })],
    ['reset', 'unreachable', (response) => response.socket!.resetAndDestroy()],
  ])('says so, and is asked again by the next call: %s', async (_, kind, answer) => {
    const kindly = endpoint.answer;
    endpoint.answer = (__, response) => answer(response);
    const tokens = create();
    expect(await kindOf(tokens.current())).toBe(kind);
    endpoint.answer = kindly;
    expect(await tokens.current()).toBe('access-1');
  });
});
