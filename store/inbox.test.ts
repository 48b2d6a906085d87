import { failure } from '../core/error-codes';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import {
  BAYVIEW,
  contactChange,
  context,
  customerMessage,
  JANE,
  JOHN,
  MARY,
  NORTHSIDE,
  received,
  storeMessage,
  testHash,
  workflowIdOf,
} from '../test/support/received';
import { transaction, type PoolClient } from './database';
import { quarantinedForLocations, receive, releaseQuarantined, type ReceivedEvent } from './inbox';
import { closeSession } from './session-close';
import { saveProgress } from './session-progress';
import { findSession } from './sessions';
import { openDoor } from './door';
import { settleSend } from './sends';
import { traceIdOf } from './trace-id';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
afterEach(() =>
  db.pool.query(
    `truncate inbox_events, sessions, partial_answers, opt_outs, opt_out_history, agent_notes, workflow_starts,
              sends, our_senders, audit_entries, locations`,
  ),
);

const sentAs = (messageUid: string | null) =>
  ({ kind: 'sent', at: new Date(), messageUid, conversationUid: null }) as const;
const take = (...batch: ReceivedEvent[]) => receive(db.pool, batch, context);
const statuses = async (...batch: ReceivedEvent[]) => (await take(...batch)).map(({ status }) => status);

async function rows(table: string, columns = '*') {
  return (await db.pool.query(`select ${columns} from ${table} order by 1`)).rows;
}

async function closed(
  phone = JANE,
  locationUid = NORTHSIDE,
  answers: string[] = [],
  waitingFor: string | null = null,
) {
  const workflowId = workflowIdOf(phone, locationUid);
  await take(customerMessage({ phone, locationUid }));
  await db.pool.query(
    `update inbox_events set status = 'delivered', delivery_number = 1 where status = 'pending'`,
  );
  await db.pool.query('update sessions set relay_due_at = null, last_number = 1');
  const partial = {
    answers: answers.map((value) => ({ questionId: 'q', label: 'Q', value })),
    waitingFor,
    askedAgain: false,
  };
  await closeSession(db.pool, {
    ...{ workflowId, phone, locationUid, phoneHash: testHash(phone), handledNumber: 1, reason: 'idle' },
    ...{
      partial: answers.length > 0 ? partial : null,
      note: null,
      closeConversation: false,
      conversationUid: null,
    },
  });
}

function unknownLocation(
  options: Parameters<typeof customerMessage>[0] & { clearPhone?: string | null } = {},
) {
  return received(options, {
    kind: 'quarantined',
    failure: failure('ERR_WEBCHAT_003'),
    phone: options.clearPhone === undefined ? JANE : options.clearPhone,
    locationUid: options.locationUid ?? NORTHSIDE,
    optOut: options.stop ? { rule: 'keyword' } : null,
    said: null,
  });
}

describe('a customer message', () => {
  it('is kept as the bytes that came, and makes its session due', async () => {
    const at = new Date('2026-07-23T10:00:00.000Z');
    const receivedAt = new Date('2026-07-23T10:00:02.000Z');
    const event = customerMessage({
      at,
      receivedAt,
      conversationUid: 'c-1',
      name: 'Jane Citizen',
      attachments: [1, 2].map(() => ({ url: null, contentType: null, sizeBytes: null, name: null })),
    });
    expect(await take(event)).toEqual([{ status: 'accepted' }]);

    const [row] = await rows('inbox_events');
    expect(row).toMatchObject({
      event_id: event.event.eventId,
      status: 'pending',
      phone_e164: JANE,
      location_uid: NORTHSIDE,
      podium_at: at,
      received_at: receivedAt,
      raw: event.raw,
      delivery_number: null,
      message: {
        from: 'customer',
        text: 'Can I book a test drive?',
        at: at.getTime(),
        receivedAt: receivedAt.getTime(),
        webchat: true,
        conversationUid: 'c-1',
        name: 'Jane Citizen',
        attachments: 2,
      },
    });
    expect(await rows('sessions')).toMatchObject([
      {
        workflow_id: row.workflow_id,
        status: 'active',
        conversation_uid: 'c-1',
        relay_due_at: expect.any(Date),
      },
    ]);
  });

  it('has the time of our receipt where Podium gives none', async () => {
    const receivedAt = new Date('2026-07-23T10:00:02.000Z');
    await take(customerMessage({ at: null, receivedAt }));
    expect(await rows('inbox_events')).toMatchObject([
      { podium_at: null, message: { at: receivedAt.getTime() } },
    ]);
  });

  it('does not shorten the lease of a relay that holds its session', async () => {
    await take(customerMessage());
    const lease = new Date(Date.now() + 60_000);
    await db.pool.query('update sessions set relay_token = gen_random_uuid(), relay_due_at = $1', [lease]);
    await take(customerMessage());
    expect((await rows('sessions'))[0].relay_due_at).toEqual(lease);
  });
});

