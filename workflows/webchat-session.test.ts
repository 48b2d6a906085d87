import { Worker } from '@temporalio/worker';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { PodiumError } from '../podium/api';
import { contactOf } from '../store/contacts';
import { recordOptOut } from '../store/opt-outs';
import { eventually } from '../test/support/eventually';
import { away } from '../test/support/fake-podium';
import { BAYVIEW, NORTHSIDE, testHash } from '../test/support/received';
import { storeHistories, storedHistories } from '../test/support/stored-histories';
import { MINUTE, POLICY, SECOND, SessionRig, workflowBundle, type Chat } from '../test/support/session-rig';

const GREETING = 'Hello from Northside Motors.\nWhat is it about?\n1. Sales\n2. Service';
const WELCOME_BACK = 'Welcome back.\nWhat is it about?\n1. Sales\n2. Service';
/** How much later than due things may be: the server's clock goes on while a busy machine works. */
const LATEST = MINUTE;

let rig: SessionRig;
const chats: Chat[] = [];
/** By the names under which histories are stored (see `stored-histories.ts`). */
const remarkable = new Map<string, Chat>();
function chat({ history, ...options }: Parameters<SessionRig['chat']>[0] & { history?: string } = {}): Chat {
  const made = rig.chat(options);
  chats.push(made);
  if (history) remarkable.set(history, made);
  return made;
}

beforeAll(async () => (rig = await SessionRig.start()));
afterAll(() => rig?.stop());
afterEach(() => rig.podium.recover());

function expectDue(at: number | undefined, due: number): void {
  expect(at).toBeGreaterThanOrEqual(due);
  expect(at).toBeLessThan(due + LATEST);
}

async function closedAt(of: Chat): Promise<number> {
  await of.ends();
  return (await of.handle.describe()).closeTime!.getTime();
}

describe('the idle time', () => {
  test('brings one prompt at 20 min and the close at 28, for each of several sessions', async () => {
    const sessions = [];
    for (const each of [chat({ history: 'idle' }), chat(), chat({ locationUid: BAYVIEW })]) {
      const from = await each.says('Hi');
      await each.hears(1);
      sessions.push({ each, from });
      await rig.until(from + 90 * SECOND);
    }
    const last = sessions[2]!;

    await rig.until(last.from + 20 * MINUTE);
    for (const { each, from } of sessions) {
      await each.hears(2);
      expect(each.texts[1]).toBe('Still there?');
      expectDue(each.sent[1]?.at, from + 20 * MINUTE);
      await eventually('the status warned', async () => (await each.view()).status === 'warned');
    }

    await rig.until(last.from + 28 * MINUTE);
    for (const { each, from } of sessions) {
      expectDue(await closedAt(each), from + 28 * MINUTE);
      expect(each.texts).toHaveLength(2);
      expect(await each.row()).toMatchObject({ status: 'closed', close_reason: 'idle', handled_number: 1 });
      const [note, ...more] = await each.notes();
      expect(note).toMatchObject({ close: true });
      expect(note?.body).toContain('Not answered yet: Topic');
      expect(more).toEqual([]);
    }
  });

  test('begins again with each word of the customer or of an agent, and of nobody else', async () => {
    const one = chat();
    await one.says('Hi');
    await one.hears(1);
    await rig.until((await rig.now()) + 19 * MINUTE);
    const answered = await one.says('1'); // our reply comes a moment later, and counts for nothing
    await one.hears(2);
    await rig.until(answered + 20 * MINUTE);
    await one.hears(3);
    expectDue(one.sent[2]?.at, answered + 20 * MINUTE);

    const agent = await one.agentSays('This is Ann');
    await eventually('the status active', async () => (await one.view()).status === 'active');
    await rig.until(agent + 28 * MINUTE);
    expectDue(await closedAt(one), agent + 28 * MINUTE);
    expect(one.texts.slice(3)).toEqual(['Still there?']);
    expectDue(one.sent[3]?.at, agent + 20 * MINUTE);
  });

  test('leaves the conversation open when the store owes the next word, and says so', async () => {
    const one = chat({ policy: { ...POLICY, questions: [] } });
    const from = await one.says('Hi');
    expect(await one.hears(1)).toEqual(['Hello from Northside Motors.\nThank you.']);
    await rig.until(from + 28 * MINUTE);
    expectDue(await closedAt(one), from + 28 * MINUTE);
    expect(one.texts[1]).toBe('Not forgotten.');
    expect(await one.notes()).toMatchObject([{ close: false, body: expect.stringContaining('stays open') }]);
  });

  test('ends in time while Podium is away, without a late prompt', async () => {
    const one = chat({ history: 'podium-away' });
    const from = await one.says('Hi');
    await one.hears(1);
    rig.podium.fail('sendMessage', away());
    await rig.until(from + 28 * MINUTE);
    expectDue(await closedAt(one), from + 28 * MINUTE);
    rig.podium.recover();
    await rig.until((await rig.now()) + 10 * MINUTE);
    expect(one.texts).toHaveLength(1);
  });

  test('brings no prompt after a message that came too late for an answer', async () => {
    const one = chat();
    const now = await rig.now();
    await one.says('Hi', { at: now - 40 * MINUTE });
    await eventually('a note', async () => (await one.notes()).length === 1);
    expect((await one.notes())[0]?.body).toContain('came in late');
    await eventually(
      'the contact',
      async () => (await contactOf(rig.database.pool, one.input.phone)) !== null,
    );
    await rig.until(now + 29 * MINUTE);
    await one.ends();
    expect(one.texts).toEqual([]);
    expect((await one.row())?.close_reason).toBe('idle');
  });
});

