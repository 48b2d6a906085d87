/** Into a Podium that answers as it likes, from a true database. */
import { ApplicationFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { notImportedNote, typedOptInNote } from '../core/agent-note';
import { PodiumError } from '../podium/api';
import { receive } from '../store/inbox';
import { isOptedOut } from '../store/opt-out-states';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { FakePodium } from '../test/support/fake-podium';
import { BAYVIEW, context, customerMessage, JANE, NORTHSIDE } from '../test/support/received';
import { importMessage, showImport } from './import-message';

const silent = new DefaultLogger('ERROR', () => undefined);

let db: TestDatabase;
let podium: FakePodium;

beforeAll(async () => {
  db = await createTestDatabase();
});
beforeEach(async () => {
  await db.pool.query(
    'truncate inbox_events, sessions, opt_outs, widget_imports, widget_conversations, widget_replies, workflow_starts, agent_notes, audit_entries',
  );
  podium = new FakePodium(async () => Date.now());
});
afterAll(() => db.drop());

/** A message of the widget comes in. @returns the id of its import; undefined where there is none */
async function written(text = 'Is it raining there?', more: object = {}): Promise<string | undefined> {
  await receive(
    db.pool,
    [customerMessage({ contract: 'widget', eventType: 'widget.message', text, ...more })],
    context,
  );
  const { rows } = await db.pool.query<{ id: string }>(
    'select id from widget_imports order by written_at desc limit 1',
  );
  return rows[0]?.id;
}

const attempt = (id: string) =>
  new MockActivityEnvironment({}, { logger: silent }).run(importMessage, { pool: db.pool, podium }, id);

const show = (id: string) =>
  new MockActivityEnvironment({}, { logger: silent }).run(showImport, { pool: db.pool, podium }, id);

async function row() {
  const { rows } = await db.pool.query<
    Record<'status' | 'message_uid' | 'error_code', string | null> & { attempts: number }
  >('select status, message_uid, error_code, attempts from widget_imports');
  return rows[0];
}
async function audit(): Promise<string[]> {
  const { rows } = await db.pool.query<{ kind: string }>(
    "select kind from audit_entries where kind like 'message_%'",
  );
  return rows.map(({ kind }) => kind);
}
const imports = () => podium.calls.filter(({ method }) => method === 'importMessage').length;
const unreachable = () => new PodiumError('unreachable', 'no answer', { mayHaveHappened: true });

/** Podium shows a contact with one conversation, and these messages in it. */
function inPodium(
  ...messages: { body: string; at: Date | null; uid?: string; direction?: 'inbound' | 'outbound' }[]
) {
  podium.contacts.push({
    ...{ uid: 'c1', name: null, phones: [JANE], locationUids: [NORTHSIDE], conversationUids: ['v1'] },
    ...{ optedOutAt: null, updatedAt: null },
  });
  podium.show('v1', NORTHSIDE);
  podium.conversations.set(
    'v1',
    messages.map(({ uid = 'm1', direction = 'inbound', ...rest }) => ({
      ...{ uid, direction, senderUid: null, hasFile: false },
      ...rest,
    })),
  );
}

test("a message stands in the inbox as the customer's, with its time, in a conversation that agents see", async () => {
  const receivedAt = new Date('2026-01-02T03:04:05.678Z');
  const id = (await written('Hello', { name: 'Jane Citizen', receivedAt }))!;
  await attempt(id);
  await attempt(id);
  await show(id);
  await show(id);
  expect(podium.imported).toEqual([
    {
      ...{ phone: JANE, locationUid: NORTHSIDE, contactName: 'Jane Citizen', direction: 'inbound' },
      ...{ body: 'Hello', at: receivedAt },
    },
  ]);
  expect(podium.opened).toHaveLength(1);
  expect(await row()).toMatchObject({ status: 'imported', attempts: 1 });
  expect(await audit()).toEqual(['message_imported']);
});

test('of unknown outcome it is looked for before it is tried again, and found', async () => {
  const at = new Date();
  const id = (await written('Hello', { receivedAt: at }))!;
  podium.fail('importMessage', unreachable(), 1);
  await expect(attempt(id)).rejects.toThrow(ApplicationFailure);
  inPodium({ body: 'Hello', at });
  await attempt(id);
  expect(imports()).toBe(1);
  expect(await row()).toMatchObject({ status: 'imported', message_uid: 'm1' });
});

describe('its conversation is opened', () => {
  const throttled = new PodiumError('throttled', 'later', { status: 429, mayHaveHappened: false });

  test('at the next try, where Podium could not just then', async () => {
    const id = (await written('Hello'))!;
    await attempt(id);
    podium.fail('openConversation', throttled, 1);
    await expect(show(id)).rejects.toMatchObject({ nonRetryable: false });
    await show(id);
    expect(podium.opened).toEqual([`conversation of ${JANE}`]);
    expect(imports()).toBe(1);
  });

  test('where the message was found', async () => {
    const at = new Date();
    const id = (await written('Hello', { receivedAt: at }))!;
    podium.fail('importMessage', unreachable(), 1);
    await expect(attempt(id)).rejects.toThrow();
    inPodium({ body: 'Hello', at });
    await attempt(id);
    await show(id);
    expect(podium.opened).toEqual(['v1']);
  });

  test('where its event came first', async () => {
    const id = (await written('Hello'))!;
    podium.fail('importMessage', unreachable(), 1);
    await expect(attempt(id)).rejects.toThrow();
    const echo = { text: 'Hello', webchat: false, receivedAt: new Date(), messageUid: 'm7' };
    await receive(db.pool, [customerMessage(echo)], context);
    await attempt(id);
    await expect(show(id)).rejects.toMatchObject({ nonRetryable: false, type: 'no_conversation' });
    inPodium();
    await show(id);
    expect(podium.opened).toEqual(['v1']);
  });
});

test('of two with the same words that look at once, each gets a message of its own', async () => {
  const at = new Date();
  const ids = [(await written('Yes', { receivedAt: at }))!];
  ids.push((await written('Yes', { receivedAt: new Date(at.getTime() + 1_000) }))!);
  await db.pool.query('update widget_imports set attempts = 1, tried_since = now()');
  inPodium({ body: 'Yes', at, uid: 'm1' });
  // Both have read Podium's list before either has settled.
  let arrived = 0;
  const listMessages = podium.listMessages;
  const bothHaveRead = new Promise<void>((resolve) => {
    podium.listMessages = async (uid) => {
      const messages = await listMessages(uid);
      if (++arrived === 2) resolve();
      await bothHaveRead;
      return messages;
    };
  });
  const outcomes = await Promise.allSettled(ids.map((id) => attempt(id)));
  for (const [i, { status }] of outcomes.entries()) if (status === 'rejected') await attempt(ids[i]!);
  expect(podium.imported).toHaveLength(1);
});

test.each([
  ['is not there', []],
  ['is one that we have sent', [{ body: 'Hello', at: new Date(), direction: 'outbound' as const }]],
  ['is of another time', [{ body: 'Hello', at: new Date(Date.now() - 600_000) }]],
])('of unknown outcome it is tried again where what is found %s', async (_, messages) => {
  const id = (await written('Hello'))!;
  podium.fail('importMessage', unreachable(), 1);
  await expect(attempt(id)).rejects.toThrow();
  inPodium(...messages);
  await attempt(id);
  expect(podium.imported).toHaveLength(1);
});

test('of unknown outcome it is not taken for the same words at another store, whose conversation stays as it is', async () => {
  const at = new Date();
  const id = (await written('Hello', { receivedAt: at }))!;
  podium.fail('importMessage', unreachable(), 1);
  await expect(attempt(id)).rejects.toThrow();
  inPodium({ body: 'Hello', at });
  podium.listed[0]!.locationUid = BAYVIEW;
  await attempt(id);
  await show(id);
  expect(podium.imported).toHaveLength(1);
  expect(podium.opened).toEqual([`conversation of ${JANE}`]);
});

test('while nobody can tell, it is not tried again', async () => {
  const id = (await written('Hello'))!;
  podium.fail('importMessage', unreachable(), 1);
  await expect(attempt(id)).rejects.toThrow();
  podium.fail('findContact', unreachable());
  await expect(attempt(id)).rejects.toThrow();
  expect(imports()).toBe(1);
});

test('two with the same words are two, though the answer to each is lost', async () => {
  const at = new Date();
  const first = (await written('Yes', { receivedAt: at }))!;
  await db.pool.query(`update widget_imports set attempts = 1, tried_since = now()`);
  const second = (await written('Yes', { receivedAt: new Date(at.getTime() + 1_000) }))!;
  await db.pool.query(`update widget_imports set attempts = 1, tried_since = now() where id = $1`, [second]);
  inPodium({ body: 'Yes', at, uid: 'm1' });
  await attempt(first);
  await attempt(second);
  expect(podium.imported).toHaveLength(1); // the second one, which was not there
});

describe('a "yes" that nobody had to answer', () => {
  const saysYes = () => written('Yes', { said: { wish: 'opt_in', rule: 'keyword', mayAnswer: true } });
  const optsOut = () =>
    receive(db.pool, [customerMessage({ text: 'STOP', webchat: false, stop: true })], context);

  test('is kept out of Podium once its phone has opted out, and the agent is told', async () => {
    const id = (await saysYes())!;
    await optsOut();
    await attempt(id);
    await attempt(id);
    expect(imports()).toBe(0);
    expect(await row()).toMatchObject({ status: 'refused', error_code: 'ERR_WEBCHAT_009' });
    const { rows } = await db.pool.query<{ body: string }>('select body from agent_notes');
    expect(rows.filter(({ body }) => body === typedOptInNote())).toHaveLength(1);
  });

  test('is kept out where nobody knows what became of an attempt before, whose event is known all the same', async () => {
    const id = (await saysYes())!;
    podium.fail('importMessage', unreachable(), 1);
    await expect(attempt(id)).rejects.toThrow();
    await optsOut();
    await attempt(id);
    expect(imports()).toBe(1);
    expect(await row()).toMatchObject({ status: 'refused', error_code: 'ERR_WEBCHAT_009' });
    const said = { wish: 'opt_in', rule: 'keyword', mayAnswer: true } as const;
    await receive(
      db.pool,
      [customerMessage({ text: 'Yes', webchat: false, said, messageUid: 'm9' })],
      context,
    );
    expect(await row()).toMatchObject({ status: 'imported', error_code: null, message_uid: 'm9' });
    expect(await isOptedOut(db.pool, JANE)).toBe(true);
  });

  test('is kept out by a STOP that comes while its turn at Podium is waited for', async () => {
    const id = (await saysYes())!;
    podium.prepare = async () => {
      await optsOut();
    };
    await attempt(id);
    expect(imports()).toBe(0);
  });

  test('waits while Podium is asked whether its phone has opted out', async () => {
    const id = (await saysYes())!;
    await db.pool.query(
      'insert into opt_outs (phone_e164, opted_out, version, second_look_id) values ($1, false, 1, 1)',
      [JANE],
    );
    await expect(attempt(id)).rejects.toMatchObject({ type: 'unsettled', nonRetryable: false });
    expect(await row()).toMatchObject({ status: 'pending', attempts: 0 });
  });

  test('is imported where it has not, and so are other words where it has', async () => {
    await attempt((await saysYes())!);
    expect(imports()).toBe(1);
    const other = (await written('Is it raining there?'))!;
    await optsOut();
    await attempt(other);
    expect(imports()).toBe(2);
  });
});

async function notes(): Promise<string[]> {
  const { rows } = await db.pool.query<{ body: string }>('select body from agent_notes');
  return rows.map(({ body }) => body);
}

test('what Podium never takes is read by an agent in a note: it stands nowhere else', async () => {
  const id = (await written('Is the red one still there?'))!;
  podium.fail('importMessage', new PodiumError('not_permitted', 'no', { mayHaveHappened: false }), 1);
  await attempt(id);
  await attempt(id);
  expect(await notes()).toEqual([notImportedNote('Is the red one still there?', { mayBeThere: false })]);
});

describe('of unknown outcome', () => {
  async function lost(): Promise<string> {
    const id = (await written('Hello'))!;
    podium.fail('importMessage', unreachable(), 1);
    await expect(attempt(id)).rejects.toThrow(ApplicationFailure);
    inPodium();
    return id;
  }

  test('and in a conversation that is gone meanwhile, it is imported again', async () => {
    const id = await lost();
    podium.fail('listMessages', new PodiumError('not_found', 'gone', { mayHaveHappened: false }), 1);
    await attempt(id);
    expect(await row()).toMatchObject({ status: 'imported', attempts: 2 });
  });

  test('and where Podium never tells, the agent gets the words, and it is not imported again', async () => {
    const id = await lost();
    podium.fail(
      'listMessages',
      new PodiumError('invalid', 'pages in a circle', { mayHaveHappened: false }),
      1,
    );
    await attempt(id);
    await attempt(id);
    expect(await row()).toMatchObject({ status: 'refused', error_code: 'outcome_unknown' });
    expect(await notes()).toEqual([notImportedNote('Hello', { mayBeThere: true })]);
  });
});

test('what Podium never takes is refused once, and what it may take later comes again', async () => {
  const id = (await written('Hello'))!;
  podium.fail(
    'importMessage',
    new PodiumError('throttled', 'later', { status: 429, mayHaveHappened: false }),
    1,
  );
  await expect(attempt(id)).rejects.toMatchObject({ nonRetryable: false });
  podium.fail('importMessage', new PodiumError('invalid', 'no', { status: 400, mayHaveHappened: false }));
  await attempt(id);
  await attempt(id);
  expect(podium.calls.filter(({ method }) => method === 'findContact')).toEqual([]); // nothing had to be looked for
  expect(await row()).toMatchObject({ status: 'refused', attempts: 2 });
  expect(await audit()).toEqual(['message_import_refused']);
});

describe('what Podium refuses', () => {
  const refusal = () => new PodiumError('not_permitted', 'no', { status: 403, mayHaveHappened: false });
  const agentNotesWanted = async () => {
    const { rows } = await db.pool.query(
      "select from workflow_starts where workflow_id in (select 'agent-note:' || id from agent_notes)",
    );
    return rows.length;
  };

  test('is told to the agent word for word, message by message', async () => {
    podium.fail('importMessage', refusal());
    const ids = [(await written('Is it\nraining?'))!];
    await attempt(ids[0]!);
    ids.push((await written('Is it\nraining?', { receivedAt: new Date(Date.now() + 1_000) }))!);
    for (const id of ids) await attempt(id);
    const note = notImportedNote('Is it\nraining?', { mayBeThere: false });
    expect(note).toContain('Is it\nraining?');
    expect(await notes()).toEqual([note, note]);
    expect(await agentNotesWanted()).toBe(2);
  });

  test('is told to nobody once its person is erased', async () => {
    const id = (await written('Hello'))!;
    podium.importMessage = async () => {
      await db.pool.query('delete from widget_imports where id = $1', [id]);
      throw refusal();
    };
    await attempt(id);
    expect(await notes()).toEqual([]);
  });

  describe('to tell after an attempt of unknown outcome', () => {
    const gone = () => new PodiumError('not_found', 'gone', { status: 404, mayHaveHappened: false });
    const circle = () => new PodiumError('invalid', 'a circle', { mayHaveHappened: false });

    /** The contact has another conversation, which is read first, and fails. */
    async function unknown(error: PodiumError, ...messages: Parameters<typeof inPodium>): Promise<string> {
      const id = (await written('Hello'))!;
      podium.fail('importMessage', unreachable(), 1);
      await expect(attempt(id)).rejects.toThrow();
      inPodium(...messages);
      podium.contacts[0]!.conversationUids.unshift('v0');
      podium.show('v0', NORTHSIDE);
      podium.fail('listMessages', error, 1);
      return id;
    }

    test.each([
      ['is gone', gone()],
      ['cannot be read', circle()],
    ])('is looked for in the other conversations where one %s', async (_, error) => {
      const id = await unknown(error, { body: 'Hello', at: new Date() });
      await attempt(id);
      expect(await row()).toMatchObject({ status: 'imported', message_uid: 'm1' });
      expect(imports()).toBe(1);
    });

    test('is told to the agent, and its event is known all the same', async () => {
      await attempt(await unknown(circle()));
      expect(imports()).toBe(1);
      expect(await row()).toMatchObject({ status: 'refused', error_code: 'outcome_unknown' });
      expect(await notes()).toEqual([notImportedNote('Hello', { mayBeThere: true })]);
      const echo = { text: 'Hello', webchat: false, receivedAt: new Date(), messageUid: 'm7' };
      await receive(db.pool, [customerMessage(echo)], context);
      expect(await row()).toMatchObject({ status: 'imported', error_code: null, message_uid: 'm7' });
      expect(await audit()).toEqual(['message_import_refused', 'message_imported']);
    });

    test("is no reason to take the customer's own words for it where the first attempt was refused", async () => {
      podium.fail('importMessage', refusal());
      await attempt((await written('Hello'))!);
      const own = { text: 'Hello', webchat: false, receivedAt: new Date(), messageUid: 'm7' };
      await receive(db.pool, [customerMessage(own)], context);
      expect(await row()).toMatchObject({ status: 'refused', message_uid: null });
    });
  });
});

test.each([
  ['a file without words', '', {}],
  ["Podium's own chat", 'Hello', { contract: 'published', eventType: 'message.received' }],
])('%s is not imported', async (_, text, more) => {
  expect(await written(text, more)).toBeUndefined();
});

describe("the event of Podium's that follows", () => {
  const echo = (more: object = {}) =>
    customerMessage({ text: 'Hello', webchat: false, receivedAt: new Date(), ...more });
  const messages = async () => {
    const { rows } = await db.pool.query<{ status: string }>(
      "select status from inbox_events where contract <> 'widget' order by id",
    );
    return rows.map(({ status }) => status);
  };

  test('is known by its uid, and does nothing', async () => {
    await attempt((await written('Hello'))!);
    const messageUid = (await row())!.message_uid;
    await receive(db.pool, [echo({ messageUid })], context);
    expect(await messages()).toEqual(['recorded']);
    // The same words by text are the customer's own.
    await receive(db.pool, [echo()], context);
    expect(await messages()).toEqual(['recorded', 'pending']);
  });

  test('settles an import whose answer was lost, once', async () => {
    const id = (await written('Hello'))!;
    podium.fail('importMessage', unreachable(), 1);
    await expect(attempt(id)).rejects.toThrow();
    await receive(db.pool, [echo({ messageUid: 'm7' })], context);
    expect(await messages()).toEqual(['recorded']);
    expect(await row()).toMatchObject({ status: 'imported', message_uid: 'm7' });
    await attempt(id);
    expect(imports()).toBe(1);
    await receive(db.pool, [echo()], context);
    expect(await messages()).toEqual(['recorded', 'pending']);
    expect(await audit()).toEqual(['message_imported']);
  });

  test('is not seen in the same words by text, at another time than the one that Podium was given', async () => {
    const id = (await written('Hello', { receivedAt: new Date(Date.now() - 3_600_000) }))!;
    podium.fail('importMessage', unreachable(), 1);
    await expect(attempt(id)).rejects.toThrow();
    await receive(db.pool, [echo()], context);
    expect(await messages()).toEqual(['pending']);
    expect(await row()).toMatchObject({ status: 'pending' });
    // Where the event has no time of its own, the same words are the import's.
    await receive(db.pool, [echo({ at: null })], context);
    expect(await row()).toMatchObject({ status: 'imported' });
  });

  describe('of an attempt that was not to be found, and came late,', () => {
    const writtenAt = new Date(Date.now() - 30 * 60_000);
    const doubled = async () => {
      const { rows } = await db.pool.query<{ details: object }>(
        "select details from audit_entries where kind = 'import_doubled'",
      );
      return rows.map(({ details }) => details);
    };

    /** The answer to the first attempt is lost, and the second one works. @returns its message's uid */
    async function importedTwice(more: object = {}): Promise<string> {
      const id = (await written('Hello', { receivedAt: writtenAt, ...more }))!;
      podium.fail('importMessage', unreachable(), 1);
      await expect(attempt(id)).rejects.toThrow();
      await attempt(id);
      return (await row())!.message_uid!;
    }

    test('does nothing, and the audit has both', async () => {
      const messageUid = await importedTwice();
      await receive(db.pool, [echo({ messageUid: 'late', at: writtenAt })], context);
      await receive(db.pool, [echo({ messageUid, at: writtenAt })], context);
      await receive(db.pool, [echo({ messageUid: 'late', at: writtenAt })], context);
      expect(new Set(await messages())).toEqual(new Set(['recorded']));
      expect(await doubled()).toEqual([{ message: 'late', besides: messageUid }]);
    });

    test('does nothing where it comes first, either', async () => {
      const id = (await written('Hello', { receivedAt: writtenAt }))!;
      podium.fail('importMessage', unreachable(), 2);
      for (const _ of [1, 2]) await expect(attempt(id)).rejects.toThrow();
      for (const messageUid of ['early', 'late'])
        await receive(db.pool, [echo({ messageUid, at: writtenAt })], context);
      expect(await messages()).toEqual(['recorded', 'recorded']);
      expect(await doubled()).toEqual([{ message: 'late', besides: 'early' }]);
    });

    test('leaves the browser what persons of the store write', async () => {
      const here = { browser: 'ab'.repeat(32), webchat: true };
      await importedTwice(here);
      await receive(db.pool, [echo({ messageUid: 'late', at: writtenAt })], context);
      await db.pool.query('delete from sessions');
      await written('Hello again', here);
      const { rows } = await db.pool.query('select private, persons_private from widget_conversations');
      expect(rows).toEqual([{ private: false, persons_private: false }]);
    });

    test.each([
      ['has another time', { at: new Date() }],
      ['has no time of its own', { at: null }],
      ['has other words', { at: writtenAt, text: 'Hello?' }],
    ])("is not seen in the customer's own text, which %s", async (_, more) => {
      const messageUid = await importedTwice();
      await receive(db.pool, [echo({ messageUid, at: writtenAt })], context);
      await receive(db.pool, [echo({ messageUid: 'own', ...more })], context);
      expect(await messages()).toEqual(['recorded', 'pending']);
      expect(await doubled()).toEqual([]);
    });

    test('is seen once for each attempt', async () => {
      await importedTwice();
      for (const messageUid of ['late', 'own'])
        await receive(db.pool, [echo({ messageUid, at: writtenAt })], context);
      expect(await messages()).toEqual(['recorded', 'pending']);
    });

    test('is not seen where the attempt before is known to have done nothing', async () => {
      const id = (await written('Hello', { receivedAt: writtenAt }))!;
      const throttled = new PodiumError('throttled', 'later', { status: 429, mayHaveHappened: false });
      podium.fail('importMessage', throttled, 1);
      await expect(attempt(id)).rejects.toThrow();
      await attempt(id);
      await receive(db.pool, [echo({ messageUid: 'own', at: writtenAt })], context);
      expect(await messages()).toEqual(['pending']);
    });
  });

  test('is not looked for among texts that came before the import was tried', async () => {
    await written('Hello');
    await receive(db.pool, [echo()], context);
    expect(await messages()).toEqual(['pending']);
  });
});