describe('an event that is delivered again', () => {
  it('takes effect once, delivered ten times at the same moment', async () => {
    const event = customerMessage();
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => statuses(event)));
    expect(outcomes.flat().sort()).toEqual(['accepted', ...Array(9).fill('duplicate')]);
    expect(await rows('inbox_events')).toHaveLength(1);
  });

  it('takes effect once, several times in one batch', async () => {
    const event = customerMessage();
    expect(await statuses(event, customerMessage(), { ...event }, { ...event })).toEqual([
      'accepted',
      'accepted',
      'duplicate',
      'duplicate',
    ]);
  });

  it('is known by its message too, when two webhooks deliver it', async () => {
    const event = customerMessage();
    const again = customerMessage({ messageUid: event.event.messageUid });
    expect(await statuses(event, again)).toEqual(['accepted', 'duplicate']);
    expect(await statuses(customerMessage({ messageUid: event.event.messageUid }))).toEqual(['duplicate']);
    expect(await statuses(storeMessage({ messageUid: event.event.messageUid }))).toEqual(['accepted']); // another type
  });

  it('is another event in the other contract', async () => {
    const eventId = 'e-1';
    const skill = {
      contract: 'skill',
      eventId,
      eventType: 'webchat.message.received',
      messageUid: null,
    } as const;
    expect(await statuses(customerMessage({ eventId }), customerMessage(skill))).toEqual([
      'accepted',
      'accepted',
    ]);
  });

  it('takes no effect when the other one, judged without a phone, commits in between', async () => {
    const event = customerMessage();
    let racing: Promise<string[]> = Promise.resolve([]);
    await transaction(db.pool, async (client) => {
      await insertRow(client, event);
      racing = statuses(event);
      await blockedOn('insert into inbox_events');
    });
    expect(await racing).toEqual(['duplicate']);
    expect(await rows('sessions')).toEqual([]);
  });

  it('is written once when it has no phone to lock, in two batches that name it in opposite order', async () => {
    const [one, between, other] = [1, 2, 3].map(() => unknownLocation({ clearPhone: null }));
    let racing: Promise<string[][]> = Promise.resolve([]);
    await transaction(db.pool, async (client) => {
      await insertRow(client, between!); // each batch gets this far, and no further
      racing = Promise.all([statuses(one!, between!, other!), statuses(other!, between!, one!)]);
      await blockedOn('', 2);
    });
    expect((await racing).flat().sort()).toEqual([
      ...Array(4).fill('duplicate'),
      'quarantined',
      'quarantined',
    ]);
  });
});

/** As a server would that judged it otherwise. */
function insertRow(client: PoolClient, { event }: ReceivedEvent) {
  return client.query(
    `insert into inbox_events (contract, event_id, event_type, received_at, raw, status)
     values ('published', $1, 'message.received', now(), '', 'quarantined')`,
    [event.eventId],
  );
}

/** Resolves once other connections wait for a lock within a statement that begins like this. */
async function blockedOn(statement: string, count = 1): Promise<void> {
  for (;;) {
    const { rowCount } = await db.pool.query(
      `select from pg_stat_activity
        where wait_event_type = 'Lock' and datname = current_database() and query like $1`,
      [`${statement}%`],
    );
    if (rowCount! >= count) return;
  }
}