describe('the intake', () => {
  test('asks, takes the answers, tells the agent, and is quiet then', async () => {
    const one = chat({ history: 'intake' });
    await one.says('Hi', { name: 'Jane' });
    expect(await one.hears(1)).toEqual([GREETING]);
    await one.says('2');
    expect((await one.hears(2))[1]).toBe('Your name?');
    await one.says('Jane');
    expect((await one.hears(3))[2]).toBe('Thank you.');
    expect((await one.notes()).map(({ body }) => body)).toEqual([
      expect.stringMatching(/Topic: Service\nName: Jane/),
    ]);
    await one.says('Anything else?');
    await one.dealsWith(4);
    expect(one.texts).toHaveLength(3);
    expect(await one.view()).toMatchObject({
      status: 'active',
      waiting_for: "the store's next word",
      partial_state: { answers: [{ value: 'Service' }, { value: 'Jane' }], waitingFor: null },
    });
  });

  test('asks again once in other words, and then hands over', async () => {
    const one = chat({ history: 'unclear-answer' });
    await one.says('Hi');
    await one.hears(1);
    await one.says('banana');
    expect((await one.hears(2))[1]).toBe('Just 1 or 2, please?\n1. Sales\n2. Service');
    await one.says('banana!');
    expect((await one.hears(3))[2]).toBe('A person will help.');
    expect((await one.notes())[0]?.body).toContain('"Topic" could not be understood twice');
    await one.says('1');
    await one.dealsWith(4);
    expect(one.texts).toHaveLength(3);
  });

  test('answers a hundred first messages with one greeting and one question', async () => {
    const one = chat();
    const messages = [];
    for (let i = 1; i <= 100; i += 1) messages.push(await one.message(`Message ${i}`));
    await one.deliver(messages.slice(0, 1));
    await one.deliver(messages.slice(1, 40));
    await one.hears(1);
    await one.deliver(messages.slice(40)); // written before the question went out, and no answers to it
    await one.dealsWith(100);
    await one.says('1');
    await one.hears(2);
    expect(one.texts).toEqual([GREETING, 'Your name?']);
    expect(rig.podium.contacts.filter(({ phones }) => phones.includes(one.input.phone))).toHaveLength(1);
  });

  test('ends with the word of an agent, at once', async () => {
    const one = chat();
    rig.podium.fail('sendMessage', away());
    await one.says('Hi');
    await one.isTried();
    await one.agentSays('Hello, this is Ann');
    await one.dealsWith(2);
    rig.podium.recover();
    await one.says('1');
    await one.dealsWith(3);
    await rig.until((await rig.now()) + MINUTE);
    expect(one.texts).toEqual([]);
  });

  test('is taken up by the next session, once, and by nobody else', async () => {
    const one = chat();
    await one.says('Hi');
    await one.hears(1);
    await one.says('1');
    await one.hears(2);
    await rig.until((await rig.now()) + 29 * MINUTE);
    await one.ends();

    const elsewhere = chat({ phone: one.input.phone, locationUid: BAYVIEW });
    await elsewhere.says('Hi');
    expect(await elsewhere.hears(1)).toEqual([GREETING]);
    expect((await elsewhere.view()).partial_state.answers).toEqual([]);

    const before = one.texts.length;
    await one.says('I am back');
    expect((await one.hears(before + 1)).at(-1)).toBe('Welcome back.\nYour name?');
    expect((await one.view()).partial_state.answers).toMatchObject([{ value: 'Sales' }]);
    await one.says('Jane');
    await one.hears(before + 2);
    await rig.until((await rig.now()) + 29 * MINUTE);
    await one.ends();

    const after = one.texts.length;
    await one.says('Hi again');
    expect((await one.hears(after + 1)).at(-1)).toBe(GREETING);
  });

  test('takes the first message of a restored session for the answer where it can be told', async () => {
    const one = chat({ history: 'restored' });
    await one.says('Hi');
    await one.hears(1);
    await rig.until((await rig.now()) + 29 * MINUTE);
    await one.ends();
    await one.says('2', { webchat: false });
    expect((await one.hears(3)).at(-1)).toBe('Welcome back.\nYour name?');

    const other = chat();
    await other.says('Hi');
    await other.hears(1);
    await rig.until((await rig.now()) + 29 * MINUTE);
    await other.ends();
    await other.says('Good morning', { webchat: false });
    expect((await other.hears(3)).at(-1)).toBe(WELCOME_BACK);
  });
});

