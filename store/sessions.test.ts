import { randomUUID } from 'node:crypto';
import type { PartialState } from '../core/session';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import {
  BAYVIEW,
  context,
  customerMessage,
  JANE,
  JOHN,
  NORTHSIDE,
  storeMessage,
  testHash,
  workflowIdOf,
} from '../test/support/received';
import { contactToMake, saveContact } from './contacts';
import { receive } from './inbox';
import { transaction, type Pool } from './database';
import { markPosted, noteToPost, writeNotes } from './notes';
import { claimSessions, settleClaim } from './relay';
import { closeSession, customerIsBack, type SessionClose } from './session-close';
import { openSession } from './session-opening';
import { saveProgress, type SessionProgress } from './session-progress';
import { findSession } from './sessions';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
afterEach(() =>
  db.pool.query(
    `truncate inbox_events, sessions, partial_answers, agent_notes, workflow_starts, opt_outs, opt_out_history,
              audit_entries, contacts, contact_locations, widget_imports`,
  ),
);

const keyOf = (phone = JANE, locationUid = NORTHSIDE) => ({
  workflowId: workflowIdOf(phone, locationUid),
  phone,
  locationUid,
});
const someAnswers: PartialState = {
  answers: [{ questionId: 'topic', label: 'Topic', value: 'A test drive' }],
  waitingFor: 'name',
  askedAgain: false,
};

const say = (options = {}) => receive(db.pool, [customerMessage(options)], context);
async function relayed() {
  for (const claim of await claimSessions(db.pool, 10, 60_000)) await settleClaim(db.pool, claim);
}
const open = (firstRunId: string, key = keyOf()) => openSession(db.pool, { ...key, firstRunId }, 30);
const save = (progress: Partial<SessionProgress> = {}) =>
  saveProgress(db.pool, {
    ...{ ...keyOf(), handledNumber: 1, status: 'active', lastMessageAt: null, partial: null, notes: [] },
    ...{ conversationUid: null, waitsForPerson: null, ...progress },
  });
const close = (closing: Partial<SessionClose> = {}) =>
  closeSession(db.pool, {
    ...{ ...keyOf(), phoneHash: testHash(JANE), handledNumber: 1, reason: 'idle', partial: null, note: null },
    ...{ closeConversation: false, conversationUid: null, ...closing },
  });
const rows = async (table: string) => (await db.pool.query(`select * from ${table}`)).rows;
/** Whether the customer has come back since the first close was wanted. */
const isBack = async () => {
  const [{ id }] = (await db.pool.query('select id from agent_notes order by created_at limit 1')).rows;
  return customerIsBack(db.pool, { ...keyOf(), id });
};

describe('a contact that a session could not have', () => {
  const wanted = async () =>
    (await rows('workflow_starts'))
      .filter(({ workflow_type }) => workflow_type === 'contactMaking')
      .map(({ args }) => args[0]);

  it('is wanted at the end, by ids alone, with the name of the last message there', async () => {
    await say({ name: 'J. Citizen' });
    await say({ name: 'Jane Citizen' });
    await relayed();
    expect(await wanted()).toEqual([]);
    expect(await close({ handledNumber: 2 })).toEqual({ closed: true });
    const [missing] = await wanted();
    expect(missing).toEqual({ contactId: expect.any(String), locationUid: NORTHSIDE });
    expect(await contactToMake(db.pool, missing)).toEqual({ phone: JANE, name: 'Jane Citizen' });
    await saveContact(db.pool, { phone: JANE, podiumUid: 'p-1', name: null, locationUid: NORTHSIDE });
    expect(await contactToMake(db.pool, missing)).toBeNull();
  });

  it('is the concern of the session that goes on', async () => {
    await say();
    await relayed();
    await say(); // not seen by the session
    expect(await close()).toEqual({ closed: false });
    expect(await wanted()).toEqual([]);
  });

  it.each(['known', 'deleted in Podium'])('is not wanted when it is %s', async (state) => {
    await say();
    await relayed();
    await saveContact(db.pool, { phone: JANE, podiumUid: 'p-1', name: null, locationUid: NORTHSIDE });
    if (state !== 'known') await db.pool.query('update contact_locations set gone_at = now()');
    await close();
    expect(await wanted()).toEqual([]);
  });
});