describe('what Postgres cannot keep', () => {
  it('harms neither the event nor its neighbours', async () => {
    const nasty = customerMessage({
      text: 'before\0after \uD83D',
      name: 'Ja\0ne',
      conversationUid: 'c\0',
      eventId: 'e\0',
      messageUid: 'm\0',
      eventType: 't\0',
    });
    nasty.raw = Buffer.from('{"body":"\\u0000"}\0');
    expect(await statuses(customerMessage(), nasty, customerMessage())).toEqual(Array(3).fill('accepted'));
    expect(await statuses(nasty)).toEqual(['duplicate']);
    const row = (await rows('inbox_events')).find(({ event_id }) => event_id === 'e\uFFFD');
    expect(row.message).toMatchObject({ text: 'before\uFFFDafter \uFFFD', name: 'Ja\uFFFDne' });
    expect(row.raw).toEqual(nasty.raw);
  });

  it('may be an id that fits no index', async () => {
    const long = customerMessage({ eventId: 'e'.repeat(20_000), messageUid: 'm'.repeat(20_000) });
    expect(await statuses(long)).toEqual(['accepted']);
    expect(await statuses(long)).toEqual(['duplicate']);
  });

  it('leaves nothing of a batch behind when it fails all the same', async () => {
    const impossible = customerMessage({ contract: 'neither' as 'skill' });
    await expect(
      take(customerMessage({ stop: true }), customerMessage({ phone: JOHN }), impossible),
    ).rejects.toThrow();
    for (const table of ['inbox_events', 'sessions', 'opt_outs', 'audit_entries', 'workflow_starts']) {
      expect(await rows(table)).toEqual([]);
    }
  });
});

describe('a quarantined event', () => {
  it('is kept with its code and its reason, and starts no session', async () => {
    const why = failure('ERR_WEBCHAT_003');
    expect(await take(unknownLocation())).toEqual([{ status: 'quarantined', failure: why }]);
    expect(await rows('inbox_events')).toMatchObject([
      {
        status: 'quarantined',
        error_code: 'ERR_WEBCHAT_003',
        error_message: why.message,
        location_uid: NORTHSIDE,
      },
    ]);
    expect(await rows('sessions')).toEqual([]);
  });

  it('counts as an opt-out all the same when it is one and its phone is clear', async () => {
    await take(unknownLocation({ stop: true }));
    expect(await rows('opt_outs')).toMatchObject([{ phone_e164: JANE, opted_out: true, source: 'webchat' }]);
  });

  it('is given out by its location, page by page, and not for another reason', async () => {
    await take(unknownLocation(), unknownLocation(), unknownLocation({ locationUid: BAYVIEW }));
    await take(
      received(
        {},
        {
          kind: 'quarantined',
          failure: failure('ERR_WEBCHAT_001'),
          phone: null,
          locationUid: NORTHSIDE,
          optOut: null,
          said: null,
        },
      ),
    );
    const [first, ...none] = await quarantinedForLocations(db.pool, [NORTHSIDE], { afterId: 0, limit: 1 });
    expect(none).toEqual([]);
    const rest = await quarantinedForLocations(db.pool, [NORTHSIDE], { afterId: first!.id, limit: 10 });
    expect(rest).toHaveLength(1);
    expect(rest[0]).toMatchObject({
      contract: 'published',
      raw: expect.any(Buffer),
      receivedAt: expect.any(Date),
    });
  });

  it('goes its way once it is released, by two servers at once only once', async () => {
    await take(unknownLocation({ clearPhone: null }));
    const [held] = await quarantinedForLocations(db.pool, [NORTHSIDE]);
    const again = { ...customerMessage(), id: held!.id };
    const outcomes = await Promise.all([1, 2, 3].map(() => releaseQuarantined(db.pool, [again], context)));
    expect(
      outcomes
        .flat()
        .map(({ status }) => status)
        .sort(),
    ).toEqual(['accepted', 'duplicate', 'duplicate']);
    expect(await rows('inbox_events')).toMatchObject([
      { status: 'pending', error_code: null, phone_e164: JANE, workflow_id: workflowIdOf(JANE, NORTHSIDE) },
    ]);
    expect(await rows('sessions')).toHaveLength(1);
  });

  it('stays where it is when the new verdict is no better', async () => {
    await take(unknownLocation());
    const [held] = await quarantinedForLocations(db.pool, [NORTHSIDE]);
    const [outcome] = await releaseQuarantined(db.pool, [{ ...unknownLocation(), id: held!.id }], context);
    expect(outcome!.status).toBe('quarantined');
    expect(await quarantinedForLocations(db.pool, [NORTHSIDE])).toHaveLength(1);
  });

  it.each([
    ['not once more when it counted before', JANE],
    ['now when its phone has become clear only now', null],
  ])('is written as an opt-out %s', async (_, clearPhone) => {
    await take(unknownLocation({ stop: true, clearPhone }));
    const [held] = await quarantinedForLocations(db.pool, [NORTHSIDE]);
    await releaseQuarantined(db.pool, [{ ...customerMessage({ stop: true }), id: held!.id }], context);
    expect(await rows('opt_out_history')).toHaveLength(1);
    expect(await rows('inbox_events')).toMatchObject([{ status: 'recorded' }]);
  });
});

