import type { PodiumAnswer } from '../core/opt-out-audit';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { eventually } from '../test/support/eventually';
import {
  BAYVIEW,
  JANE,
  JOHN,
  MARY,
  NORTHSIDE,
  context,
  customerMessage,
  testHash,
} from '../test/support/received';
import { saveContact } from './contacts';
import { lockPhones, transaction } from './database';
import { receive } from './inbox';
import { replaceLocations } from './locations';
import {
  beginOptOutAudit,
  endOptOutAudit,
  lastOptOutAudits,
  locationToAskBy,
  optOutDrifts,
  ownLayers,
  phonesToAudit,
  phoneToAudit,
  settleLook,
  skipLook,
} from './opt-out-audits';
import { mirrorOf } from './opt-out-mirrors';
import { optOutState } from './opt-out-states';
import { recordOptOut, type OptOutChange } from './opt-outs';

const at = (minute: number) => new Date(Date.UTC(2026, 6, 23, 10, minute));
const ELSEWHERE = '9e000000-0000-4000-8000-000000000009';

let db: TestDatabase;
beforeAll(async () => (db = await createTestDatabase()));
afterAll(() => db.drop());
beforeEach(() =>
  replaceLocations(
    db.pool,
    [NORTHSIDE, BAYVIEW].map((uid) => ({
      ...{ uid, name: uid, country: 'AU', archived: uid === BAYVIEW, organizationUid: null },
    })),
    new Date(),
  ),
);
afterEach(() =>
  db.pool.query(
    `truncate opt_outs, opt_out_history, opt_out_mirrors, audit_entries, workflow_starts, contacts, contact_locations,
       contact_history, sessions, inbox_events, opt_out_audits, phones_to_audit, opt_out_drifts`,
  ),
);

const record = (phone: string, change: Partial<OptOutChange> = {}) =>
  recordOptOut(db.pool, {
    ...{ phone, phoneHash: testHash(phone), wish: 'opt_out', source: 'text', actor: 'customer', rule: null },
    ...{ locationUid: null, messageUid: null, at: at(0), ...change },
  });
const contact = (phone: string, podiumUid: string | null, locationUid = NORTHSIDE) =>
  saveContact(db.pool, { phone, podiumUid, name: null, locationUid });
const mirrorIs = (state: string) =>
  db.pool.query(`update opt_out_mirrors set state = $1, told_at = now() - interval '1 hour'`, [state]);

const holds = (optedOutAt: Date | null): PodiumAnswer => ({ kind: 'contact', optedOutAt });
/** Begins a look where none is under way, with its first page. */
async function begin(): Promise<void> {
  await beginOptOutAudit(db.pool);
  await phonesToAudit(db.pool, 100);
}
/** Begins a look where none is under way, and deals with a phone. */
async function look(phone: string, podium: PodiumAnswer): Promise<void> {
  await begin();
  await settleLook(db.pool, await idOf(phone), {
    phone,
    phoneHash: testHash(phone),
    podium,
    contactUid: 'p-1',
  });
}
async function idOf(phone: string): Promise<number> {
  const { rows } = await db.pool.query<{ id: number }>(
    'select id from phones_to_audit where phone_e164 = $1',
    [phone],
  );
  return rows[0]!.id;
}
const underWay = async () => (await lastOptOutAudits(db.pool)).underWay;
const drifts = async () => (await optOutDrifts(db.pool)).map(({ phone, reason }) => [phone, reason]);
const found = async () => {
  const { rows } = await db.pool.query(
    `select details from audit_entries where kind = 'opt_out_drift_found' order by id`,
  );
  return rows.map(({ details }) => details);
};