describe('an opt-out', () => {
  test('while a reply is being retried: the reply is never sent', async () => {
    const one = chat({ history: 'opt-out-during-retry' });
    rig.podium.fail(
      'sendMessage',
      new PodiumError('throttled', '429', { mayHaveHappened: false, retryAfterMs: 60 * SECOND }),
    );
    await one.says('Hi');
    await one.isTried();
    const at = await rig.now();
    await recordOptOut(rig.database.pool, {
      ...{ phone: one.input.phone, phoneHash: testHash(one.input.phone), wish: 'opt_out', source: 'text' },
      ...{ actor: 'customer', rule: 'keyword', locationUid: NORTHSIDE, messageUid: null, at: new Date(at) },
    });
    await one.signal('optOut', { actor: 'customer', reason: 'STOP', at });
    await one.ends();
    rig.podium.recover();
    await rig.until((await rig.now()) + 5 * MINUTE);
    expect(one.texts).toEqual([]);
    expect(await one.row()).toMatchObject({ status: 'closed', close_reason: 'opted_out' });
    const { rows } = await rig.database.pool.query(
      'select count(*)::int as entries from opt_out_history where phone_e164 = $1',
      [one.input.phone],
    );
    expect(rows).toEqual([{ entries: 1 }]);
  });

  test('by an operator goes into the ledger, and ends the session', async () => {
    const one = chat({ history: 'opt-out-by-operator' });
    await one.says('Hi');
    await one.hears(1);
    await one.signal('optOut', { actor: 'ann', reason: 'asked on the phone' });
    await one.ends();
    const { rows } = await rig.database.pool.query(
      'select opted_out, source, (select actor from opt_out_history h where h.phone_e164 = o.phone_e164) as actor from opt_outs o where phone_e164 = $1',
      [one.input.phone],
    );
    expect(rows).toEqual([{ opted_out: true, source: 'operator', actor: 'ann' }]);
  });

  test('seen at the door only closes the session without a text', async () => {
    const one = chat();
    await one.says('Hi');
    await one.hears(1);
    await recordOptOut(rig.database.pool, {
      ...{ phone: one.input.phone, phoneHash: testHash(one.input.phone), wish: 'opt_out', source: 'api' },
      ...{ actor: 'ann', rule: null, locationUid: null, messageUid: null, at: new Date() },
    });
    await one.says('1');
    await one.ends();
    expect(one.texts).toHaveLength(1);
    expect((await one.row())?.close_reason).toBe('opted_out');
  });
});

