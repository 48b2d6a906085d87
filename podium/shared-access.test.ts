/** Several processes, each with its own pool on one Postgres, and one Podium: who asks it for a token, and how often. */
import { randomBytes } from 'node:crypto';
import pino from 'pino';
import type { Pool } from '../store/database';
import { storedTokens } from '../store/podium-tokens';
import { createTestDatabase, patientPool, type TestDatabase } from '../test/support/database';
import { startSmallServer, type SmallServer } from '../test/support/small-server';
import { TokenEndpoint } from '../test/support/token-endpoint';
import { createAccessTokens, type AccessTokens } from './access-token';

const PROCESSES = 4;
const CALLS = 10;
const END = 'GET /v4/contacts/{id}';
const keys = [{ id: 'k1', secret: randomBytes(32) }];

let db: TestDatabase;
let server: SmallServer;
let endpoint: TokenEndpoint;
let pools: Pool[];
/** What each process has logged at level info and above. */
let logs: string[][];
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  endpoint = new TokenEndpoint();
  endpoint.rotates = true; // so that a second one at the same time would be found out
  server = await startSmallServer((request, response) => endpoint.answer(request, response));
  pools = Array.from({ length: PROCESSES }, () => patientPool(db.url, { max: 3 }));
  logs = pools.map(() => []);
});
afterEach(async () => {
  jest.useRealTimers();
  await Promise.all(pools.map((pool) => pool.end()));
  await server.close();
  await db.pool.query('truncate podium_tokens');
});

const processes = (refreshToken: string | null = 'refresh-1'): AccessTokens[] =>
  pools.map((pool, n) =>
    createAccessTokens({
      tokenUrl: `${server.url}/oauth/token`,
      clientId: 'client',
      clientSecret: 'secret',
      refreshToken,
      store: storedTokens(pool, keys),
      timeoutMs: 30_000,
      logger: pino({ level: 'info' }, { write: (line) => void logs[n]!.push(line) }),
    }),
  );

/** Every process makes many calls at once. @returns what each of them got, without repetition */
async function allAtOnce(
  all: AccessTokens[],
  call: (tokens: AccessTokens) => Promise<string | null>,
): Promise<(string | null)[]> {
  const calls = all.flatMap((tokens) => Array.from({ length: CALLS }, () => call(tokens)));
  return [...new Set(await Promise.all(calls))];
}

const onlyDateFaked = () =>
  jest.useFakeTimers({
    doNotFake: [
      ...(['nextTick', 'setImmediate', 'clearImmediate', 'setTimeout', 'clearTimeout'] as const),
      ...(['setInterval', 'clearInterval', 'queueMicrotask', 'hrtime', 'performance'] as const),
    ],
  });

it('asks Podium once for each expiry, however many processes and calls meet it', async () => {
  const all = processes();
  expect(await allAtOnce(all, (tokens) => tokens.current())).toEqual(['access-1']);
  for (let n = 1; n <= 5; n += 1) {
    all.forEach((tokens) => tokens.accepted(`access-${n}`, END));
    expect(await allAtOnce(all, (tokens) => tokens.renewed(`access-${n}`, END))).toEqual([`access-${n + 1}`]);
  }
  expect(server.requests).toHaveLength(6);
});

it('asks Podium once when the end of the token is merely near', async () => {
  onlyDateFaked();
  const all = processes();
  await allAtOnce(all, (tokens) => tokens.current());
  jest.setSystemTime(Date.now() + 36_000_000 - 200_000);
  const renewed = async () => {
    const tokens = await allAtOnce(all, (each) => each.current());
    if (tokens.includes('access-1')) jest.setSystemTime(Date.now() + 10_000);
    return !tokens.includes('access-1');
  };
  while (!(await renewed())) await new Promise(setImmediate);
  expect(server.requests).toHaveLength(2);
});

it('uses what another process was given without asking Podium, also after a restart', async () => {
  const [first] = processes();
  await first!.current();
  const [, second] = processes(null);
  expect(await second!.current()).toBe('access-1');
  expect(server.requests).toHaveLength(1);
});

it('says that Podium does not answer when another process waits for it too long', async () => {
  const asked = new Promise<() => void>((resolve) => {
    const { answer } = endpoint;
    endpoint.answer = (request, response) => resolve(() => answer(request, response));
  });
  const [first] = processes();
  const impatient = patientPool(db.url, { statementTimeoutMs: 1_000 });
  pools.push(impatient);
  logs.push([]);
  const token = first!.current();
  const podiumAnswers = await asked;
  const waiting = processes().at(-1)!.current();
  await expect(waiting).rejects.toMatchObject({
    kind: 'unreachable',
    message: expect.stringContaining('Another process'),
    details: { mayHaveHappened: false },
  });
  podiumAnswers();
  expect(await token).toBe('access-1');
  expect(await processes().at(-1)!.current()).toBe('access-1');
});

it('uses no token before it is stored', async () => {
  const [tokens, other] = processes();
  await db.pool.query(`
    create function refuse() returns trigger language plpgsql as $$ begin raise exception 'the disk is full'; end $$;
    create trigger refuse before insert or update on podium_tokens execute function refuse()`);
  try {
    await expect(tokens!.current()).rejects.toThrow('the disk is full');
  } finally {
    await db.pool.query('drop trigger refuse on podium_tokens; drop function refuse');
  }
  expect(await tokens!.current()).toBe('access-1');
  expect(await other!.current()).toBe('access-1');
  expect(server.requests).toHaveLength(1);
});

describe('access that Podium has revoked', () => {
  const refusals = async (all: AccessTokens[]) =>
    (
      await Promise.allSettled(all.flatMap((tokens) => Array.from({ length: CALLS }, () => tokens.current())))
    ).map(({ status }) => status);
  const nobody = Array(PROCESSES * CALLS).fill('rejected');

  it('is asked for once a minute by all of them together', async () => {
    onlyDateFaked();
    endpoint.good = 'revoked';
    const all = processes();
    for (let n = 0; n < 3; n += 1) expect(await refusals(all)).toEqual(nobody);
    expect(server.requests).toHaveLength(1);
    jest.setSystemTime(Date.now() + 60_001);
    for (let n = 0; n < 3; n += 1) expect(await refusals(all)).toEqual(nobody);
    expect(server.requests).toHaveLength(2);
  });

  it('is back at once for all of them when one is told a new refresh token', async () => {
    endpoint.good = 'fresh';
    const all = processes();
    expect(await refusals(all)).toEqual(nobody);
    expect(await processes('fresh')[0]!.current()).toBe('access-1');
    expect(await allAtOnce(all, (tokens) => tokens.current())).toEqual(['access-1']);
    expect(server.requests).toHaveLength(2);
  });

  it('is told once by each process when it goes, and once when it is back', async () => {
    endpoint.good = 'fresh';
    const all = processes();
    for (let n = 0; n < 3; n += 1) await refusals(all);
    await storedTokens(db.pool, keys).saveGrant(
      {
        access: { token: 'by login', issuedAt: new Date(), expiresAt: new Date(Date.now() + 3_600_000) },
        refreshToken: 'fresh',
        scopes: null,
      },
      0,
    );
    for (let n = 0; n < 3; n += 1) await allAtOnce(all, (tokens) => tokens.current());
    for (const lines of logs) {
      expect(lines).toHaveLength(2);
      expect(lines[0]).toContain('podium-webchat auth login');
      expect(lines[1]).toContain('Podium accepts our access again');
    }
  });
});
