import { PodiumError } from '../podium/api';
import { contactOf, saveContact } from '../store/contacts';
import { SESSION_QUEUE } from '../core/session';
import { transaction } from '../store/database';
import { writeNotes } from '../store/notes';
import { mirrorOf, settleMirror } from '../store/opt-out-mirrors';
import { blockOf, isOptedOut } from '../store/opt-out-states';
import { recordOptOut } from '../store/opt-outs';
import { eventually } from '../test/support/eventually';
import { JANE, JOHN, MARY, NORTHSIDE, testHash } from '../test/support/received';
import { MINUTE, SECOND, SessionRig } from '../test/support/session-rig';

let rig: SessionRig;
beforeAll(async () => (rig = await SessionRig.start()));
afterAll(() => rig?.stop());
afterEach(() => rig.podium.recover());

async function note(key: string, body: string | null, close: boolean): Promise<string> {
  await transaction(rig.database.pool, (client) =>
    writeNotes(client, [
      {
        ...{ key, body, close, phone: JANE, locationUid: NORTHSIDE },
        ...{ workflowId: null, conversationUid: key },
      },
    ]),
  );
  const { rows } = await rig.database.pool.query<{ id: string }>(
    'select id from agent_notes where note_key = $1',
    [key],
  );
  return rows[0]!.id;
}

const start = (type: string, args: object) =>
  rig.env.client.workflow.start(type, {
    ...{ taskQueue: SESSION_QUEUE, workflowId: `${type}:${JSON.stringify(args)}`, args: [args] },
  });
/** Runs a workflow to its end; the clock jumps over its waits. */
const run = async (type: string, args: object) => (await start(type, args)).result();

test('a note is posted, and closes its conversation when it says so', async () => {
  await run('agentNote', { noteId: await note('first', 'Please call.', false) });
  await run('agentNote', { noteId: await note('second', 'All said.', true) });
  expect(rig.podium.notes).toEqual([
    { conversationUid: 'first', body: 'Please call.' },
    { conversationUid: 'second', body: 'All said.' },
  ]);
  expect(rig.podium.closed).toEqual(['second']);
});

test('a note takes as long as Podium needs', async () => {
  rig.podium.fail('addNote', new PodiumError('server', '500', { mayHaveHappened: true }), 12);
  await run('agentNote', { noteId: await note('third', 'At last.', false) });
  expect(rig.podium.notes).toContainEqual({ conversationUid: 'third', body: 'At last.' });
});

test('a note that Podium refuses for good does not keep the conversation open', async () => {
  rig.podium.fail('addNote', new PodiumError('not_found', '404', { mayHaveHappened: false }));
  await run('agentNote', { noteId: await note('fourth', 'Lost.', true) });
  expect(rig.podium.closed).toContain('fourth');
});

describe('an opt-out', () => {
  const record = async (phone: string) => {
    const change = { phone, phoneHash: testHash(phone), wish: 'opt_out', source: 'text' } as const;
    const place = { actor: 'customer', rule: null, locationUid: NORTHSIDE, messageUid: null };
    const { historyId } = await recordOptOut(rig.database.pool, { ...change, ...place, at: new Date() });
    return historyId;
  };
  const told = () => rig.podium.optOuts.map(({ phone }) => phone);
  const mirror = (phone: string) => mirrorOf(rig.database.pool, phone);

  test('is told to Podium; where Podium does not permit that, it is noted, and told once it does', async () => {
    rig.podium.fail('setOptOut', new PodiumError('not_permitted', '403', { mayHaveHappened: false }), 2);
    const [jane, john] = [await record(JANE), await record(JOHN)];
    await run('optOutMirror', { historyId: jane });
    await run('optOutMirror', { historyId: john });
    expect(told()).toEqual([]);
    expect(await mirror(JANE)).toMatchObject({ state: 'not_permitted', errorCode: 'not_permitted' });

    await rig.database.pool.query('truncate workflow_starts');
    await run('optOutMirrorRetry', {});
    await run('optOutMirror', { historyId: jane });
    const { rows } = await rig.database.pool.query('select args from workflow_starts order by id');
    expect(rows.map(({ args }) => args[0].historyId)).toEqual([jane, john]);
    await run('optOutMirror', { historyId: john });
    expect(told()).toEqual([JANE, JOHN]);
    expect(await mirror(JANE)).toMatchObject({ state: 'told', notPermittedSince: null });
  });

  test('is told for as long as it takes', async () => {
    rig.podium.fail('setOptOut', new PodiumError('server', '503', { mayHaveHappened: true }), 40);
    await run('optOutMirror', { historyId: await record(MARY) });
    expect(told()).toContain(MARY);
    expect(await mirror(MARY)).toMatchObject({ state: 'told', attempts: 41, errorCode: null });
  });

  test('that Podium refuses for good is left at that, and the operator sees why', async () => {
    const nobody = '+14155550188';
    rig.podium.fail('setOptOut', new PodiumError('not_found', '404', { mayHaveHappened: false }));
    await run('optOutMirror', { historyId: await record(nobody) });
    expect(await mirror(nobody)).toMatchObject({ state: 'refused', errorCode: 'not_found' });
  });

  test('for a phone that is at no store waits for one', async () => {
    const nowhere = '+14155550189';
    const historyId = await record(nowhere);
    await rig.database.pool.query('update opt_out_history set location_uid = null where id = $1', [
      historyId,
    ]);
    await run('optOutMirror', { historyId });
    expect(await mirror(nowhere)).toMatchObject({ state: 'refused', errorCode: 'no_location', attempts: 0 });
  });
});

