import { randomBytes } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { storedRefreshToken } from './refresh-token';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
afterEach(() => db.pool.query('truncate podium_tokens'));

const key = (id: string) => ({ id, secret: randomBytes(32) });
const [old, current] = [key('old'), key('current')];

it('gives back the latest token, and keeps it encrypted', async () => {
  const stored = storedRefreshToken(db.pool, [current]);
  expect(await stored.load()).toBeNull();
  await stored.save('first-token');
  await stored.save('second-token');
  expect(await stored.load()).toBe('second-token');
  const { rows } = await db.pool.query<{ refresh_token: Buffer }>('select refresh_token from podium_tokens');
  expect(rows.map((row) => row.refresh_token.includes('second-token'))).toEqual([false]);
});

it('reads what an older key has encrypted, and has none once that key is gone', async () => {
  await storedRefreshToken(db.pool, [old]).save('token');
  expect(await storedRefreshToken(db.pool, [current, old]).load()).toBe('token');
  expect(await storedRefreshToken(db.pool, [current]).load()).toBeNull();
});

it('lets one process renew at a time, and the next one after a failure', async () => {
  const stored = storedRefreshToken(db.pool, [current]);
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
