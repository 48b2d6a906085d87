import { createTestDatabase, type TestDatabase } from '../test/support/database';
import {
  BAYVIEW,
  contactChange,
  context,
  customerMessage,
  JANE,
  JOHN,
  NORTHSIDE,
  received,
  testHash,
} from '../test/support/received';
import { followContacts } from './contact-changes';
import { saveContact } from './contacts';
import { lockPhones, transaction } from './database';
import { receive } from './inbox';
import {
  beginMirror,
  historyEntry,
  mirrorOf,
  NO_STORE,
  settleMirror,
  type MirrorOutcome,
} from './opt-out-mirrors';
import { isOptedOut, optedOutSince, optOutState } from './opt-out-states';
import { recordOptOut, takeBackPodiumOptOut, type OptOutChange } from './opt-outs';
import { isVoid } from './void-sends';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
afterEach(() =>
  db.pool.query(
    'truncate opt_outs, opt_out_history, audit_entries, workflow_starts, sessions, inbox_events, contacts, contact_locations, contact_history, opt_out_mirrors, locations',
  ),
);

const at = (time: string) => new Date(`2026-07-23T${time}:00Z`);
const record = (optedOut: boolean, time: string, change: Partial<OptOutChange> = {}) =>
  recordOptOut(db.pool, {
    ...{
      phone: JANE,
      phoneHash: testHash(JANE),
      wish: optedOut ? 'opt_out' : 'opt_in',
      source: 'operator',
      actor: 'ann',
      rule: null,
    },
    ...{ locationUid: null, messageUid: null, at: at(time), ...change },
  });
const rows = async (sql: string) => (await db.pool.query(sql)).rows;
/** Long ago. */
const podiumWasTold = () =>
  db.pool.query(`update opt_out_mirrors set state = 'told', told_at = '2026-07-23T10:00Z'`);

it.each([
  [
    'an opt-in after an opt-out',
    [
      [true, '10:00'],
      [false, '11:00'],
    ],
    false,
  ],
  [
    'an opt-out after an opt-in',
    [
      [false, '10:00'],
      [true, '11:00'],
    ],
    true,
  ],
  [
    'an opt-out that comes in late',
    [
      [false, '11:00'],
      [true, '10:00'],
    ],
    false,
  ],
  [
    'an opt-in that comes in late',
    [
      [true, '11:00'],
      [false, '10:00'],
    ],
    true,
  ],
  [
    'an opt-in at the very same time',
    [
      [true, '10:00'],
      [false, '10:00'],
    ],
    true,
  ],
  [
    'an opt-out at the very same time',
    [
      [false, '10:00'],
      [true, '10:00'],
    ],
    true,
  ],
] as [string, [boolean, string][], boolean][])(
  'by the clock of Podium, %s leaves the phone opted out: %j -> %s',
  async (_, changes, optedOut) => {
    for (const [wish, time] of changes) await record(wish, time);
    expect(await isOptedOut(db.pool, JANE)).toBe(optedOut);
    expect(await isOptedOut(db.pool, JOHN)).toBe(false);
  },
);

it('keeps everything that ever wanted a change, also what changed nothing', async () => {
  await record(true, '10:00', { source: 'text', actor: 'customer', rule: 'keyword' });
  await record(false, '09:00');
  await record(true, '10:00'); // the same once more
  expect(await rows('select version, applied, wish, actor from opt_out_history order by id')).toEqual([
    { version: 1, applied: true, wish: 'opt_out', actor: 'customer' },
    { version: 1, applied: false, wish: 'opt_in', actor: 'ann' },
    { version: 1, applied: false, wish: 'opt_out', actor: 'ann' },
  ]);
  expect(await rows('select kind from audit_entries order by id')).toEqual([
    { kind: 'opt_out' },
    { kind: 'opt_in' },
    { kind: 'opt_out' },
  ]);
});

it('tells sessions and Podium of what applies, and of nothing else', async () => {
  await receive(db.pool, [customerMessage()], context);
  await record(true, '10:00');
  await db.pool.query('update sessions set opt_out_signal_at = null, relay_due_at = null');
  await record(true, '10:00');
  await record(true, '09:00');
  expect(await rows('select opt_out_signal_at, relay_due_at from sessions')).toEqual([
    { opt_out_signal_at: null, relay_due_at: null },
  ]);
  expect(await rows('select * from workflow_starts')).toHaveLength(1);
});

