import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { BAYVIEW, JANE, JOHN, MARY, NORTHSIDE, testHash } from '../test/support/received';
import {
  countMirrors,
  mirrorOf,
  retryMirror,
  retryUntold,
  settleMirror,
  type MirrorOutcome,
} from './opt-out-mirrors';
import { isOptedOut } from './opt-out-states';
import { recordOptOut, type OptOutChange } from './opt-outs';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
afterEach(() =>
  db.pool.query('truncate opt_outs, opt_out_history, opt_out_mirrors, audit_entries, workflow_starts'),
);

let clock = Date.UTC(2026, 6, 23);
const record = async (phone: string, optedOut: boolean, change: Partial<OptOutChange> = {}) => {
  const { historyId } = await recordOptOut(db.pool, {
    ...{
      phone,
      phoneHash: testHash(phone),
      wish: optedOut ? 'opt_out' : 'opt_in',
      source: 'text',
      actor: 'customer',
      rule: null,
    },
    ...{ locationUid: NORTHSIDE, messageUid: null, at: new Date((clock += 1_000)), ...change },
  });
  return historyId;
};
const settle = (historyId: number, outcome: MirrorOutcome) => settleMirror(db.pool, historyId, outcome);
const notPermitted = { kind: 'not_permitted', code: 'unauthorized' } as const;
const wanted = async () => {
  const { rows } = await db.pool.query('delete from workflow_starts returning args');
  return rows.map(({ args }) => args[0].historyId as number).sort((one, other) => one - other);
};

it('is to be told of what was told to us, and knows what it told us', async () => {
  const historyId = await record(JANE, true);
  await record(JOHN, true, { source: 'podium' });
  expect(await mirrorOf(db.pool, JANE)).toMatchObject({ state: 'pending', optedOut: true, toldAt: null });
  expect(await mirrorOf(db.pool, JOHN)).toMatchObject({ state: 'told', toldAt: expect.any(Date) });
  expect(await mirrorOf(db.pool, MARY)).toBeNull();
  expect(await wanted()).toEqual([historyId]);
});

it.each([
  [{ kind: 'told' }, { state: 'told', toldAt: expect.any(Date), errorCode: null }],
  [notPermitted, { state: 'not_permitted', notPermittedSince: expect.any(Date), errorCode: 'unauthorized' }],
  [
    { kind: 'refused', code: 'no_location' },
    { state: 'refused', errorCode: 'no_location' },
  ],
  [
    { kind: 'failed', code: 'server' },
    { state: 'pending', errorCode: 'server' },
  ],
] as [MirrorOutcome, object][])('after %j it is %j, and the ledger is as it was', async (outcome, mirror) => {
  await settle(await record(JANE, true), outcome);
  expect(await mirrorOf(db.pool, JANE)).toMatchObject({ ...mirror, locationUid: NORTHSIDE });
  expect(await isOptedOut(db.pool, JANE)).toBe(true);
});

it('knows since when Podium has not permitted it, until it does', async () => {
  await settle(await record(JANE, true), notPermitted);
  const { notPermittedSince } = (await mirrorOf(db.pool, JANE))!;
  const next = await record(JANE, false);
  await settle(next, notPermitted);
  expect(await mirrorOf(db.pool, JANE)).toMatchObject({ notPermittedSince });
  await settle(next, { kind: 'told' });
  expect(await mirrorOf(db.pool, JANE)).toMatchObject({ state: 'told', notPermittedSince: null });
});

it('does not take the outcome of an earlier wish for that of the present one', async () => {
  const first = await record(JANE, true);
  await record(JANE, false);
  await settle(first, { kind: 'refused', code: 'not_found' });
  expect(await mirrorOf(db.pool, JANE)).toMatchObject({ state: 'pending', optedOut: false });
});

it('is told once more when what it was told is not so any more', async () => {
  const first = await record(JANE, true);
  const second = await record(JANE, false);
  await settle(second, { kind: 'told' });
  await wanted();
  await settle(first, { kind: 'overtaken' });
  expect(await mirrorOf(db.pool, JANE)).toMatchObject({ state: 'pending' });
  expect(await wanted()).toEqual([second]);
});

it('is asked again on the slow beat for one phone of each store, and for the others once that one is taken', async () => {
  const [jane, john, mary] = [
    await record(JANE, true),
    await record(JOHN, true),
    await record(MARY, true, { locationUid: BAYVIEW }),
  ];
  for (const historyId of [jane, john, mary]) await settle(historyId, notPermitted);
  await wanted();
  expect(await retryUntold(db.pool)).toBe(2);
  expect(await wanted()).toEqual([jane, mary]);
  await settle(mary, notPermitted);
  await settle(jane, { kind: 'told' });
  expect(await wanted()).toEqual([john]);
  expect(await countMirrors(db.pool)).toEqual(
    new Map([
      ['told', 1],
      ['pending', 1],
      ['not_permitted', 1],
    ]),
  );
});

it('is permitted by many stores and phones at once, and none waits for the other', async () => {
  const phones = Array.from({ length: 60 }, (_, i) => `+614001234${10 + i}`);
  const ids: number[] = [];
  for (const phone of phones) ids.push(await record(phone, true));
  for (let round = 0; round < 5; round++) {
    // In an order of its own: each update writes a row anew, and rows are found in the order they were written.
    for (const historyId of [...ids].sort(() => Math.random() - 0.5)) await settle(historyId, notPermitted);
    await Promise.all(ids.slice(0, 12).map((historyId) => settle(historyId, { kind: 'told' })));
    expect((await countMirrors(db.pool)).get('not_permitted')).toBeUndefined();
  }
});

it('is asked again when an operator wants it, also for what was refused', async () => {
  const historyId = await record(JANE, true);
  await wanted();
  expect(await retryMirror(db.pool, JANE)).toBe(false); // it is being told
  await settle(historyId, { kind: 'refused', code: 'not_found' });
  expect(await retryMirror(db.pool, JANE)).toBe(true);
  expect(await wanted()).toEqual([historyId]);
});

it('is told at last when the workflow that should have told it is gone', async () => {
  const [jane, john] = [await record(JANE, true), await record(JOHN, true)];
  await wanted();
  expect(await retryUntold(db.pool)).toBe(0); // they are being told
  await db.pool.query(
    `update opt_out_history set written_at = now() - interval '2 hours';
     update opt_out_mirrors set last_attempt_at = now() - interval '61 minutes' where phone_e164 = '${JOHN}'`,
  );
  expect(await retryUntold(db.pool)).toBe(2);
  expect(await wanted()).toEqual([jane, john]);
  expect(await retryMirror(db.pool, JOHN)).toBe(true);
  await db.pool.query('update opt_out_mirrors set last_attempt_at = now()');
  expect(await retryUntold(db.pool)).toBe(0);
  expect(await retryMirror(db.pool, JOHN)).toBe(false);
});
