import type { ApplicationFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { PodiumError } from '../podium/api';
import { contactOf, namesByStore, saveContact, wantMissingContact } from '../store/contacts';
import { transaction } from '../store/database';
import { writeNotes } from '../store/notes';
import { isOptedOut } from '../store/opt-out-states';
import { recordOptOut, type OptOutChange } from '../store/opt-outs';
import { podiumDependencies } from '../test/support/activity-parts';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { FakePodium } from '../test/support/fake-podium';
import { BAYVIEW, JANE, JOHN, MARY, NORTHSIDE, testHash } from '../test/support/received';
import { createPodiumActivities } from './podium-activities';

let database: TestDatabase;
let podium: FakePodium;
beforeAll(async () => (database = await createTestDatabase()));
afterAll(() => database?.drop());
beforeEach(() => (podium = new FakePodium(() => Promise.resolve(Date.now()))));

type Activities = ReturnType<typeof createPodiumActivities>;

function run<Name extends keyof Activities>(
  name: Name,
  args: Parameters<Activities[Name]>,
  attempt = 1,
): Promise<unknown> {
  const { pool } = database;
  const deps = podiumDependencies(pool, podium);
  const activity = createPodiumActivities(deps)[name] as (...all: unknown[]) => Promise<unknown>;
  return new MockActivityEnvironment({ attempt }, { logger: new DefaultLogger('ERROR') }).run(
    activity,
    ...args,
  );
}

const contact = (phone: string, locationUids: string[], optedOutAt: Date | null = null) => ({
  ...{ uid: `uid of ${phone}`, name: 'Jane', phones: [phone], locationUids, optedOutAt },
  ...{ conversationUids: [], updatedAt: null },
});

async function note(options: { close?: boolean; body?: string | null; conversationUid?: string | null }) {
  const key = String(Math.random());
  await transaction(database.pool, (client) =>
    writeNotes(client, [
      {
        ...{ key, phone: JANE, locationUid: NORTHSIDE, workflowId: null, body: 'Please call.', close: false },
        ...{ conversationUid: 'conversation', ...options },
      },
    ]),
  );
  const { rows } = await database.pool.query<{ id: string }>(
    'select id from agent_notes where note_key = $1',
    [key],
  );
  return rows[0]!.id;
}

describe('a contact', () => {
  test('that is at this location is mirrored', async () => {
    podium.contacts.push(contact(JANE, [NORTHSIDE]));
    expect(await run('findContact', [{ phone: JANE, locationUid: NORTHSIDE }])).toBe(true);
    expect(await contactOf(database.pool, JANE)).toEqual({
      ...{ podiumUid: `uid of ${JANE}`, name: 'Jane', locationUids: [NORTHSIDE] },
    });
  });

  test('that is at another location only has to be added to this one', async () => {
    podium.contacts.push(contact(JOHN, [BAYVIEW]));
    expect(await run('findContact', [{ phone: JOHN, locationUid: NORTHSIDE }])).toBe(false);
    expect(await contactOf(database.pool, JOHN)).toMatchObject({ locationUids: [] });
    expect(await run('createContact', [{ phone: JOHN, locationUid: NORTHSIDE, name: 'John' }])).toBe(true);
    expect((await contactOf(database.pool, JOHN))?.locationUids).toEqual([NORTHSIDE]);
  });

  test('keeps its name when it is added to a store where the customer is called otherwise', async () => {
    const phone = '+14155550101';
    podium.contacts.push(contact(phone, [BAYVIEW]));
    await run('findContact', [{ phone, locationUid: NORTHSIDE }]);
    await run('createContact', [{ phone, locationUid: NORTHSIDE, name: 'Website visitor' }]);
    expect(podium.calls.at(-1)).toMatchObject({ method: 'createContact', args: [{ name: 'Jane' }] });
    expect(await namesByStore(database.pool, phone)).toMatchObject([{ name: 'Website visitor' }]);
  });

  test('that has no name yet gets the one that the customer gives', async () => {
    const phone = '+14155550102';
    await run('createContact', [{ phone, locationUid: NORTHSIDE, name: 'Website visitor' }]);
    await run('createContact', [{ phone, locationUid: BAYVIEW, name: 'Jane' }]);
    expect(podium.calls.at(-1)).toMatchObject({ args: [{ name: 'Jane' }] });
    expect(await contactOf(database.pool, phone)).toMatchObject({ name: 'Jane' });
  });

  test('whose opt-out Podium holds is opted out with us', async () => {
    podium.contacts.push(contact(MARY, [NORTHSIDE], new Date()));
    await run('findContact', [{ phone: MARY, locationUid: NORTHSIDE }]);
    expect(await isOptedOut(database.pool, MARY)).toBe(true);
  });

  test('that somebody else created is read again, as often as the settings say', async () => {
    const customer = { phone: '+14155550100', locationUid: NORTHSIDE };
    podium.fail('createContact', new PodiumError('conflict', '409', { mayHaveHappened: false }), 1);
    expect(await run('createContact', [{ ...customer, name: 'Jane' }])).toBe(false);
    await expect(run('readWinningContact', [customer], 2)).rejects.toMatchObject({ nonRetryable: false });
    expect(await run('readWinningContact', [customer], 3)).toBe(false);
    podium.contacts.push(contact(customer.phone, [BAYVIEW]));
    expect(await run('readWinningContact', [customer], 1)).toBe(true);
  });
});

describe('a note', () => {
  test('is posted once', async () => {
    const id = await note({});
    await run('postNote', [id]);
    await run('postNote', [id]);
    expect(podium.notes).toEqual([{ conversationUid: 'conversation', body: 'Please call.' }]);
  });

  describe('whose conversation is not known', () => {
    const refusedCode = async (id: string) =>
      (await database.pool.query('select refused_code from agent_notes where id = $1', [id])).rows[0];
    const unknown = () =>
      podium.fail('addNote', new PodiumError('not_found', '404', { mayHaveHappened: false }), 1);

    test('goes where the contact has one, and so does the close', async () => {
      podium.contacts.push({ ...contact(JANE, [NORTHSIDE]), conversationUids: ['found'] });
      podium.show('found', NORTHSIDE);
      const id = await note({ conversationUid: null, close: true });
      await run('postNote', [id]);
      await run('closeConversation', [id]);
      expect(podium.notes).toMatchObject([{ conversationUid: 'found' }]);
      expect(podium.closed).toEqual(['found']);
    });

    test('to Podium goes where the contact has another one', async () => {
      podium.contacts.push({ ...contact(JANE, [NORTHSIDE]), conversationUids: ['conversation', 'found'] });
      podium.show('conversation', NORTHSIDE);
      podium.show('found', NORTHSIDE);
      unknown();
      const id = await note({});
      await run('postNote', [id]);
      expect(podium.notes).toMatchObject([{ conversationUid: 'found' }]);
      expect(await refusedCode(id)).toEqual({ refused_code: null });
    });

    describe('at a store of two', () => {
      beforeEach(() => {
        const conversationUids = ['at Bayview', 'by e-mail', 'untold', 'gone', 'at Northside'];
        podium.contacts.push({ ...contact(JANE, [BAYVIEW, NORTHSIDE]), conversationUids });
        podium.show('at Bayview', BAYVIEW);
        podium.show('by e-mail', NORTHSIDE);
        podium.listed.at(-1)!.channel = 'email';
        podium.show('untold', null);
      });

      test('goes into the one that Podium shows at this store, by text', async () => {
        podium.show('at Northside', NORTHSIDE);
        await run('postNote', [await note({ conversationUid: null })]);
        expect(podium.notes).toMatchObject([{ conversationUid: 'at Northside' }]);
      });

      test('is waited for while there is another one only', async () => {
        const id = await note({ conversationUid: null });
        await expect(run('postNote', [id])).rejects.toMatchObject({ type: 'no_conversation' });
        expect(podium.notes).toEqual([]);
      });

      test('since a merge has taken it away closes none of the other store', async () => {
        podium.fail('closeConversation', new PodiumError('not_found', '404', { mayHaveHappened: false }), 1);
        const id = await note({ close: true });
        await expect(run('closeConversation', [id])).rejects.toMatchObject({ nonRetryable: true });
        expect(podium.closed).toEqual([]);
      });

      test('is taken from the contact of this store, where each has its own', async () => {
        podium.readConversation = null;
        const [both] = podium.contacts.splice(0);
        podium.contacts.push({ ...both!, locationUids: [BAYVIEW], conversationUids: ['at Bayview'] });
        const id = await note({ conversationUid: null });
        await expect(run('postNote', [id])).rejects.toMatchObject({ type: 'no_conversation' });
        podium.contacts[0]!.locationUids = [NORTHSIDE];
        podium.contacts[0]!.conversationUids = ['at Northside'];
        await run('postNote', [id]);
        expect(podium.notes).toMatchObject([{ conversationUid: 'at Northside' }]);
      });
    });

    test('nor found at this store is given up, with the reason in its row', async () => {
      podium.contacts.push({ ...contact(JANE, [BAYVIEW]), conversationUids: ['of another store'] });
      podium.show('of another store', BAYVIEW);
      unknown();
      const id = await note({});
      await expect(run('postNote', [id])).rejects.toMatchObject({ nonRetryable: true });
      expect(podium.notes).toEqual([]);
      expect(await refusedCode(id)).toEqual({ refused_code: 'no_conversation' });
    });

    test('yet is waited for, ever longer, for a day', async () => {
      const id = await note({ conversationUid: null });
      const soon = (await run('postNote', [id]).catch((error: unknown) => error)) as ApplicationFailure;
      expect(soon.nonRetryable).toBe(false);
      expect(Number(soon.nextRetryDelay)).toBeGreaterThanOrEqual(5_000);
      expect(Number(soon.nextRetryDelay)).toBeLessThan(60_000);
      const aged = (interval: string) =>
        database.pool.query('update agent_notes set created_at = created_at - $2::interval where id = $1', [
          id,
          interval,
        ]);
      await aged('10 minutes');
      const later = (await run('postNote', [id]).catch((error: unknown) => error)) as ApplicationFailure;
      expect(Number(later.nextRetryDelay)).toBeGreaterThanOrEqual(600_000);
      podium.contacts.push({ ...contact(JANE, [NORTHSIDE]), conversationUids: ['begun'] });
      podium.show('begun', NORTHSIDE);
      await run('postNote', [id]);
      expect(podium.notes).toMatchObject([{ conversationUid: 'begun' }]);

      podium.contacts.length = 0;
      const other = await note({ conversationUid: null });
      await database.pool.query(
        "update agent_notes set created_at = now() - interval '25 hours' where id = $1",
        [other],
      );
      await expect(run('postNote', [other])).rejects.toMatchObject({ nonRetryable: true });
      expect(await refusedCode(other)).toEqual({ refused_code: 'no_conversation' });
    });

    test('since Podium is away is tried again', async () => {
      podium.fail('findContact', new PodiumError('server', '500', { mayHaveHappened: false }), 1);
      const id = await note({ conversationUid: null });
      await expect(run('postNote', [id])).rejects.toMatchObject({ nonRetryable: false });
      expect(await refusedCode(id)).toEqual({ refused_code: null });
    });
  });

  test('closes the conversation only when it says so', async () => {
    await run('closeConversation', [await note({})]);
    expect(podium.closed).toEqual([]);
    await run('closeConversation', [await note({ close: true })]);
    expect(podium.closed).toEqual(['conversation']);
  });

  test('closes nothing when the customer has written again', async () => {
    const id = await note({ close: true });
    await database.pool.query("update agent_notes set workflow_id = 'webchat:1' where id = $1", [id]);
    await database.pool.query(
      "insert into sessions (workflow_id, phone_e164, location_uid, status) values ('webchat:1', $1, $2, 'active')",
      [JANE, NORTHSIDE],
    );
    await run('closeConversation', [id]);
    expect(podium.closed).toEqual([]);
  });
});

test('an opt-out is told to Podium, unless it has been superseded', async () => {
  const change: Omit<OptOutChange, 'wish' | 'at'> = {
    ...{ phone: JOHN, phoneHash: testHash(JOHN), source: 'text', actor: 'customer', rule: null },
    ...{ locationUid: NORTHSIDE, messageUid: null },
  };
  const out = await recordOptOut(database.pool, { ...change, wish: 'opt_out', at: new Date(1_000) });
  await run('mirrorOptOut', [out.historyId]);
  expect(podium.optOuts).toMatchObject([{ phone: JOHN, locationUid: NORTHSIDE, optedOut: true }]);
  await recordOptOut(database.pool, { ...change, wish: 'opt_in', at: new Date(2_000) });
  await run('mirrorOptOut', [out.historyId]);
  expect(podium.optOuts).toHaveLength(1);
});

test('an opt-in is not told while Podium’s opt-out after it is in doubt', async () => {
  const phone = '+14155550104';
  const change = { phone, phoneHash: testHash(phone), rule: null, locationUid: NORTHSIDE, messageUid: null };
  const at = new Date();
  const [customer, by] = [
    { ...change, source: 'text', actor: 'customer' } as const,
    { ...change, source: 'podium', actor: 'podium', contactUid: 'c-1' } as const,
  ];
  const { historyId } = await recordOptOut(database.pool, { ...customer, wish: 'opt_in', at });
  await recordOptOut(database.pool, { ...by, wish: 'opt_out', at: new Date(at.getTime() + 1_000) });
  await run('mirrorOptOut', [historyId]);
  expect(podium.optOuts).toEqual([]);
});

test('a contact that is erased while it is made or read does not come back', async () => {
  const phone = '+14155550105';
  await transaction(database.pool, (client) => wantMissingContact(client, { phone, locationUid: NORTHSIDE }));
  const idOf = async () =>
    (await database.pool.query('select contact_id as id from contacts where phone_e164 = $1', [phone]))
      .rows[0].id;
  const erase = () => database.pool.query('delete from contacts where phone_e164 = $1', [phone]);
  jest.spyOn(podium, 'createContact').mockImplementationOnce(async () => {
    await erase();
    return { uid: null };
  });
  await run('makeContact', [{ contactId: await idOf(), locationUid: NORTHSIDE }]);
  expect(await contactOf(database.pool, phone)).toBeNull();

  await saveContact(database.pool, { phone, podiumUid: null, name: null, locationUid: NORTHSIDE });
  jest.spyOn(podium, 'findContact').mockImplementationOnce(async () => {
    await erase();
    return contact(phone, [NORTHSIDE]);
  });
  expect(await run('readContact', [await idOf()])).toBe(true);
  expect(await contactOf(database.pool, phone)).toBeNull();
});

describe('an opt-out is told', () => {
  const phone = '+14155550103';
  const record = (optedOut: boolean) =>
    recordOptOut(database.pool, {
      ...{
        phone,
        phoneHash: testHash(phone),
        wish: optedOut ? 'opt_out' : 'opt_in',
        source: 'text',
        actor: 'customer',
        rule: null,
      },
      ...{ locationUid: NORTHSIDE, messageUid: null, at: new Date() },
    });
  const notFound = () => new PodiumError('not_found', '404', { mayHaveHappened: false });

  test('by the contact that Podium has, when the one that we know is gone', async () => {
    await saveContact(database.pool, { phone, podiumUid: 'gone', name: null, locationUid: NORTHSIDE });
    podium.contacts.push(contact(phone, [NORTHSIDE]));
    podium.fail('setOptOut', notFound(), 1);
    await run('mirrorOptOut', [(await record(true)).historyId]);
    expect(podium.optOuts).toMatchObject([{ phone, contactUid: `uid of ${phone}` }]);
  });

  test('of the state that counts by now, when an attempt of unknown outcome was overtaken', async () => {
    await record(false);
    const { historyId } = await record(true);
    podium.fail('setOptOut', 'lost answer', 1);
    await expect(run('mirrorOptOut', [historyId])).rejects.toMatchObject({ nonRetryable: false });
    await record(false);
    await database.pool.query('truncate workflow_starts');
    await run('mirrorOptOut', [historyId], 2);
    const { rows } = await database.pool.query('select args from workflow_starts');
    expect(rows).toEqual([{ args: [{ historyId: historyId + 1 }] }]);
  });
});