describe('a plain text without a webchat', () => {
  const text = (options = {}) => customerMessage({ webchat: false, ...options });

  it('starts no session by itself', async () => {
    expect(await statuses(text())).toEqual(['ignored']);
    expect(await rows('sessions')).toEqual([]);
  });

  it('starts one when the settings say so', async () => {
    expect(await receive(db.pool, [text()], { ...context, startOn: 'any' })).toEqual([
      { status: 'accepted' },
    ]);
  });

  it('goes to a session that is open, also one that its own batch has opened', async () => {
    expect(await statuses(text(), customerMessage(), text())).toEqual(['ignored', 'accepted', 'accepted']);
    expect(await statuses(text())).toEqual(['accepted']);
    expect(await statuses(text({ locationUid: BAYVIEW }))).toEqual(['ignored']);
  });

  it('goes to a closed session only when answers wait there', async () => {
    await closed(JANE, NORTHSIDE);
    expect(await statuses(text())).toEqual(['ignored']);
    await closed(JOHN, NORTHSIDE, ['Jane']);
    expect(await statuses(text({ phone: JOHN }))).toEqual(['accepted']);
    expect(await findSession(db.pool, JOHN, NORTHSIDE)).toMatchObject({ status: 'active' });
  });
});

describe('an opt-out', () => {
  it('is recorded with its event, tells every open session of the phone and wants the mirror', async () => {
    await take(
      customerMessage(),
      customerMessage({ locationUid: BAYVIEW }),
      customerMessage({ phone: JOHN }),
    );
    await db.pool.query('update sessions set relay_due_at = null');
    const stop = customerMessage({ stop: true, webchat: false, at: new Date('2026-07-23T10:00:00Z') });
    expect(await statuses(stop)).toEqual(['accepted']);

    expect(await rows('opt_outs')).toEqual([
      {
        ...{ phone_e164: JANE, opted_out: true, version: 1, source: 'text', recorded_at: stop.event.at },
        ...{ undecided_at: null, spoken_at: null, second_look_id: null, row_id: expect.any(String) },
      },
    ]);
    const [history] = await rows('opt_out_history');
    expect(history).toMatchObject({
      applied: true,
      rule: 'keyword',
      message_uid: stop.event.messageUid,
      actor: 'customer',
    });
    expect(await rows('workflow_starts', 'workflow_type, args')).toEqual([
      { workflow_type: 'optOutMirror', args: [{ historyId: history.id, traceId: traceIdOf(stop.event) }] },
    ]);
    expect(await rows('audit_entries')).toMatchObject([{ kind: 'opt_out', phone_hash: testHash(JANE) }]);
    const sessions = await rows('sessions', 'phone_e164, opt_out_signal_at, relay_due_at');
    for (const session of sessions) {
      const told = session.phone_e164 === JANE;
      expect(session.opt_out_signal_at).toEqual(told ? stop.event.at : null);
      expect(session.relay_due_at).toEqual(told ? expect.any(Date) : null);
    }
    const [last] = (await rows('inbox_events')).slice(-1);
    expect(last).toMatchObject({ status: 'recorded', message: null });
  });

  it('is written once, however often it is delivered', async () => {
    const stop = customerMessage({ stop: true });
    await Promise.all([take(stop), take(stop), take(stop, stop)]);
    expect(await rows('opt_out_history')).toHaveLength(1);
    expect(await rows('audit_entries')).toHaveLength(1);
  });

  it('comes first: a message beside it in the batch gets no session, whichever is first', async () => {
    await take(customerMessage(), customerMessage({ stop: true }), customerMessage());
    expect(await rows('sessions')).toEqual([]);
    expect((await rows('inbox_events')).map(({ status }) => status)).toEqual(Array(3).fill('recorded'));
  });

  it('lets its writer start no session: a note for the agent, once a day and store', async () => {
    const day = (date: string) => ({ receivedAt: new Date(`${date}T10:00:00Z`) });
    await take(customerMessage({ stop: true, ...day('2026-07-22') }));
    await take(
      customerMessage({ ...day('2026-07-23'), conversationUid: 'c-1' }),
      customerMessage(day('2026-07-23')),
    );
    await take(customerMessage(day('2026-07-23')), customerMessage(day('2026-07-24')));
    expect(await rows('sessions')).toEqual([]);
    const notes = await rows('agent_notes');
    expect(notes).toHaveLength(2);
    const wanted = await rows('workflow_starts', 'workflow_type, workflow_id');
    expect(wanted.filter(({ workflow_type }) => workflow_type === 'agentNote')).toHaveLength(2);
  });

  it('does not outrank what comes later by a clock that runs ahead', async () => {
    const receivedAt = new Date('2026-07-23T10:00:00Z');
    await take(customerMessage({ stop: true, receivedAt, at: new Date('2027-01-01T00:00:00Z') }));
    expect((await rows('opt_outs'))[0].recorded_at).toEqual(receivedAt);
  });
});