describe('a session that begins', () => {
  it('learns who it is, how far an earlier one came, and what is known of the customer', async () => {
    for (let i = 0; i < 7; i++) await say();
    await relayed();
    await save({ handledNumber: 7 });
    await saveContact(db.pool, { phone: JANE, podiumUid: 'p-1', name: null, locationUid: BAYVIEW });
    expect(await open('run-1')).toEqual({
      sessionUid: expect.any(String),
      handledNumber: 7,
      restored: null,
      undealt: [],
      optedOut: false,
      contactKnown: false,
    });
    await saveContact(db.pool, { phone: JANE, podiumUid: 'p-1', name: null, locationUid: NORTHSIDE });
    await say({ stop: true });
    expect(await open('run-1')).toMatchObject({ optedOut: true, contactKnown: true });
  });

  it('is given what was delivered to a run that ended before it had dealt with it', async () => {
    for (const text of ['One', 'Two', 'Three']) await say({ text });
    await relayed();
    await save({ handledNumber: 1 });
    await say({ text: 'Not delivered yet' });
    expect((await open('run-2')).undealt).toMatchObject([
      { number: 2, text: 'Two', from: 'customer' },
      { number: 3, text: 'Three', from: 'customer' },
    ]);
    await save({ handledNumber: 3 });
    expect((await open('run-3')).undealt).toEqual([]);
  });

  it('is given no more than an answer of Temporal may hold, and then the youngest', async () => {
    for (const text of ['a', 'b', 'c']) await say({ text: text.repeat(400_000) });
    for (let i = 0; i < 3; i++) await relayed();
    expect((await open('run-2')).undealt.map(({ number }) => number)).toEqual([2, 3]);
  });

  it('gets a row when somebody started its workflow by hand', async () => {
    const [one, other] = await Promise.all([open('run-1'), open('run-1')]);
    expect(one.sessionUid).toBe(other.sessionUid);
    expect(await findSession(db.pool, JANE, NORTHSIDE)).toMatchObject({ status: 'active', handledNumber: 0 });
  });
});

describe('answers of an unfinished intake', () => {
  beforeEach(async () => {
    await say();
    await relayed();
    await close({ partial: someAnswers });
    await say();
  });

  it('come back to one execution, and to the same one again after a crash', async () => {
    expect(await open('run-1')).toMatchObject({ restored: someAnswers });
    expect(await open('run-1')).toMatchObject({ restored: someAnswers });
    expect(await open('run-2')).toMatchObject({ restored: null });
  });

  it('come back to one of several executions that ask at once', async () => {
    const restored = await Promise.all(['run-1', 'run-2', 'run-3', 'run-4'].map((run) => open(run)));
    expect(restored.filter((opening) => opening.restored !== null)).toHaveLength(1);
  });

  it('come back to nobody else, neither at another store nor on another phone', async () => {
    expect(await open('run-1', keyOf(JANE, BAYVIEW))).toMatchObject({ restored: null });
    expect(await open('run-1', keyOf(JOHN, NORTHSIDE))).toMatchObject({ restored: null });
    expect(await open('run-1')).toMatchObject({ restored: someAnswers });
  });

  it('wait once more when they are persisted anew, and are gone when they are forgotten', async () => {
    await open('run-1');
    await save({ partial: { ...someAnswers, waitingFor: null } });
    expect(await open('run-2')).toMatchObject({ restored: { ...someAnswers, waitingFor: null } });
    await save({ partial: null });
    expect(await open('run-3')).toMatchObject({ restored: null });
  });

  it('are not used up by an execution that a repeated signal starts after the close', async () => {
    await relayed();
    await close({ handledNumber: 2, partial: someAnswers });
    expect(await open('phantom')).toMatchObject({ restored: null, handledNumber: 2 });
    await say();
    expect(await open('run-2')).toMatchObject({ restored: someAnswers });
  });

  it('come back to nobody once they are so old that the phone may have a new owner', async () => {
    await db.pool.query(`update partial_answers set saved_at = now() - interval '31 days'`);
    expect(await open('run-1')).toMatchObject({ restored: null });
  });
});