it('ends in the same state, whatever the order of changes that race', async () => {
  for (let i = 0; i < 10; i++) {
    const changes = ['10:00', '10:01', '10:02', '10:03', '10:04'].map((time, k) => record(k % 2 === 1, time));
    await Promise.all([...changes, record(true, '10:04')]);
    expect(await isOptedOut(db.pool, JANE)).toBe(true);
    const [state] = await rows('select version from opt_outs');
    const entries = await rows('select distinct version from opt_out_history order by version');
    expect(entries.map(({ version }) => version)).toEqual(
      Array.from({ length: state.version }, (_, v) => v + 1),
    );
    await db.pool.query('truncate opt_outs, opt_out_history');
  }
});

it('writes an opt-out of Podium once, however often it tells of it, and one of another contact or time', async () => {
  const podium = { source: 'podium', actor: 'podium', contactUid: 'a' } as const;
  const first = await record(true, '10:00', podium);
  expect(await record(true, '10:00', podium)).toMatchObject({ historyId: first.historyId, applied: false });
  await record(true, '10:00', { ...podium, contactUid: 'twin' });
  await record(true, '09:00', podium);
  await record(true, '09:00', podium);
  await record(false, '11:00');
  await record(true, '10:00', podium);
  expect(await rows('select applied from opt_out_history order by id')).toEqual(
    [true, false, false, true].map((applied) => ({ applied })),
  );
  expect(await rows('select * from audit_entries')).toHaveLength(4);
});

it('hears an opt-out of Podium again that the state does not know of', async () => {
  const podium = { source: 'podium', actor: 'podium', contactUid: 'a' } as const;
  await record(false, '10:00');
  await podiumWasTold();
  await record(true, '11:00', podium);
  await db.pool.query(`update opt_outs set opted_out = false, recorded_at = '2026-07-23T10:00Z'`);
  expect(await record(true, '11:00', podium)).toMatchObject({ applied: true });
});

it('writes the clear opt-outs of a contact whose other phone is unclear, and quarantines the event', async () => {
  const unclear = { code: 'ERR_WEBCHAT_001', message: '', hint: '' };
  const [outcome] = await receive(
    db.pool,
    [
      received(
        { eventType: 'contact.updated', kind: 'contact_changed', messageUid: null },
        {
          ...{ kind: 'contact_changed', change: contactChange(), cleared: [], unclear },
          optOuts: [{ phone: JANE, at: at('10:00') }],
        },
      ),
    ],
    context,
  );
  expect(outcome).toMatchObject({ status: 'quarantined', failure: unclear });
  expect(await isOptedOut(db.pool, JANE)).toBe(true);
});

describe('an opt-out that is said again', () => {
  const stop = { source: 'webchat', actor: 'customer', locationUid: NORTHSIDE } as const;

  it('by an operator leaves the first one as the evidence, and is seen by who looked before', async () => {
    await record(true, '10:00', stop);
    expect(await record(true, '12:00')).toMatchObject({ applied: false, began: false, version: 2 });
    expect(await optOutState(db.pool, JANE)).toMatchObject({ optedOut: true, source: 'webchat', version: 2 });
    expect(await optedOutSince(db.pool, JANE)).toEqual(at('10:00'));
    expect(await rows('select applied, actor from opt_out_history order by id')).toEqual([
      { applied: true, actor: 'customer' },
      { applied: false, actor: 'ann' },
    ]);
  });

  it('is undone by no opt-in from before it that comes in later', async () => {
    await record(true, '10:00', stop);
    await record(true, '12:00');
    await record(false, '11:00', { source: 'text', actor: 'customer' });
    expect(await isOptedOut(db.pool, JANE)).toBe(true);
    await record(false, '13:00', { source: 'text', actor: 'customer' });
    expect(await isOptedOut(db.pool, JANE)).toBe(false);
  });

  it('takes with it what was wanted meanwhile and has not left', async () => {
    await record(true, '10:00', stop);
    const wantedAt = (await rows('select clock_timestamp() as now'))[0].now;
    await record(true, '12:00');
    await record(false, '13:00');
    expect(await isVoid(db.pool, { phone: JANE, wantedAt })).toBe(true);
    const again = (await rows('select clock_timestamp() as now'))[0].now;
    await record(true, '12:30', { source: 'text' }); // later heard than the opt-in, and older
    expect(await isVoid(db.pool, { phone: JANE, wantedAt: again })).toBe(false);
  });

  it.each<[MirrorOutcome]>([
    [{ kind: 'told' }], // and since then a person may have opted the customer in there
    [{ kind: 'not_permitted', code: 'unauthorized' }],
    [{ kind: 'refused', code: 'not_found' }],
  ])('has Podium told once more, after %j', async (outcome) => {
    const { historyId } = await record(true, '10:00', stop);
    await settleMirror(db.pool, historyId, outcome);
    await db.pool.query('truncate workflow_starts');
    await record(true, '12:00', stop);
    expect(await mirrorOf(db.pool, JANE)).toMatchObject({ state: 'pending', optedOut: true });
    expect(await rows('select args from workflow_starts')).toEqual([{ args: [{ historyId }] }]);
    await record(true, '13:00', stop); // while it is being told
    expect(await rows('select from workflow_starts')).toHaveLength(1);
  });

  it('leaves an opt-out of Podium’s in doubt that is later, and settles one that is earlier', async () => {
    await record(false, '10:00', stop);
    await podiumWasTold();
    await record(true, '10:01', { source: 'podium', actor: 'podium', contactUid: 'c-1' });
    expect(await optOutState(db.pool, JANE)).toMatchObject({ optedOut: false, unsettled: true });
    await record(true, '10:00', stop); // late, as the next
    await record(true, '10:00', { ...stop, at: new Date('2026-07-23T10:00:30Z') });
    expect(await optOutState(db.pool, JANE)).toMatchObject({ optedOut: true, unsettled: true });
    await record(true, '10:01', stop);
    expect(await optOutState(db.pool, JANE)).toMatchObject({ optedOut: true, unsettled: false });
  });

  it('with a store has Podium told, for which none was known', async () => {
    const { historyId } = await record(true, '10:00');
    expect(await historyEntry(db.pool, historyId)).toMatchObject({ locationUid: null });
    await settleMirror(db.pool, historyId, { kind: 'refused', code: NO_STORE });
    await db.pool.query('truncate workflow_starts');
    await record(true, '11:00', { locationUid: BAYVIEW });
    expect(await rows('select args from workflow_starts')).toEqual([{ args: [{ historyId }] }]);
    expect(await historyEntry(db.pool, historyId)).toMatchObject({ locationUid: BAYVIEW, superseded: false });
  });
});

