import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { storedTokens, type StoredTokens } from '../store/podium-tokens';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { credentials, startSimulator } from '../test/support/simulator';
import { authorize, type AuthorizationWish } from './authorize';

let db: TestDatabase;
let simulator: Awaited<ReturnType<typeof startSimulator>>;
let tokens: StoredTokens;
beforeAll(async () => {
  db = await createTestDatabase();
  simulator = await startSimulator();
  tokens = storedTokens(db.pool, [{ id: 'k1', secret: randomBytes(32) }]);
});
afterAll(async () => {
  await simulator.stop();
  await db.drop();
});
afterEach(() => db.pool.query('truncate podium_tokens'));

const login = (wish: Partial<AuthorizationWish>) =>
  authorize({
    client: { tokenUrl: `${simulator.url}/oauth/token`, ...credentials, timeoutMs: 5_000 },
    authorizeUrl: `${simulator.url}/oauth/authorize`,
    ...{ tokens, actor: 'ann', port: 0, redirectUri: null, timeoutMs: 20_000 },
    onReady: ({ url }) => void fetch(url),
    pasted: async function* () {},
    ...wish,
  });

it('leaves no connection open: that of a browser which never asked anything would keep the program', async () => {
  let closed: Promise<unknown> | undefined;
  await login({
    onReady: ({ url, redirectUri }) => {
      const spare = connect(Number(new URL(redirectUri).port), '127.0.0.1', () => void fetch(url));
      spare.on('error', () => undefined);
      closed = once(spare, 'close');
    },
  });
  await closed;
});

it('does not call it done when other tokens were stored meanwhile, and leaves those', async () => {
  const others = {
    token: 'of another process',
    issuedAt: new Date(),
    expiresAt: new Date(Date.now() + 60_000),
  };
  const overtaken: StoredTokens = {
    ...tokens,
    load: async () => {
      const state = await tokens.load();
      await tokens.saveGrant({ access: others, refreshToken: 'refresh', scopes: null }, state.grants);
      return state;
    },
  };
  await expect(login({ tokens: overtaken })).rejects.toThrow('not kept');
  expect((await tokens.load()).access?.token).toBe('of another process');
});
