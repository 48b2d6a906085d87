import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { activePauses, callLimits } from './call-limits';

const SEND = 'POST /v4/messages';
const NOTE = 'POST /v4/conversations/{id}/notes';
const MINUTE = 60_000;

let db: TestDatabase;
let limits: ReturnType<typeof callLimits>;
beforeAll(async () => {
  db = await createTestDatabase();
  limits = callLimits(db.pool, 300);
});
afterAll(() => db?.drop());
afterEach(() => db.pool.query('truncate podium_pauses, podium_calls'));

describe('a pause', () => {
  it('concerns its endpoint and no other one', async () => {
    await limits.pauses.pause(SEND, MINUTE);
    expect(await limits.pauses.remaining(SEND)).toBeGreaterThan(MINUTE / 2);
    expect(await limits.pauses.remaining(SEND)).toBeLessThanOrEqual(MINUTE);
    expect(await limits.pauses.remaining(NOTE)).toBe(0);
    expect(await activePauses(db.pool)).toEqual([{ endpoint: SEND, seconds: expect.any(Number) }]);
  });

  it('is made longer by a later answer, and shorter by none', async () => {
    await limits.pauses.pause(SEND, MINUTE);
    await limits.pauses.pause(SEND, 1_000);
    expect(await limits.pauses.remaining(SEND)).toBeGreaterThan(MINUTE / 2);
    await limits.pauses.pause(SEND, 2 * MINUTE);
    expect(await limits.pauses.remaining(SEND)).toBeGreaterThan(MINUTE);
  });

  it('begins once, however many are told to wait', async () => {
    const told = await Promise.all(Array.from({ length: 10 }, () => limits.pauses.pause(SEND, MINUTE)));
    expect(told.filter((begins) => begins)).toHaveLength(1);
  });

  it('ends by itself, and another one may begin then', async () => {
    expect(await limits.pauses.pause(SEND, MINUTE)).toBe(true);
    await db.pool.query(`update podium_pauses set until = now() - interval '1 second'`);
    expect(await limits.pauses.remaining(SEND)).toBe(0);
    expect(await activePauses(db.pool)).toEqual([]);
    expect(await limits.pauses.pause(SEND, MINUTE)).toBe(true);
  });
});

describe('calls outside of the queue', () => {
  const takeTogether = async (count: number) => {
    const another = callLimits(db.pool, 300);
    return Promise.all(
      Array.from({ length: count }, (_, n) => (n % 2 === 0 ? limits : another).share.take()),
    );
  };

  it('are counted over all processes: five in twelve seconds, and the rest is told when to come back', async () => {
    const began = Date.now();
    const waits = await takeTogether(12);
    const took = Date.now() - began;
    expect(waits.filter((wait) => wait === 0)).toHaveLength(5);
    for (const wait of waits.filter((each) => each > 0)) {
      expect(wait).toBeGreaterThanOrEqual(12_000 - took);
      expect(wait).toBeLessThanOrEqual(12_000);
    }
  });

  it('go on in the next window', async () => {
    await takeTogether(6);
    await db.pool.query('update podium_calls set expire = 1');
    expect(await limits.share.take()).toBe(0);
  });

  it('leave one row behind, however many there were', async () => {
    await takeTogether(6);
    expect((await db.pool.query('select from podium_calls')).rowCount).toBe(1);
  });

  it('are not made while they cannot be counted', async () => {
    const pool = { query: () => Promise.reject(new Error('away')) } as never;
    await expect(callLimits(pool, 300).share.take()).rejects.toThrow('away');
  });
});