describe('a contact that Podium has accepted', () => {
  const created = async (phone: string) => {
    await saveContact(rig.database.pool, { phone, podiumUid: null, name: 'Jane', locationUid: NORTHSIDE });
    const { rows } = await rig.database.pool.query<{ id: string }>(
      'select contact_id as id from contacts where phone_e164 = $1',
      [phone],
    );
    return rows[0]!.id;
  };
  const contact = (phone: string, optedOutAt: Date | null) => ({
    ...{
      uid: `uid of ${phone}`,
      name: 'Jane',
      phones: [phone],
      locationUids: [NORTHSIDE],
      conversationUids: [],
    },
    ...{ optedOutAt, updatedAt: null },
  });
  const readings = () => rig.podium.calls.filter(({ method }) => method === 'findContact').length;

  test('is read until it is there, with the opt-out that it has', async () => {
    const phone = '+14155550190';
    const [contactId, before] = [await created(phone), readings()];
    const reading = await start('contactReading', { contactId });
    await rig.until((await rig.now()) + 2 * SECOND); // and no farther: nobody waits for its result yet
    await eventually('a first reading', () => readings() > before);
    rig.podium.contacts.push(contact(phone, new Date()));
    await reading.result();
    expect(await contactOf(rig.database.pool, phone)).toMatchObject({ podiumUid: `uid of ${phone}` });
    expect(await isOptedOut(rig.database.pool, phone)).toBe(true);
  });

  test('is not read when an event has told of it', async () => {
    const phone = '+14155550191';
    const contactId = await created(phone);
    await saveContact(rig.database.pool, { phone, podiumUid: 'told', name: null, locationUid: NORTHSIDE });
    const before = readings();
    await run('contactReading', { contactId });
    expect(readings()).toBe(before);
  });

  test('and never gives is given up after a day', async () => {
    const [contactId, before, from] = [await created('+14155550192'), readings(), await rig.now()];
    await run('contactReading', { contactId });
    expect(readings() - before).toBe(8);
    expect((await rig.now()) - from).toBeGreaterThan(24 * 60 * MINUTE);
  });
});

describe('an opt-out that Podium tells of shortly after an opt-in', () => {
  const record = async (phone: string, wish: 'opt_out' | 'opt_in', source: 'text' | 'podium') => {
    const change = { phone, phoneHash: testHash(phone), wish, source, actor: 'customer' } as const;
    const place = { rule: null, locationUid: NORTHSIDE, messageUid: null, at: new Date() };
    const contactUid = `uid of ${phone}`;
    return (await recordOptOut(rig.database.pool, { ...change, ...place, contactUid })).historyId;
  };
  /** @returns the entry in doubt */
  const inDoubt = async (phone: string) => {
    const historyId = await record(phone, 'opt_in', 'text');
    await settleMirror(rig.database.pool, historyId, { kind: 'told' });
    return record(phone, 'opt_out', 'podium');
  };
  const atPodium = (phone: string, optedOutAt: Date | null) =>
    rig.podium.contacts.push({
      ...{ uid: `uid of ${phone}`, name: 'Jane', phones: [phone], locationUids: [NORTHSIDE] },
      ...{ conversationUids: [], optedOutAt, updatedAt: null },
    });
  const block = (phone: string) => blockOf(rig.database.pool, phone);

  test.each([
    ['+14155550171', 'holds no more', false],
    ['+14155550172', 'still holds', true],
  ])('of %s is looked at once more 75 s later: one that Podium %s', async (phone, _, holds) => {
    const historyId = await inDoubt(phone);
    atPodium(phone, holds ? new Date() : null);
    expect(await block(phone)).toBe('unsettled');
    const began = await rig.now();
    await run('optOutSecondLook', { historyId });
    expect((await rig.now()) - began).toBeGreaterThanOrEqual(75_000);
    expect(await block(phone)).toBe(holds ? 'opted_out' : null);
  });

  test('counts where Podium does not let itself be asked', async () => {
    const phone = '+14155550173';
    const historyId = await inDoubt(phone);
    rig.podium.fail('findContact', new PodiumError('invalid', '422', { mayHaveHappened: false }), 1);
    await run('optOutSecondLook', { historyId });
    expect(await block(phone)).toBe('opted_out');
  });
});
