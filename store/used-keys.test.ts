import type { KeysOfEnvironment } from '../core/used-keys';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { laterLine } from '../test/support/later-line';
import { createPool, type Pool } from './database';
import { storedTokens } from './podium-tokens';
import { useKeys } from './used-keys';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
afterEach(() => db.pool.query('truncate used_keys, podium_tokens'));

const key = (id: string, byte: number) => ({ id, secret: Buffer.alloc(32, byte) });
const [K1, K2] = [key('k1', 1), key('k2', 2)];
const ID_KEY = 'an-id-key-of-some-length';
const never = {
  onForeign: (problems: string[]): void => {
    throw new Error(problems.join());
  },
  signal: new AbortController().signal,
};
const start = (keys: Partial<KeysOfEnvironment> = {}, pool: Pool = db.pool, later = never) =>
  useKeys(pool, { idKeys: [ID_KEY], encryptionKeys: [K1], suppressionKeys: [], ...keys }, later);
const noted = async () =>
  (
    await db.pool.query<{ key: string }>(
      `select key_id || case when in_front_since is null then ' behind' else '' end as key
         from used_keys where purpose = 'encryption' order by key_id`,
    )
  ).rows.map(({ key }) => key);

it('lets the first ones start, and after them those with the same keys alone', async () => {
  expect(await start()).toEqual([]);
  expect(await start()).toEqual([]);
  expect(await start({ encryptionKeys: [key('k1', 9)] })).toEqual([expect.stringContaining('the key "k1"')]);
  expect(await start({ encryptionKeys: [K2] })).toEqual([expect.stringContaining('WEBCHAT_ENCRYPTION_KEYS')]);
  expect(await start({ idKeys: ['another-id-key-of-length'] })).toEqual([
    expect.stringContaining('WEBCHAT_ID_KEY'),
  ]);
  expect(await noted()).toEqual(['k1']);
});

it('brings a key in behind and then to the front, and those that wait for it may be started again meanwhile', async () => {
  await start();
  expect(await start({ encryptionKeys: [K1, K2] })).toEqual([]);
  expect(await noted()).toEqual(['k1', 'k2 behind']);
  expect(await start()).toEqual([]); // does not have the new one yet
  expect(await start({ encryptionKeys: [K2, K1] })).toEqual([]);
  expect(await noted()).toEqual(['k1', 'k2']);
  expect(await start({ encryptionKeys: [K1, K2] })).toEqual([]); // of a rolling restart
  expect(await start()).toEqual([expect.stringContaining('"k2"')]);
  expect(await start({ encryptionKeys: [K2] })).toEqual([]); // the former one is left out
});

it('lets one of two start for the first time at once with different keys', async () => {
  const problems = await Promise.all([
    start(),
    start({ idKeys: ['another-id-key-of-length'], encryptionKeys: [K2] }),
  ]);
  expect(problems.map(({ length }) => length).sort()).toEqual([0, 2]);
});

it('finds a token of Podium’s that cannot be read with these keys', async () => {
  const access = { token: 'access', issuedAt: new Date(), expiresAt: new Date() };
  await storedTokens(db.pool, [K2]).saveGrant({ access, refreshToken: 'refresh', scopes: [] }, 0);
  expect(await start()).toEqual([expect.stringContaining("Podium's refresh token")]);
  expect(await noted()).toEqual([]);
  expect(await start({ encryptionKeys: [K1, K2] })).toEqual([]);
});

it('throws what is no database that is away', async () => {
  await db.pool.query('alter table used_keys rename to others');
  await expect(start()).rejects.toThrow('used_keys');
  await db.pool.query('alter table others rename to used_keys');
});

describe('where the database is away at the start', () => {
  const away = async () => {
    const line = await laterLine(db.url);
    const pool = createPool(line.url);
    const stopping = new AbortController();
    let tell: (problems: string[]) => void;
    const told = new Promise<string[]>((heard) => (tell = heard));
    const later = { onForeign: (problems: string[]) => tell(problems), signal: stopping.signal };
    const end = async () => {
      stopping.abort();
      await pool.end();
      await line.close();
    };
    return { line, pool, later, told, end };
  };

  it('tells of foreign keys once it answers', async () => {
    await start();
    const { line, pool, later, told, end } = await away();
    expect(await start({ encryptionKeys: [K2] }, pool, later)).toEqual([]);
    await line.open();
    expect(await told).toEqual([expect.stringContaining('WEBCHAT_ENCRYPTION_KEYS')]);
    await end();
  });

  it('tells of what keeps the look from being made', async () => {
    const { line, pool, later, told, end } = await away();
    await start({}, pool, later);
    await db.pool.query('alter table used_keys rename to others');
    await line.open();
    expect(await told).toEqual([expect.stringContaining('used_keys')]);
    await db.pool.query('alter table others rename to used_keys');
    await end();
  });
});