describe('progress', () => {
  it('never moves back', async () => {
    for (let i = 0; i < 5; i++) await say();
    await relayed();
    const [early, late] = [new Date('2026-07-23T10:00:00Z'), new Date('2026-07-23T11:00:00Z')];
    await save({ handledNumber: 5, lastMessageAt: late, conversationUid: 'c-1', status: 'warned' });
    await save({ handledNumber: 3, lastMessageAt: early });
    expect(await findSession(db.pool, JANE, NORTHSIDE)).toMatchObject({
      handledNumber: 5,
      lastMessageAt: late,
      conversationUid: 'c-1',
      status: 'warned',
    });
  });

  it('of a run that was overtaken takes no answer away, and opens no session that is closed', async () => {
    for (const text of ['One', 'Two']) await say({ text });
    await relayed();
    await save({ handledNumber: 2, partial: someAnswers });
    await save({ handledNumber: 1, partial: null });
    expect((await rows('partial_answers')).map(({ state }) => state)).toEqual([someAnswers]);
    await close({ handledNumber: 2, partial: someAnswers });
    await save({ handledNumber: 2, partial: null, status: 'warned' });
    expect(await rows('sessions')).toMatchObject([{ status: 'closed', close_reason: 'idle' }]);
    expect((await rows('partial_answers')).map(({ state }) => state)).toEqual([someAnswers]);
  });

  it('of somebody who was erased meanwhile brings nothing back', async () => {
    await save({ partial: someAnswers });
    await close({ partial: someAnswers });
    expect([await rows('sessions'), await rows('partial_answers')]).toEqual([[], []]);
  });

  it("tells when Podium's contact is gone from the store, until it is there again", async () => {
    const contact = { phone: JANE, podiumUid: 'p-1', name: null, locationUid: NORTHSIDE };
    await say();
    await saveContact(db.pool, contact);
    expect(await save()).toMatchObject({ contactGone: false });
    await db.pool.query('update contact_locations set gone_at = now()');
    expect(await save()).toMatchObject({ contactGone: true });
    await saveContact(db.pool, contact);
    expect(await save()).toMatchObject({ contactGone: false });
  });

  it('never moves beyond what the relay has given, whatever number a person makes up', async () => {
    await say();
    await relayed();
    expect(await save({ handledNumber: 999_999 })).toEqual({ handledNumber: 1, contactGone: false });
    await close({ handledNumber: 999_999 });
    expect(await findSession(db.pool, JANE, NORTHSIDE)).toMatchObject({ handledNumber: 1 });
  });

  it('writes a note once, however often it is repeated, and wants the workflow that posts it', async () => {
    await say({ conversationUid: 'c-1' });
    const notes = [{ key: 'answers:1', body: 'Topic: a test\0drive' }];
    await save({ notes });
    await save({ notes });
    const [note, ...others] = await rows('agent_notes');
    expect(others).toEqual([]);
    expect(await rows('workflow_starts')).toMatchObject([
      { workflow_type: 'agentNote', workflow_id: `agent-note:${note.id}`, args: [{ noteId: note.id }] },
    ]);
    expect(await noteToPost(db.pool, note.id)).toEqual({
      ...{
        ...keyOf(),
        id: note.id,
        conversationUid: 'c-1',
        body: 'Topic: a test\uFFFDdrive',
        close: false,
        postedAt: null,
        createdAt: expect.any(Date),
      },
    });
    await markPosted(db.pool, note.id);
    expect(await noteToPost(db.pool, note.id)).toMatchObject({ postedAt: expect.any(Date) });
  });
});

