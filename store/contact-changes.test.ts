import { Client } from 'pg';
import type { ContactChange } from '../core/events';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { eventually } from '../test/support/eventually';
import {
  BAYVIEW,
  JANE,
  JOHN,
  NORTHSIDE,
  contactChange,
  context,
  received,
  testHash,
} from '../test/support/received';
import { contactHistory } from './contact-history';
import { contactOf, namesByStore, saveContact } from './contacts';
import { lockPhones, transaction } from './database';
import { receive } from './inbox';
import { recordOptOut } from './opt-outs';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
afterEach(() =>
  db.pool.query(
    `truncate contacts, contact_locations, contact_history, inbox_events, workflow_starts, opt_outs,
       opt_out_history, opt_out_mirrors, audit_entries`,
  ),
);

const at = (time: string) => new Date(`2026-07-23T${time}:00Z`);
const event = (time: string, change: Partial<ContactChange>) =>
  received(
    { eventType: `contact.${change.what}`, kind: 'contact_changed', messageUid: null, at: at(time) },
    { kind: 'contact_changed', change: contactChange(change), optOuts: [], cleared: [] },
  );
const take = (...events: ReturnType<typeof event>[]) => receive(db.pool, events, context);
const statuses = async (...events: ReturnType<typeof event>[]) =>
  (await take(...events)).map(({ status }) => status);
const merged = (time: string, mergedUid: string, uid: string, phones = [JANE]) =>
  event(time, { what: 'merged', uid, mergedUid, phones });
const deleted = (time: string, uid: string, phones = [JANE]) => event(time, { what: 'deleted', uid, phones });
const updated = (time: string, uid: string, change: Partial<ContactChange> = {}) =>
  event(time, { what: 'updated', uid, phones: [JANE], ...change });
const janeIs = (podiumUid: string | null, name: string | null = 'Jane') =>
  saveContact(db.pool, { phone: JANE, podiumUid, name, locationUid: NORTHSIDE });
const optOut = () =>
  recordOptOut(db.pool, {
    ...{ phone: JANE, phoneHash: testHash(JANE), wish: 'opt_out', source: 'text', actor: 'customer' },
    ...{ rule: null, locationUid: NORTHSIDE, messageUid: null, at: at('09:00') },
  });
const uid = async (phone = JANE) => (await contactOf(db.pool, phone))?.podiumUid;
const history = async () =>
  (await contactHistory(db.pool, JANE)).map(({ change, podiumUid, intoUid }) =>
    [change, podiumUid, ...(intoUid ? [intoUid] : [])].join(' '),
  );

describe('a merge', () => {
  it('points the mirror to the contact that is left, and the history shows both', async () => {
    await janeIs('a');
    expect(await statuses(merged('10:00', 'a', 'b'))).toEqual(['accepted']);
    expect(await uid()).toBe('b');
    expect(await history()).toEqual(['linked a', 'merged a b', 'linked b']);
    expect(await contactOf(db.pool, JANE)).toMatchObject({ locationUids: [NORTHSIDE] });
  });

  it('is followed by the uid alone, for each of the phones that the contact had', async () => {
    await janeIs('a');
    await saveContact(db.pool, { phone: JOHN, podiumUid: 'a', name: null, locationUid: BAYVIEW });
    await take(merged('10:00', 'a', 'b', []));
    expect([await uid(), await uid(JOHN)]).toEqual(['b', 'b']);
  });

  it('leaves the mirror where it points to the contact that is left, or to another one', async () => {
    await janeIs('b');
    await take(merged('10:00', 'a', 'b'), merged('10:01', 'x', 'y'));
    expect(await uid()).toBe('b');
  });

  it('of nobody whom we know is ignored', async () => {
    expect(await statuses(merged('10:00', 'a', 'b'))).toEqual(['ignored']);
  });

  it.each([
    ['in order', [merged('10:00', 'a', 'b'), merged('10:01', 'b', 'c')]],
    ['the other way round', [merged('10:01', 'b', 'c'), merged('10:00', 'a', 'b')]],
    ['twice', [merged('10:00', 'a', 'b'), merged('10:01', 'b', 'c'), merged('10:00', 'a', 'b')]],
    ['with the deletion of what was merged first', [deleted('10:00', 'a'), merged('10:00', 'a', 'c')]],
    ['with an older word of the one that is gone', [merged('10:01', 'a', 'c'), updated('10:00', 'a')]],
    ['with a younger word of the one that is gone', [merged('10:01', 'a', 'c'), updated('10:02', 'a')]],
  ])('is followed to its end, told %s', async (_, events) => {
    await janeIs('a');
    for (const each of events)
      await take({ ...each, event: { ...each.event, eventId: String(Math.random()) } });
    expect(await uid()).toBe('c');
  });

  it('that is told in a circle does no harm', async () => {
    await janeIs('a');
    await take(merged('10:00', 'a', 'b'), merged('10:01', 'b', 'a'));
    expect(['a', 'b']).toContain(await uid());
  });

  it('is not undone by an answer of Podium that is out of date', async () => {
    await janeIs('a');
    await take(merged('10:00', 'a', 'b'));
    await janeIs('a');
    expect(await uid()).toBe('b');
  });
});