describe('what Podium is told', () => {
  it('has the store where the wish came in, and the contact', async () => {
    await saveContact(db.pool, { phone: JANE, podiumUid: 'p-1', name: null, locationUid: BAYVIEW });
    const { historyId } = await record(true, '10:00', { locationUid: NORTHSIDE });
    expect(await historyEntry(db.pool, historyId)).toEqual({
      phone: JANE,
      optedOut: true,
      superseded: false,
      locationUid: NORTHSIDE,
      contactUid: 'p-1',
    });
  });

  it('has the store of a session where the wish named none', async () => {
    await receive(db.pool, [customerMessage({ locationUid: BAYVIEW })], context);
    const { historyId } = await record(true, '10:00');
    expect(await historyEntry(db.pool, historyId)).toMatchObject({ locationUid: BAYVIEW, contactUid: null });
  });

  it('has the store of an earlier wish, or of the contact, where there is no session', async () => {
    await record(true, '10:00', { locationUid: BAYVIEW });
    const { historyId } = await record(false, '11:00');
    expect(await historyEntry(db.pool, historyId)).toMatchObject({ locationUid: BAYVIEW });
    await saveContact(db.pool, { phone: JOHN, podiumUid: 'p-2', name: null, locationUid: NORTHSIDE });
    const ofJohn = await record(true, '10:00', { phone: JOHN });
    expect(await historyEntry(db.pool, ofJohn.historyId)).toMatchObject({ locationUid: NORTHSIDE });
  });

  it.each([
    ['unknown', []],
    ['archived', [{ uid: NORTHSIDE, archived: true }]],
  ])('has a store that is served before the one of the wish, when that is %s', async (_, others) => {
    for (const { uid, archived } of [{ uid: BAYVIEW, archived: false }, ...others]) {
      await db.pool.query('insert into locations (uid, name, archived) values ($1, $1, $2)', [uid, archived]);
    }
    await receive(db.pool, [customerMessage({ locationUid: BAYVIEW })], context);
    const { historyId } = await record(true, '10:00', { locationUid: NORTHSIDE });
    expect(await historyEntry(db.pool, historyId)).toMatchObject({ locationUid: BAYVIEW });
  });

  it('has the store of the wish when both are served', async () => {
    await db.pool.query(
      "insert into locations (uid, name, archived) select uid, '', false from unnest($1::text[]) uid",
      [[NORTHSIDE, BAYVIEW]],
    );
    await receive(db.pool, [customerMessage({ locationUid: BAYVIEW })], context);
    const { historyId } = await record(true, '10:00', { locationUid: NORTHSIDE });
    expect(await historyEntry(db.pool, historyId)).toMatchObject({ locationUid: NORTHSIDE });
  });

  it('is nothing any more once a later change has applied', async () => {
    const { historyId } = await record(true, '10:00');
    await record(false, '09:00');
    expect(await historyEntry(db.pool, historyId)).toMatchObject({ superseded: false });
    await record(false, '11:00');
    expect(await historyEntry(db.pool, historyId)).toMatchObject({ superseded: true });
    expect(await historyEntry(db.pool, historyId + 100)).toBeNull();
  });
});