describe('an opt-out in Podium', () => {
  const contact = (phone: string, at: Date) =>
    received(
      { eventType: 'contact.updated', kind: 'contact_changed', messageUid: null },
      { kind: 'contact_changed', change: contactChange(), optOuts: [{ phone, at }], cleared: [] },
    );
  const state = async () => (await rows('opt_outs', 'phone_e164, opted_out, source'))[0];

  it('goes into the ledger, and is not told to Podium again', async () => {
    await take(contact(JANE, new Date('2026-07-23T10:00:00Z')));
    expect(await state()).toEqual({ phone_e164: JANE, opted_out: true, source: 'podium' });
    expect(await rows('workflow_starts')).toEqual([]);
  });

  it('does not become its source when it is the echo of our own mirror', async () => {
    await take(customerMessage({ stop: true, receivedAt: new Date('2026-07-23T10:00:00Z') }));
    await take(contact(JANE, new Date('2026-07-23T10:00:05Z')));
    expect(await state()).toMatchObject({ opted_out: true, source: 'webchat' });
  });
});

describe('a message of the store', () => {
  it("goes to an open session when a person wrote it, and Podium's own answers do not", async () => {
    await take(customerMessage());
    expect(await statuses(storeMessage({ text: 'Hello Jane' }), storeMessage({ senderUid: null }))).toEqual([
      'accepted',
      'ignored',
    ]);
    const [, agent] = await rows('inbox_events');
    expect(agent).toMatchObject({
      status: 'pending',
      message: { from: 'agent', text: 'Hello Jane', webchat: false },
    });
  });

  it('opens no session, neither a new one nor one that is closed', async () => {
    expect(await statuses(storeMessage())).toEqual(['accepted']);
    await closed(JOHN);
    await take(storeMessage({ phone: JOHN }));
    expect(await rows('sessions', 'status')).toEqual([{ status: 'closed' }]);
    expect(
      (await rows('inbox_events', 'id, status')).filter(({ status }) => status === 'recorded'),
    ).toHaveLength(2);
  });

  it('takes over a closed session: its question waits no more, here and at no other store', async () => {
    await closed(JANE, NORTHSIDE, ['Jane'], 'topic');
    await closed(JANE, BAYVIEW, ['Jane'], 'topic');
    await take(storeMessage({ senderUid: null })); // an automatic answer takes nothing over
    expect(await rows('partial_answers', "state->>'waitingFor' as question")).toEqual([
      { question: 'topic' },
      { question: 'topic' },
    ]);
    await take(storeMessage(), customerMessage({ webchat: false }));
    expect(await rows('partial_answers', 'location_uid, state')).toMatchObject([
      { location_uid: NORTHSIDE, state: { waitingFor: null, answers: [{ value: 'Jane' }] } },
      { location_uid: BAYVIEW, state: { waitingFor: 'topic' } },
    ]);
    expect(await findSession(db.pool, JANE, NORTHSIDE)).toMatchObject({ status: 'active' });
  });

  it('does not open the session again that is closed at that very moment', async () => {
    await take(customerMessage());
    let racing: Promise<unknown> = Promise.resolve();
    await transaction(db.pool, async (client) => {
      await client.query(`update sessions set status = 'closed'`);
      racing = take(storeMessage());
      await blockedOn('');
    });
    await racing;
    expect(await rows('sessions', 'status')).toEqual([{ status: 'closed' }]);
  });

  describe('that is the echo of our own', () => {
    const said = 'Welcome to Northside Motors.';
    const echo = (options = {}) => storeMessage({ text: said, senderUid: 'the-api-user', ...options });
    const agents = async () =>
      (await rows('inbox_events')).filter(({ message }) => message?.from === 'agent');

    beforeEach(async () => {
      await db.pool.query(
        "insert into locations (uid, name, archived) values ($1, 'Northside Motors', false)",
        [NORTHSIDE],
      );
      await take(customerMessage());
    });

    async function send(n: number, now = new Date()) {
      const sendId = `00000000-0000-4000-8000-00000000000${n}`;
      const send = {
        ...{ sendId, phone: JANE, phoneHash: testHash(JANE), locationUid: NORTHSIDE, workflowId: null },
        ...{ conversationUid: null, purpose: 'greeting', body: said, now },
      };
      await openDoor(db.pool, send, 0);
      return sendId;
    }

    it('is known by its uid, after the answer of Podium', async () => {
      const sendId = await send(1);
      await settleSend(db.pool, sendId, sentAs('m-1'));
      await take(echo({ messageUid: 'm-1', text: 'said in other words' }));
      expect(await agents()).toEqual([]);
    });

    it.each([
      ['before the answer of Podium', null],
      ['after an answer without a uid', sentAs(null)],
      ['when the answer of Podium was lost', { kind: 'unknown' }],
    ] as const)('claims its send by the body %s', async (_, outcome) => {
      const sendId = await send(1);
      if (outcome) await settleSend(db.pool, sendId, outcome);
      await take(echo({ messageUid: 'm-1' }));
      expect(await agents()).toEqual([]);
      expect(await rows('sends')).toMatchObject([{ status: 'sent', message_uid: 'm-1' }]);
      await settleSend(db.pool, sendId, sentAs('m-1'));
    });

    it('claims one send only: the next same words are an agent’s', async () => {
      await send(1);
      await send(2);
      await take(echo({ messageUid: 'm-1' }), echo({ messageUid: 'm-2' }), echo({ messageUid: 'm-3' }));
      expect((await rows('sends')).map(({ message_uid }) => message_uid).sort()).toEqual(['m-1', 'm-2']);
      expect(await agents()).toMatchObject([{ message_uid: 'm-3' }]);
    });

    it('claims no send of another time, and leaves it to the echo of its own', async () => {
      const now = Date.now();
      for (const [n, days] of [90, 0].entries()) {
        const sendId = await send(n, new Date(now - days * 86_400_000));
        await settleSend(db.pool, sendId, { kind: 'unknown' });
      }
      const anAgents = echo({ messageUid: 'm-1', at: new Date(now - 9 * 86_400_000) });
      await take(anAgents, echo({ messageUid: 'm-2', at: new Date(now) }));
      expect(await rows('sends')).toMatchObject([{ message_uid: null }, { message_uid: 'm-2' }]);
    });

    it('tells under whom we write: nothing of that sender is taken for an agent’s any more', async () => {
      const sendId = await send(1);
      await settleSend(db.pool, sendId, sentAs('m-1'));
      await take(echo({ messageUid: 'm-1' }), echo({ text: 'beside it' }), storeMessage({ text: 'Hi' }));
      await take(echo({ text: 'words that Podium has changed' }), storeMessage({ text: 'Hi again' }));
      expect((await agents()).map(({ message }) => message.text)).toEqual(['Hi', 'Hi again']);
    });

    it('does not tell that by its words alone, which a person may repeat', async () => {
      await send(1);
      await take(storeMessage({ text: said }), storeMessage({ text: 'I am a person' }));
      expect(await agents()).toMatchObject([{ message: { text: 'I am a person' } }]);
    });

    it('is not taken for an agent when it comes at the very moment of the answer', async () => {
      for (let n = 0; n < 10; n++) {
        const sendId = await send(n);
        const messageUid = `m-${n}`;
        await Promise.all([
          settleSend(db.pool, sendId, { kind: 'sent', at: new Date(), messageUid, conversationUid: null }),
          take(echo({ messageUid })),
        ]);
      }
      expect(await agents()).toEqual([]);
    });
  });
});