describe('a wish for no more messages in other words', () => {
  test('ends a reply that is being retried, and everything else that the robot would say', async () => {
    const one = chat({ history: 'undecided' });
    await one.says('Hi');
    await one.hears(1);
    rig.podium.fail('sendMessage', away());
    const tried = one.tries;
    await one.says('1');
    await one.isTried(tried);
    const last = await one.says('Lose my number', { mayOptOut: true });
    await one.dealsWith(3);
    rig.podium.recover();
    expect(await one.view()).toMatchObject({ waiting_for: expect.stringContaining("the store's decision") });
    await rig.until(last + 28 * MINUTE);
    expectDue(await closedAt(one), last + 28 * MINUTE);
    expect(one.texts).toHaveLength(1);
    expect((await one.notes()).at(-1)).toMatchObject({
      close: false,
      body: expect.stringMatching(/stays open.*Topic: Sales/s),
    });
  });
});

describe('signals and updates', () => {
  test('of any shape do no harm', async () => {
    const one = chat({ history: 'garbage-signals' });
    await one.says('Hi');
    await one.hears(1);
    for (const junk of [undefined, null, 7, 'close', [], {}, { actor: 3 }, [{ number: 'x' }]])
      for (const name of ['message', 'forceClose', 'optOut', 'nothingOfOurs']) await one.signal(name, junk);
    for (const name of ['message', 'forceClose', 'optOut', 'nothingOfOurs']) {
      await one.rawSignal(name, 'json/plain', '{"actor": "kim",');
      await one.rawSignal(name, 'text/plain', 'close');
    }
    await one.says('1');
    expect((await one.hears(2))[1]).toBe('Your name?');
    expect((await one.view()).status).toBe('active');
    await expect(one.close('now')).rejects.toThrow(WorkflowUpdateFailedError);
    expect((await one.view()).status).toBe('active');
  });

  test('a message with a number that nobody gave swallows none of those that follow', async () => {
    const one = chat();
    await one.says('Hi');
    await one.hears(1);
    await one.signal('message', [await rig.chat().message('Hello?', { number: 999_999 })]);
    await one.hears(2);
    await one.says('1');
    expect((await one.hears(3))[2]).toBe('Your name?');
  });

  test('a forced close ends the session, with the name of who wanted it', async () => {
    const one = chat();
    await one.says('Hi');
    await one.hears(1);
    await one.signal('forceClose', { actor: 'ann', reason: 'a test' });
    await one.ends();
    expect((await one.row())?.close_reason).toBe('forced');
    expect(await one.notes()).toMatchObject([{ close: true, body: expect.stringContaining('By: ann') }]);
  });

  test('the update `close` answers once the session is closed', async () => {
    const one = chat({ history: 'close-update' });
    await one.says('Hi');
    await one.hears(1);
    expect(await one.close({ actor: 'ann', reason: 'a test' })).toMatchObject({ status: 'closed' });
    expect((await one.row())?.status).toBe('closed');
    await one.ends();
  });

  test('a cancellation is a close too', async () => {
    const one = chat({ history: 'cancelled' });
    rig.podium.fail('sendMessage', away());
    await one.says('Hi');
    await one.isTried();
    await one.handle.cancel();
    await one.ends();
    expect(await one.row()).toMatchObject({ status: 'closed', close_reason: 'forced' });
  });
});