describe('a look', () => {
  it('is at every phone with a state in the ledger or a contact, each once', async () => {
    await record(JANE);
    await contact(JANE, 'p-1');
    await contact(JOHN, 'p-2');
    await record(MARY, { wish: 'opt_in' });
    await beginOptOutAudit(db.pool);
    const ids = await phonesToAudit(db.pool, 10);
    const phones = await Promise.all(ids.map((id) => phoneToAudit(db.pool, id)));
    expect(phones.map((each) => each!.phone).sort()).toEqual([JANE, JOHN, MARY].sort());
  });

  it('is written down page by page, and each phone is looked at once, also after a page that was cut off', async () => {
    const phones = Array.from({ length: 9 }, (_, n) => `+1415555010${n}`);
    for (const [n, phone] of phones.entries()) await (n < 5 ? record(phone) : contact(phone, phone));
    for (const phone of phones.slice(0, 3)) await contact(phone, phone);
    await beginOptOutAudit(db.pool);
    const seen: string[] = [];
    for (let ids = await phonesToAudit(db.pool, 2); ids.length > 0; ids = await phonesToAudit(db.pool, 2)) {
      expect(ids.length).toBeLessThanOrEqual(2);
      const { rows } = await db.pool.query<{ count: number }>('select count(*) from phones_to_audit');
      expect(rows[0]!.count).toBeLessThanOrEqual(2);
      const [id] = ids;
      seen.push((await phoneToAudit(db.pool, id!))!.phone);
      await skipLook(db.pool, id!);
      await beginOptOutAudit(db.pool); // the run was killed, and the next one goes on
    }
    expect(seen.sort()).toEqual(phones);
    await endOptOutAudit(db.pool);
    await beginOptOutAudit(db.pool);
    expect(await phonesToAudit(db.pool, 2)).toHaveLength(2);
  });

  it('that was cut off is gone on with, and not begun anew', async () => {
    await record(JANE);
    await record(JOHN);
    await look(JANE, holds(at(0)));
    await Promise.all([beginOptOutAudit(db.pool), beginOptOutAudit(db.pool)]);
    expect(await phonesToAudit(db.pool, 10)).toEqual([await idOf(JOHN)]);
    await look(JOHN, holds(at(0)));
    await endOptOutAudit(db.pool);
    expect(await lastOptOutAudits(db.pool)).toMatchObject({
      last: { lookedAt: 2, agreed: 2 },
      underWay: null,
    });
    await record(MARY);
    await beginOptOutAudit(db.pool);
    expect(await phonesToAudit(db.pool, 10)).toHaveLength(3);
  });

  it('counts a phone once, however often it is dealt with', async () => {
    await record(JANE);
    await begin();
    const id = await idOf(JANE);
    const once = () =>
      settleLook(db.pool, id, { phone: JANE, phoneHash: '', podium: holds(at(0)), contactUid: 'p-1' });
    await Promise.all([once(), once(), skipLook(db.pool, id)]);
    const { agreed, notAsked } = (await underWay())!;
    expect(agreed + notAsked).toBe(1);
    expect(await phoneToAudit(db.pool, id)).toBeNull();
  });

  it('counts what could not be asked apart from what was looked at', async () => {
    await record(JANE);
    await contact(JOHN, null);
    await begin();
    await skipLook(db.pool, await idOf(JANE));
    await look(JOHN, { kind: 'none' }); // accepted, and not readable yet
    expect(await underWay()).toMatchObject({ lookedAt: 0, agreed: 0, drifted: {}, notAsked: 2 });
  });
});