describe('a session', () => {
  const newKey = {
    ...context,
    workflowId: (phone: string, location: string) => `${workflowIdOf(phone, location)}-new`,
  };

  it('keeps its workflow while it runs, though the key of ids has changed', async () => {
    await take(customerMessage());
    await receive(db.pool, [customerMessage()], newKey);
    expect(await rows('sessions', 'workflow_id')).toEqual([{ workflow_id: workflowIdOf(JANE, NORTHSIDE) }]);
    expect(new Set((await rows('inbox_events')).map((row) => row.workflow_id)).size).toBe(1);
  });

  it('begins again under a uid of its own and the current key, and goes on counting', async () => {
    await closed();
    const before = await findSession(db.pool, JANE, NORTHSIDE);
    await receive(db.pool, [customerMessage()], newKey);
    const after = await findSession(db.pool, JANE, NORTHSIDE);
    expect(after).toMatchObject({ status: 'active', closeReason: null, closedAt: null, handledNumber: 1 });
    expect(after!.workflowId).toBe(newKey.workflowId(JANE, NORTHSIDE));
    expect(after!.sessionUid).not.toBe(before!.sessionUid);
  });

  it('stays warned until its workflow says otherwise', async () => {
    await take(customerMessage());
    const key = { workflowId: workflowIdOf(JANE, NORTHSIDE), phone: JANE, locationUid: NORTHSIDE };
    await saveProgress(db.pool, {
      ...key,
      ...{
        handledNumber: 0,
        status: 'warned',
        waitsForPerson: null,
        lastMessageAt: null,
        partial: null,
        notes: [],
        conversationUid: null,
      },
    });
    await take(customerMessage());
    expect(await findSession(db.pool, JANE, NORTHSIDE)).toMatchObject({ status: 'warned' });
  });
});

it('lets batches of the same customers, in any order, never wait for each other', async () => {
  const phones = [JANE, JOHN, MARY];
  const batch = () =>
    Array.from({ length: 40 }, (_, i) =>
      customerMessage({ phone: phones[i % 3]!, locationUid: i % 2 ? NORTHSIDE : BAYVIEW, stop: false }),
    ).sort(() => Math.random() - 0.5);
  await Promise.all(Array.from({ length: 16 }, () => take(...batch())));
  expect(await rows('inbox_events')).toHaveLength(640);
  expect(await rows('sessions')).toHaveLength(6);
});