describe('a deletion', () => {
  it('leaves no uid, and the store to be seen to again; the history stays', async () => {
    await janeIs('a');
    await take(deleted('10:00', 'a'));
    expect(await contactOf(db.pool, JANE)).toEqual({ podiumUid: null, name: 'Jane', locationUids: [] });
    expect(await namesByStore(db.pool, JANE)).toMatchObject([
      { locationUid: NORTHSIDE, goneAt: expect.any(Date) },
    ]);
    expect(await history()).toEqual(['linked a', 'deleted a']);
  });

  it('of a twin leaves the contact alone', async () => {
    await janeIs('a');
    await take(deleted('10:00', 'twin'));
    expect(await uid()).toBe('a');
  });

  it('is followed by the contact that Podium has next', async () => {
    await janeIs('a');
    await take(
      deleted('10:00', 'a'),
      event('10:01', { what: 'created', uid: 'b', phones: [JANE], locationUids: [NORTHSIDE] }),
    );
    expect(await contactOf(db.pool, JANE)).toMatchObject({ podiumUid: 'b', locationUids: [NORTHSIDE] });
  });

  it('is not undone by what happened before it', async () => {
    await janeIs('a');
    await take(
      deleted('10:00', 'a'),
      updated('09:00', 'a'),
      updated('10:01', 'a'),
      updated('09:00', 'other'),
    );
    expect(await uid()).toBeNull();
  });
});

describe('an update', () => {
  it('renames the contact, unless something younger has', async () => {
    await janeIs('a');
    await take(updated('10:00', 'a', { name: 'Jane Citizen' }), updated('09:00', 'a', { name: 'J.' }));
    expect(await contactOf(db.pool, JANE)).toMatchObject({ name: 'Jane Citizen' });
    expect(await history()).toEqual(['linked a', 'renamed a']);
  });

  it('tells the uid of a contact that could not be read yet', async () => {
    await janeIs(null);
    await take(event('10:00', { what: 'created', uid: 'a', phones: [JANE] }));
    expect(await uid()).toBe('a');
  });

  it('that takes the phone from the contact leaves it to be found anew', async () => {
    await janeIs('a');
    const change = { phones: [JOHN], formerPhones: [JANE] };
    await take(updated('10:00', 'a', change), updated('09:00', 'a'));
    expect(await uid()).toBeNull();
    expect(await history()).toEqual(['linked a', 'phone_removed a']);
  });

  it('of a twin neither renames nor re-points', async () => {
    await janeIs('a');
    await take(updated('10:00', 'twin', { name: 'J.' }));
    expect(await contactOf(db.pool, JANE)).toMatchObject({ podiumUid: 'a', name: 'Jane' });
  });
});

it('is followed by batches that race, without one waiting for the other', async () => {
  await janeIs('a');
  await saveContact(db.pool, { phone: JOHN, podiumUid: 'j', name: null, locationUid: BAYVIEW });
  const batches = Array.from({ length: 20 }, (_, i) => {
    const both = [updated('10:00', 'a', { phones: [] }), updated('10:00', 'j', { phones: [] })];
    return take(...(i % 2 ? both : both.reverse()));
  });
  await expect(Promise.all(batches)).resolves.toHaveLength(20);
});

it.each([
  ['an answer of Podium', () => janeIs('b')],
  ['an event that names the contact and not the phone', () => take(merged('10:00', 'a', 'b', []))],
])('waits with %s for who is at work on the phone, and holds up nobody meanwhile', async (_, write) => {
  await janeIs('a');
  await optOut();
  await db.pool.query("update opt_out_mirrors set state = 'told'");
  let writing: Promise<unknown> = Promise.resolve();
  await transaction(db.pool, async (client) => {
    await lockPhones(client, [JANE]);
    await client.query('update opt_out_mirrors set attempts = 1');
    writing = write();
    writing.catch(() => undefined);
    await eventually('the other one to wait', async () => {
      const { rowCount } = await db.pool.query(
        "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
      );
      return rowCount === 1;
    });
    await client.query('select from contacts for update');
  });
  await writing;
  expect(await uid()).toBe('b');
});

describe('a batch of events that change next to nothing', () => {
  const phones = Array.from({ length: 200 }, (_, i) => `+614001234${String(i).padStart(3, '0')}`);
  const known = (i: number, time: string, name: string) =>
    received(
      { eventType: 'contact.updated', kind: 'contact_changed', messageUid: null, at: at(time) },
      {
        kind: 'contact_changed',
        change: contactChange({ uid: `c${i}`, phones: [phones[i]!], name }),
        optOuts: i % 2 === 0 ? [{ phone: phones[i]!, at: at('09:00') }] : [],
        cleared: i % 2 === 1 ? [{ phone: phones[i]!, at: at(time), shown: false }] : [],
      },
    );
  const all = (time: string, name: string) => phones.map((_, i) => known(i, time, name));

  it('costs as many statements as one event', async () => {
    for (const [i, phone] of phones.entries())
      await saveContact(db.pool, { phone, podiumUid: `c${i}`, name: 'A', locationUid: NORTHSIDE });
    await take(...all('10:00', 'A'));
    const statements = async (...events: ReturnType<typeof event>[]) => {
      const query = jest.spyOn(Client.prototype, 'query');
      await take(...events);
      const count = query.mock.calls.length;
      query.mockRestore();
      return count;
    };
    const one = await statements(known(0, '10:01', 'B'));
    const many = await statements(...all('10:02', 'B').slice(1));
    expect(one).toBeGreaterThan(5);
    expect(many).toBeLessThanOrEqual(one + 1); // another one looks whether Podium's opt-outs are gone
    const { rows } = await db.pool.query(
      'select distinct name, podium_at from contacts where phone_e164 > $1',
      [phones[0]],
    );
    expect(rows).toEqual([{ name: 'B', podium_at: at('10:02') }]);
  });
});

it('has Podium told of the opt-out once more when another contact has taken the place', async () => {
  await janeIs('a');
  await optOut();
  await db.pool.query("update opt_out_mirrors set state = 'told'");
  await db.pool.query('truncate workflow_starts');
  await take(merged('10:00', 'a', 'b'));
  const { rows } = await db.pool.query('select workflow_type from workflow_starts');
  expect(rows).toEqual([{ workflow_type: 'optOutMirror' }]);
});