describe('a close that Podium has not heard of yet', () => {
  beforeEach(async () => {
    await say();
    await relayed();
    await close({ closeConversation: true });
  });

  it('is void once another session is closed, whose conversation may have to stay open', async () => {
    await say();
    await relayed();
    expect(await isBack()).toBe(true);
    expect(await close({ handledNumber: 2, reason: 'completed' })).toEqual({ closed: true });
    expect(await isBack()).toBe(true);
  });

  it.each([
    ['a text that begins no session', {}],
    ['one that is a wish', { stop: true }],
  ])('is void once the customer has written %s', async (_, options) => {
    await say({ webchat: false, ...options });
    expect(await findSession(db.pool, JANE, NORTHSIDE)).toMatchObject({ status: 'closed' });
    expect(await isBack()).toBe(true);
  });

  it('stands whatever is said to the customer, by others, or at another store', async () => {
    await receive(db.pool, [storeMessage(), storeMessage({ senderUid: null })], context);
    await say({ webchat: false, locationUid: BAYVIEW });
    await say({ webchat: false, phone: JOHN });
    expect(await isBack()).toBe(false);
  });

  it('stands when Podium tells of what the widget has brought there', async () => {
    await db.pool.query(
      `insert into widget_imports (id, phone_e164, phone_hash, location_uid, body_hash, message_uid, status, event_id, reopen, written_at)
       values (gen_random_uuid(), $1, 'hash', $2, '', 'm-1', 'imported', 'e-1', false, now())`,
      [JANE, NORTHSIDE],
    );
    await say({ webchat: false, messageUid: 'm-1' });
    expect(await isBack()).toBe(false);
  });

  it('of an operator stands, however long the session has been closed, and whatever was written before', async () => {
    await say({ webchat: false });
    const note = { ...keyOf(), key: 'wait_ended', conversationUid: null, body: 'By: kim.', close: true };
    await transaction(db.pool, (client) => writeNotes(client, [note]));
    await db.pool.query('delete from agent_notes where note_key <> $1', [note.key]);
    expect(await isBack()).toBe(false);
  });

  it('is looked at without reading the inbox whole', async () => {
    const client = await db.pool.connect();
    try {
      await client.query('set enable_seqscan = off');
      const plan: string[] = [];
      const query = async (statement: string, values: unknown[]) => {
        const { rows } = await client.query(`explain (costs off) ${statement}`, values);
        plan.push(...rows.map((row) => row['QUERY PLAN']));
        return { rowCount: 0 };
      };
      await customerIsBack({ query } as unknown as Pool, { ...keyOf(), id: randomUUID() });
      expect(plan.join('\n')).toContain('inbox_events_customer');
      expect(plan.join('\n')).not.toContain('Seq Scan');
    } finally {
      client.release(true);
    }
  });
});