describe('a message', () => {
  test('that comes again has no effect, also after the close', async () => {
    const one = chat();
    const message = await one.message('Hi');
    await one.deliver([message]);
    await one.hears(1);
    await one.deliver([message]);
    await one.says('1');
    await one.hears(2);
    await one.signal('forceClose', { actor: 'ann', reason: 'a test' });
    await one.ends();

    await one.deliver([message]);
    await one.ends();
    expect(one.texts).toHaveLength(2);
    await one.says('Hi');
    expect((await one.hears(3)).at(-1)).toBe('Welcome back.\nYour name?');
  });

  test('is handled although the contact cannot be had, and the agent is told of a conflict', async () => {
    const one = chat();
    rig.podium.fail('createContact', new PodiumError('conflict', '409', { mayHaveHappened: false }));
    await one.says('Hi');
    const from = await rig.now();
    await rig.until(from + 10 * SECOND);
    expect(await one.hears(1)).toEqual([GREETING]);
    expect(
      rig.podium.calls.filter(({ method, args }) => method === 'findContact' && args[0] === one.input.phone),
    ).toHaveLength(4);
    expect((await one.notes())[0]?.body).toContain('ERR_WEBCHAT_004');
  });

  test('is answered soon although Podium wants the contact to be asked for later', async () => {
    const one = chat({ history: 'contact-throttled' });
    await contactIsThrottled(one);
    await one.says('1');
    await one.hears(2);
    expect(await contactOf(rig.database.pool, one.input.phone)).not.toBeNull();
  });

  test('whose contact cannot be had in time has it made by a workflow of its own, before the session ends', async () => {
    const one = chat({ history: 'contact-wanted' });
    await contactIsThrottled(one);
    await eventually('the contact being wanted', async () => {
      const { rows } = await rig.database.pool.query(
        `select from workflow_starts join contacts c on args #>> '{0,contactId}' = c.contact_id::text
          where workflow_type = 'contactMaking' and c.phone_e164 = $1`,
        [one.input.phone],
      );
      return rows.length === 1;
    });
    expect(await one.row()).toMatchObject({ status: 'active' });
  });

  /** Podium wants the contact to be asked for in ten minutes; the customer is answered after 20 s. */
  async function contactIsThrottled(one: Chat): Promise<void> {
    rig.podium.fail(
      'findContact',
      new PodiumError('throttled', '429', { mayHaveHappened: false, retryAfterMs: 10 * MINUTE }),
      1,
    );
    const from = await one.says('Hi');
    await eventually('the contact being looked up', () =>
      rig.podium.calls.some(({ method, args }) => method === 'findContact' && args[0] === one.input.phone),
    );
    await rig.until(from + 20 * SECOND);
    expect(await one.hears(1)).toEqual([GREETING]);
    expectDue(one.sent[0]?.at, from + 20 * SECOND);
  }

  test('whose reply Podium refuses for good goes to a person', async () => {
    const one = chat();
    rig.podium.fail('sendMessage', new PodiumError('invalid_phone', '400', { mayHaveHappened: false }));
    await one.says('Hi');
    await eventually('a note', async () => (await one.notes()).length === 1);
    expect((await one.notes())[0]?.body).toContain('ERR_WEBCHAT_001');
    rig.podium.recover();
    await one.says('1');
    await one.dealsWith(2);
    expect(one.texts).toEqual([]);
  });

  test('whose reply fails for good in whatever way goes to a person, and the session lives', async () => {
    const one = chat({ history: 'reply-fails' });
    rig.podium.fail(
      'sendMessage',
      new PodiumError('invalid_location', '400', { mayHaveHappened: false, code: 'invalid_location_uid' }),
    );
    rig.podium.fail('listLocations', new PodiumError('not_permitted', '403', { mayHaveHappened: false }));
    await one.says('Hi');
    await eventually('a note', async () => (await one.notes()).length === 1);
    expect((await one.notes())[0]?.body).toContain('outcome_unknown');
    rig.podium.recover();
    await one.says('1');
    await one.dealsWith(2);
    expect((await one.view()).waiting_for).toBe("the store's next word");
    expect(one.texts).toEqual([]);
  });
});