describe('drift', () => {
  it('is counted by reason, and known until a look finds none', async () => {
    await record(JANE);
    await record(JOHN);
    await mirrorIs('not_permitted');
    await look(JANE, holds(null));
    await look(JOHN, holds(null));
    expect(await underWay()).toMatchObject({ lookedAt: 2, drifted: { mirror_not_permitted: 2 }, mended: 0 });
    await endOptOutAudit(db.pool);
    await look(JANE, holds(at(1)));
    await skipLook(db.pool, await idOf(JOHN));
    expect(await drifts()).toEqual([[JOHN, 'mirror_not_permitted']]);
  });

  it('stands in the audit when it is new, or of another reason', async () => {
    await record(JANE);
    await mirrorIs('not_permitted');
    for (let day = 0; day < 2; day += 1) {
      await look(JANE, holds(null));
      await endOptOutAudit(db.pool);
    }
    expect(await found()).toEqual([{ reason: 'mirror_not_permitted', mend: null }]);
    await mirrorIs('refused');
    await look(JANE, holds(null));
    expect(await found()).toContainEqual({ reason: 'mirror_refused', mend: null });
    const { rows } = await db.pool.query('select distinct phone_hash from audit_entries');
    expect(rows).toEqual([{ phone_hash: testHash(JANE) }]);
  });

  it('at Podium alone is recorded, by its time and of its contact', async () => {
    await contact(JANE, 'p-1');
    await look(JANE, holds(at(5)));
    expect(await optOutState(db.pool, JANE)).toMatchObject({
      optedOut: true,
      source: 'podium',
      recordedAt: at(5),
    });
    const { rows } = await db.pool.query('select contact_uid, actor from opt_out_history');
    expect(rows).toEqual([{ contact_uid: 'p-1', actor: 'podium' }]);
    expect(await underWay()).toMatchObject({ drifted: { opted_out_at_podium_only: 1 }, mended: 1 });
    expect(await found()).toEqual([{ reason: 'opted_out_at_podium_only', mend: 'record' }]);
    expect(await drifts()).toEqual([]);
  });

  it('at Podium alone is recorded though a second look has found none before: Podium holds it now', async () => {
    const optOut = { source: 'podium', contactUid: 'p-1', at: at(5) } as const;
    await record(JANE, { wish: 'opt_in' });
    await record(JANE, optOut);
    await db.pool.query('update opt_outs set second_look_id = null');
    await record(JANE, { ...optOut, wish: 'dismiss' });
    await mirrorIs('told');
    await look(JANE, holds(at(5)));
    expect(await optOutState(db.pool, JANE)).toMatchObject({ optedOut: true, recordedAt: at(5) });
  });

  it('at Podium that an opt-in has undone is no opt-out', async () => {
    await record(JANE, { wish: 'opt_in', at: at(10) });
    await look(JANE, holds(at(5)));
    expect(await optOutState(db.pool, JANE)).toMatchObject({ optedOut: false });
    expect(await drifts()).toEqual([[JANE, 'mirror_pending']]);
  });

  it('of what Podium was told and does not have is told again, each time', async () => {
    await record(JANE);
    for (let day = 0; day < 2; day += 1) {
      await mirrorIs('told');
      await db.pool.query('truncate workflow_starts');
      await look(JANE, holds(null));
      await endOptOutAudit(db.pool);
      expect(await mirrorOf(db.pool, JANE)).toMatchObject({ state: 'pending' });
      const { rows } = await db.pool.query('select workflow_type from workflow_starts');
      expect(rows).toEqual([{ workflow_type: 'optOutMirror' }]);
    }
    expect(await found()).toEqual(Array(2).fill({ reason: 'opted_out_here_only', mend: 'tell_again' }));
    expect(await optOutDrifts(db.pool)).toMatchObject([{ phone: JANE, toldAgain: true }]);
  });

  it('of what Podium may have taken back opens nothing', async () => {
    await record(JANE, { source: 'podium' });
    await mirrorIs('told');
    await look(JANE, holds(null));
    expect(await optOutState(db.pool, JANE)).toMatchObject({ optedOut: true, source: 'podium' });
    expect(await mirrorOf(db.pool, JANE)).toMatchObject({ state: 'told' });
    expect(await optOutDrifts(db.pool)).toMatchObject([{ reason: 'opted_out_here_only', toldAgain: false }]);
  });

  it('is judged by the ledger as it is once its lock is had', async () => {
    await contact(JANE, 'p-1');
    await beginOptOutAudit(db.pool);
    let looking: Promise<void> | undefined;
    await transaction(db.pool, async (client) => {
      await lockPhones(client, [JANE]);
      looking = look(JANE, holds(null));
      await eventually('the look to wait for the lock', async () => {
        const { rowCount } = await db.pool.query(
          `select from pg_locks join pg_database on pg_database.oid = database
            where datname = current_database() and locktype = 'advisory' and not granted`,
        );
        return rowCount === 1;
      });
      await client.query(
        `insert into opt_outs (phone_e164, opted_out, version, source, recorded_at) values ($1, true, 1, 'text', now())`,
        [JANE],
      );
    });
    await looking;
    expect(await drifts()).toEqual([[JANE, 'opted_out_here_only']]);
  });
});

describe('the location that Podium is asked by', () => {
  it('is where Podium has the contact, else where the customer has written, else any that is served', async () => {
    expect(await locationToAskBy(db.pool, JANE)).toBe(NORTHSIDE);
    await receive(db.pool, [customerMessage({ locationUid: BAYVIEW })], context);
    expect(await locationToAskBy(db.pool, JANE)).toBe(BAYVIEW);
    await contact(JANE, 'p-1', NORTHSIDE);
    expect(await locationToAskBy(db.pool, JANE)).toBe(NORTHSIDE);
  });

  it('is none that Podium does not list', async () => {
    await record(JANE, { locationUid: ELSEWHERE });
    expect(await locationToAskBy(db.pool, JANE)).toBe(NORTHSIDE);
    await db.pool.query('truncate locations');
    expect(await locationToAskBy(db.pool, JANE)).toBeNull();
  });
});

test('a contact is awaited for a day, and only where Podium has accepted one', async () => {
  const isAwaited = async (phone: string) => (await ownLayers(db.pool, phone)).contactAwaited;
  await contact(JANE, null);
  await contact(JOHN, 'p-2');
  expect(await Promise.all([JANE, JOHN, MARY].map(isAwaited))).toEqual([true, false, false]);
  await db.pool.query(`update contacts set updated_at = now() - interval '25 hours'`);
  expect(await isAwaited(JANE)).toBe(false);
  await db.pool.query('update contacts set updated_at = now(), podium_uid = null');
  await db.pool.query('update contact_locations set gone_at = now()'); // deleted at Podium
  expect(await isAwaited(JANE)).toBe(false);
});