describe('a close', () => {
  const note = { key: 'close:1', body: 'The chat was closed.' };

  it('keeps the answers, wants note and close in Podium, and has one entry in the audit', async () => {
    await say();
    await relayed();
    await saveContact(db.pool, { phone: JANE, podiumUid: 'p-1', name: null, locationUid: NORTHSIDE });
    const closing = { note, closeConversation: true, partial: someAnswers, conversationUid: 'c-1' };
    expect(await close(closing)).toEqual({ closed: true });
    expect(await close(closing)).toEqual({ closed: true }); // the activity is tried again
    expect(await findSession(db.pool, JANE, NORTHSIDE)).toMatchObject({
      status: 'closed',
      closeReason: 'idle',
      closedAt: expect.any(Date),
    });
    expect(await rows('agent_notes')).toMatchObject([
      { body: note.body, close: true, conversation_uid: 'c-1' },
    ]);
    expect(await rows('workflow_starts')).toHaveLength(1);
    expect(await rows('audit_entries')).toMatchObject([
      { kind: 'session_closed', phone_hash: testHash(JANE), details: { reason: 'idle' } },
    ]);
    expect(await isBack()).toBe(false);
  });

  it('that knows nothing of the answers lets the stored ones wait for the next session', async () => {
    await say();
    await relayed();
    await save({ partial: someAnswers });
    await open('a run that is terminated');
    await close({ partial: undefined });
    await say();
    expect(await open('run-2')).toMatchObject({ restored: someAnswers });
  });

  it('of a run that knows less than the store opens nothing again, and takes no answer away', async () => {
    for (const text of ['One', 'Two', 'Three']) await say({ text });
    await relayed();
    // Persisted by a workflow task that was lost then: the one that replaces it ends the session before it.
    await save({ handledNumber: 3, partial: someAnswers });
    await close({ handledNumber: 3, reason: 'opted_out', partial: someAnswers });
    expect(await close({ handledNumber: 1, reason: 'opted_out', partial: null })).toEqual({ closed: true });
    expect(await rows('sessions')).toMatchObject([{ status: 'closed', handled_number: 3 }]);
    expect((await rows('partial_answers')).map(({ state }) => state)).toEqual([someAnswers]);
  });

  it('of a run that is gone leaves to the next one what it was given and has not dealt with', async () => {
    for (const text of ['One', 'Two']) await say({ text });
    await relayed();
    await save({ handledNumber: 1 });
    expect(await close({ reason: 'terminated', deliveredNumber: 2 })).toEqual({ closed: true });
    await say({ text: 'Three' });
    await relayed();
    expect((await open('run-2')).undealt.map(({ text }) => text)).toEqual(['Two', 'Three']);
  });

  it('of a run that is gone does not happen while a message comes that was not delivered to it', async () => {
    await say();
    await relayed();
    await say();
    await relayed();
    expect(await close({ reason: 'terminated', deliveredNumber: 1 })).toEqual({ closed: false });
  });

  describe('by somebody who saw that no workflow runs', () => {
    const unchanged = async (close: () => Promise<{ closed: boolean }>) => {
      const before = await rows('sessions');
      expect(await close()).toEqual({ closed: false });
      expect(await rows('sessions')).toEqual(before);
      expect((await rows('audit_entries')).filter(({ details }) => details.reason === 'terminated')).toEqual(
        [],
      );
      expect((await rows('agent_notes')).filter(({ body }) => body === note.body)).toEqual([]);
    };
    const terminated = (openSessionUid: string, deliveredNumber = 1) =>
      close({ reason: 'terminated', openSessionUid, deliveredNumber, note, closeConversation: false });
    const uid = async () => (await findSession(db.pool, JANE, NORTHSIDE))!.sessionUid;

    it('closes the session that was meant, and tells of it', async () => {
      await say();
      await relayed();
      expect(await terminated(await uid())).toEqual({ closed: true });
      expect(await rows('audit_entries')).toMatchObject([{ details: { session: await uid() } }]);
      expect(await rows('agent_notes')).toMatchObject([{ body: note.body }]);
    });

    it('leaves no trace where it has closed by itself, or another one has begun since', async () => {
      await say();
      await relayed();
      const seen = await uid();
      await close();
      await unchanged(() => terminated(seen));
      await say();
      await relayed();
      await unchanged(() => terminated(seen, 2));
    });

    it('leaves no trace where a message waits that goes on with it', async () => {
      await say();
      await relayed();
      await say();
      await unchanged(async () => terminated(await uid()));
    });
  });

  it('is in the audit once for a session, and not while it goes on', async () => {
    await say();
    await relayed();
    await say();
    expect(await close()).toEqual({ closed: false });
    expect(await rows('audit_entries')).toEqual([]);
    await relayed();
    await close({ handledNumber: 2 });
    await close({ handledNumber: 1, reason: 'forced' });
    expect(await rows('audit_entries')).toMatchObject([
      { kind: 'session_closed', details: { reason: 'idle' } },
    ]);
  });

  it('closes the conversation without a note too', async () => {
    await say();
    await relayed();
    await close({ closeConversation: true });
    expect(await rows('agent_notes')).toMatchObject([{ body: null, close: true }]);
  });

  it.each([
    ['is not relayed yet', async () => undefined],
    ['is relayed, but not seen by the workflow', relayed],
  ])('leaves the session open when a message %s', async (_, meanwhile) => {
    await say();
    await relayed();
    await say();
    await meanwhile();
    expect(await close({ closeConversation: true })).toEqual({ closed: false });
    expect(await findSession(db.pool, JANE, NORTHSIDE)).toMatchObject({ status: 'active', closedAt: null });
    expect(await isBack()).toBe(true);
    await relayed();
    expect(await close({ handledNumber: 2 })).toEqual({ closed: true });
  });

  it('does not wait for a relay that has signalled its messages and not settled yet', async () => {
    await say();
    const [claim] = await claimSessions(db.pool, 1, 60_000);
    expect(await close()).toEqual({ closed: true });
    await settleClaim(db.pool, claim!);
    expect(await findSession(db.pool, JANE, NORTHSIDE)).toMatchObject({ status: 'closed' });
    expect(await claimSessions(db.pool, 1, 60_000)).toEqual([]);
  });

  it('is open exactly when a message waits that came at the same moment', async () => {
    for (let i = 0; i < 25; i++) {
      await say();
      await relayed();
      await Promise.all([close(), say({ webchat: false })]);
      const waiting = await db.pool.query(`select from inbox_events where status = 'pending'`);
      const session = await findSession(db.pool, JANE, NORTHSIDE);
      expect(session!.status).toBe(waiting.rowCount ? 'active' : 'closed');
      await db.pool.query('truncate inbox_events, sessions');
    }
  });
});