describe('a text that did not arrive', () => {
  test('is the last one: no question, no prompt, and the conversation stays open for the store', async () => {
    const one = chat({ history: 'undeliverable' });
    await one.says('Hi');
    await one.hears(1);
    await one.says('1');
    await one.hears(2);
    await one.fails('Attempted to send SMS to a landline.');
    await one.dealsWith(3);
    expect(await one.view()).toMatchObject({
      waiting_for: "the store's next word, by another way: texts do not reach the customer",
      partial_state: { answers: [{ value: 'Sales' }], waitingFor: null },
    });
    const last = await one.says('Anyone?');
    await one.dealsWith(4);
    await rig.until(last + 28 * MINUTE);
    expectDue(await closedAt(one), last + 28 * MINUTE);
    expect(one.texts).toHaveLength(2);
    expect(await one.row()).toMatchObject({ status: 'closed', close_reason: 'idle', handled_number: 4 });
    expect((await one.notes()).at(-1)).toMatchObject({
      close: false,
      body: expect.stringMatching(/stays open.*Topic: Sales/s),
    });
  });

  test('keeps its answers for the next session', async () => {
    const one = chat();
    await one.says('Hi');
    await one.hears(1);
    await one.says('1');
    await one.hears(2);
    await one.fails('Unreachable');
    await one.dealsWith(3);
    await rig.until((await rig.now()) + 29 * MINUTE);
    await one.ends();
    await one.says('Hi again');
    expect((await one.hears(3)).at(-1)).toBe('Welcome back.\nYour name?');
  });

  test('and is told while the next one is being retried ends the retries', async () => {
    const one = chat();
    await one.says('Hi');
    await one.hears(1);
    const at = one.sent[0]?.at;
    rig.podium.fail('sendMessage', away());
    const tried = one.tries;
    await one.says('1');
    await one.isTried(tried);
    await one.fails('Attempted to send SMS to a landline.', at);
    await one.dealsWith(3);
    rig.podium.recover();
    await rig.until((await rig.now()) + 5 * MINUTE);
    expect(one.texts).toHaveLength(1);
    expect((await one.view()).partial_state.answers).toMatchObject([{ value: 'Sales' }]);
  });

  test('and turns out to be a prompt closes the session in time all the same', async () => {
    const one = chat();
    const from = await one.says('Hi');
    await one.hears(1);
    await rig.until(from + 20 * MINUTE);
    await one.hears(2);
    // Of news that come with the end of the activity the session would hear first, and give the prompt up.
    await eventually('the status warned', async () => (await one.view()).status === 'warned');
    await one.fails('Unreachable');
    await one.dealsWith(2);
    expect((await one.view()).status).toBe('warned');
    await rig.until(from + 28 * MINUTE);
    expectDue(await closedAt(one), from + 28 * MINUTE);
    expect((await one.notes()).at(-1)).toMatchObject({ close: false });
  });

  test('is forgotten when the customer texts, who is prompted again then', async () => {
    const one = chat({ history: 'deliverable-again' });
    await one.says('Hi');
    await one.hears(1);
    await one.fails('Unreachable');
    await one.dealsWith(2);
    const from = await one.says('Here I am', { webchat: false });
    await one.dealsWith(3);
    expect((await one.view()).waiting_for).toBe("the store's next word");
    await rig.until(from + 20 * MINUTE);
    expect((await one.hears(2))[1]).toBe('Not forgotten.');
  });

  test('and is told just after the close opens no session, and asks nothing', async () => {
    const one = chat();
    await one.says('Hi');
    await one.hears(1);
    await one.says('1');
    await one.hears(2);
    const news = await one.message('A landline', { from: 'delivery', webchat: false });
    // The receiver found the session open, and the close sees that something waits.
    await rig.database.pool.query(
      `insert into inbox_events (contract, event_id, event_type, received_at, raw, status, workflow_id, message, delivery_number)
       values ('published', $1, 'message.failed', now(), '', 'pending', $1, $2, 3)`,
      [one.workflowId, JSON.stringify(news)],
    );
    await one.signal('forceClose', { actor: 'ann', reason: 'a test' });
    await one.ends();
    expect((await one.row())?.status).toBe('active');
    await one.deliver([news]);
    await one.ends();
    expect(await one.row()).toMatchObject({ status: 'closed', close_reason: 'completed', handled_number: 3 });
    expect(one.texts).toHaveLength(2);
    await rig.database.pool.query("update inbox_events set status = 'delivered' where workflow_id = $1", [
      one.workflowId,
    ]);
    await one.says('Hi again');
    expect((await one.hears(3)).at(-1)).toBe('Welcome back.\nYour name?');
  });
});

test('every history that these tests have made replays', async () => {
  await Promise.all(chats.map((each) => each.finish()));
  const histories = await Promise.all(
    chats.map(async ({ handle, workflowId }) => ({ workflowId, history: await handle.fetchHistory() })),
  );
  expect(histories.length).toBeGreaterThan(20);
  const results = Worker.runReplayHistories({ workflowBundle: await workflowBundle() }, histories);
  for await (const { workflowId, error } of results)
    expect({ workflowId, error }).toEqual({ workflowId, error: undefined });
});

test('every history that was stored replays', async () => {
  if (process.env.STORE_HISTORIES) {
    const made = [...remarkable].map(async ([name, { handle }]) => ({
      name,
      history: await handle.fetchHistory(),
    }));
    await storeHistories(await Promise.all(made));
  }
  const stored = await storedHistories();
  expect(stored.map(({ name }) => name).sort()).toEqual([...remarkable.keys()].sort());
  const histories = stored.map(({ name, history }) => ({ workflowId: name, history }));
  const results = Worker.runReplayHistories({ workflowBundle: await workflowBundle() }, histories);
  for await (const { workflowId, error } of results)
    expect({ workflowId, error }).toEqual({ workflowId, error: undefined });
});