it('takes an actor as a person typed it', async () => {
  await record(true, '10:00', { actor: 'an\0n' });
  expect(await rows('select actor from opt_out_history')).toEqual([{ actor: 'an\uFFFDn' }]);
});

describe('what Podium has set and takes back', () => {
  const podium = { source: 'podium', actor: 'podium' } as const;
  const takesBack = (time: string, contactUid: string | null, shown: boolean) =>
    transaction(db.pool, async (client) => {
      await lockPhones(client, [JANE]);
      await takeBackPodiumOptOut(client, {
        ...{ phone: JANE, phoneHash: testHash(JANE), locationUid: null, at: at(time), contactUid, shown },
      });
    });
  const source = async () => (await rows('select opted_out, source from opt_outs'))[0];

  it.each([
    ['of its own', { ...podium, contactUid: 'a' }, ['11:00', 'a', true], false],
    [
      'of its own, though the event does not show it',
      { ...podium, contactUid: 'a' },
      ['11:00', 'a', false],
      false,
    ],
    ['of nobody knows whom, shown by the event', podium, ['11:00', 'a', true], false],
    ['of nobody knows whom, and not shown', podium, ['11:00', 'a', false], true],
    ['of a twin', { ...podium, contactUid: 'a' }, ['11:00', 'twin', true], true],
    ['earlier', { ...podium, contactUid: 'a' }, ['09:00', 'a', true], true],
    ['at the very same time', { ...podium, contactUid: 'a' }, ['10:00', 'a', true], true],
    ['that a customer has told us', { source: 'text', contactUid: null }, ['11:00', 'a', true], true],
    ['that an operator has', {}, ['11:00', 'a', true], true],
  ] as [string, Partial<OptOutChange>, [string, string, boolean], boolean][])(
    'an opt-out %s: %j -> %j, opted out: %s',
    async (_, change, [time, contactUid, shown], optedOut) => {
      await record(true, '10:00', change);
      await takesBack(time, contactUid, shown);
      expect(await isOptedOut(db.pool, JANE)).toBe(optedOut);
      expect(await rows('select * from opt_out_history')).toHaveLength(optedOut ? 1 : 2);
    },
  );

  it('counts though its contact was merged into another one meanwhile', async () => {
    await saveContact(db.pool, { phone: JANE, podiumUid: 'a', name: null, locationUid: NORTHSIDE });
    await record(true, '10:00', { ...podium, contactUid: 'a' });
    await transaction(db.pool, (client) =>
      followContacts(client, [
        { change: contactChange({ what: 'merged', uid: 'b', mergedUid: 'a' }), at: at('10:30') },
      ]),
    );
    await takesBack('11:00', 'b', true);
    expect(await source()).toEqual({ opted_out: false, source: 'podium' });
  });

  it('is not the STOP that Podium was faster to tell of than the customer', async () => {
    await record(true, '10:01', { ...podium, contactUid: 'a' });
    await record(true, '10:00', { source: 'text', actor: 'customer' });
    expect(await source()).toEqual({ opted_out: true, source: 'text' });
    await takesBack('11:00', 'a', true);
    expect(await isOptedOut(db.pool, JANE)).toBe(true);
  });

  it('is not claimed by a STOP that an opt-in has undone', async () => {
    await record(false, '10:00');
    await podiumWasTold();
    await record(true, '11:00', { ...podium, contactUid: 'a' });
    await record(true, '09:00', { source: 'text' });
    expect(await source()).toEqual({ opted_out: true, source: 'podium' });
  });
});

describe('the echo of our own telling', () => {
  const podium = { source: 'podium', actor: 'podium' } as const;
  const now = () => new Date();
  const ago = (ms: number) => new Date(Date.now() - ms);

  /** Podium is told of an opt-out while an opt-in comes in. */
  async function overtaken() {
    const { historyId } = await record(true, '', { at: ago(2_000) });
    await beginMirror(db.pool, (await historyEntry(db.pool, historyId))!);
    await record(false, '', { at: ago(1_000) });
    return historyId;
  }

  it('undoes no opt-in that came meanwhile, and Podium is told of that', async () => {
    const historyId = await overtaken();
    await record(true, '', { ...podium, at: now() });
    expect(await isOptedOut(db.pool, JANE)).toBe(false);
    await db.pool.query('truncate workflow_starts');
    await settleMirror(db.pool, historyId, { kind: 'told' });
    expect(await rows('select workflow_id, args from workflow_starts')).toEqual([
      {
        workflow_id: `opt-out-mirror:${historyId + 1}:after-${historyId}`,
        args: [{ historyId: historyId + 1 }],
      },
    ]);
  });
});
