import { randomUUID } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import {
  BAYVIEW,
  JANE,
  NORTHSIDE,
  context,
  customerMessage,
  failedMessage,
  storeMessage,
  testHash,
  workflowIdOf,
  type MessageOptions,
} from '../test/support/received';
import { receive, type ReceivedEvent } from './inbox';
import { replaceLocations } from './locations';
import { isOptedOut } from './opt-out-states';
import { recordOptOut } from './opt-outs';
import { claimSessions, settleClaim } from './relay';
import { lookBack, openDoor } from './door';
import { settleAsFound } from './found-sends';
import { settleSend } from './sends';
import { closeSession } from './session-close';

const WORDS = 'Welcome';
const AT = new Date('2026-07-23T10:00:00Z');
const WORKFLOW = workflowIdOf(JANE, NORTHSIDE);

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
  const location = { name: 'Northside Motors', country: 'AU', organizationUid: null, archived: false };
  await replaceLocations(
    db.pool,
    [NORTHSIDE, BAYVIEW].map((uid) => ({ ...location, uid })),
    new Date(),
  );
});
afterAll(() => db.drop());
afterEach(() =>
  db.pool.query(
    'truncate sends, our_senders, opt_outs, opt_out_history, audit_entries, inbox_events, workflow_starts, sessions, agent_notes',
  ),
);

const take = (...batch: ReceivedEvent[]) => receive(db.pool, batch, context);
const failed = (options: MessageOptions = {}) => failedMessage({ text: WORDS, at: AT, ...options });
const echo = (options: MessageOptions = {}) => storeMessage({ text: WORDS, at: AT, ...options });

/** A text on the wire. @returns its id */
async function leaves(options: { phone?: string; workflowId?: string | null } = {}): Promise<string> {
  const { phone = JANE, workflowId = WORKFLOW } = options;
  const sendId = randomUUID();
  const { count } = await lookBack(db.pool, sendId);
  const send = { sendId, phone, phoneHash: testHash(phone), locationUid: NORTHSIDE, workflowId };
  const text = { conversationUid: 'c-1', purpose: 'greeting', body: WORDS, now: AT };
  expect(await openDoor(db.pool, { ...send, ...text }, count)).toMatchObject({ kind: 'open' });
  return sendId;
}

/** A text that Podium has taken. @returns its id */
async function sent(messageUid: string, options: Parameters<typeof leaves>[0] = {}): Promise<string> {
  const sendId = await leaves(options);
  await settleSend(db.pool, sendId, { kind: 'sent', at: AT, messageUid, conversationUid: 'c-1' });
  return sendId;
}

const sends = async () =>
  (await db.pool.query('select status, error_code, failure_reason, message_uid from sends order by id')).rows;
const notes = async () =>
  (await db.pool.query('select body, close, workflow_id from agent_notes order by note_key')).rows;
const audit = async (kind: string) =>
  (await db.pool.query('select details from audit_entries where kind = $1 order by id', [kind])).rows.map(
    ({ details }) => details,
  );

/** What the relay hands to the session now. */
async function signalled() {
  const claims = await claimSessions(db.pool, 10, 1_000);
  for (const claim of claims) await settleClaim(db.pool, claim);
  return claims.flatMap(({ messages }) => messages);
}

/** A session that runs, and was told of the customer's first message. */
async function runs(): Promise<void> {
  await take(customerMessage());
  expect(await signalled()).toMatchObject([{ number: 1, from: 'customer' }]);
}

describe('the failure of a text that Podium had taken', () => {
  it('marks its send, tells the audit and the agent why, and the session as its next message', async () => {
    await runs();
    const send = await sent('m-1');
    await take(failed({ messageUid: 'm-1' }));

    expect(await sends()).toEqual([
      {
        ...{ status: 'failed', error_code: 'landline', message_uid: 'm-1' },
        failure_reason: 'Attempted to send SMS to a landline.',
      },
    ]);
    expect(await audit('send_failed')).toEqual([{ send, attempt: 1, message: 'm-1', cause: 'landline' }]);
    expect(await notes()).toEqual([
      { close: false, workflow_id: WORKFLOW, body: expect.stringMatching(/is a landline.*Please call/s) },
    ]);
    expect(await signalled()).toEqual([
      {
        ...{ number: 2, from: 'delivery', text: 'Attempted to send SMS to a landline.', at: AT.getTime() },
        ...{ receivedAt: expect.any(Number), webchat: false, conversationUid: null, name: null },
        ...{ attachments: 0, traceId: expect.stringMatching(/^[0-9a-f]{32}$/) },
      },
    ]);
  });

  it('takes effect once, however often it is told', async () => {
    await runs();
    await sent('m-1');
    await take(failed({ messageUid: 'm-1' }), failed({ messageUid: 'm-1' }));
    await take(failed({ messageUid: 'm-1' }));
    expect(await notes()).toHaveLength(1);
    expect(await audit('send_failed')).toHaveLength(1);
    expect(await signalled()).toHaveLength(1);
  });

  it('without a reason counts as well', async () => {
    await sent('m-1');
    await take(failed({ messageUid: 'm-1', failureReason: null }));
    expect(await sends()).toMatchObject([{ status: 'failed', error_code: 'unknown', failure_reason: null }]);
    expect(await notes()).toMatchObject([{ body: expect.stringContaining('could not deliver it.') }]);
  });

  it('only leaves the note once the session is closed', async () => {
    await runs();
    await sent('m-1');
    await closeSession(db.pool, {
      ...{ workflowId: WORKFLOW, phone: JANE, locationUid: NORTHSIDE, phoneHash: testHash(JANE) },
      ...{ handledNumber: 1, reason: 'idle', note: null, closeConversation: false, conversationUid: null },
    });
    await take(failed({ messageUid: 'm-1' }));
    expect(await signalled()).toEqual([]);
    expect(await notes()).toHaveLength(1);
    expect((await db.pool.query('select status from sessions')).rows).toEqual([{ status: 'closed' }]);
  });

  it('in one batch with others fails each its own', async () => {
    await sent('m-1');
    await sent('m-2');
    await take(
      failed({ messageUid: 'm-2', failureReason: 'Message blocked by the carrier' }),
      failed({ messageUid: 'm-1' }),
    );
    expect((await sends()).map(({ message_uid, error_code }) => [message_uid, error_code]).sort()).toEqual([
      ['m-1', 'landline'],
      ['m-2', 'carrier'],
    ]);
  });

  it('lets nothing be sent again, and no late answer makes it good', async () => {
    const send = await sent('m-1');
    await take(failed({ messageUid: 'm-1' }));
    await settleSend(db.pool, send, { kind: 'unknown' });
    await settleSend(db.pool, send, { kind: 'not_sent' });
    await settleSend(db.pool, send, { kind: 'refused', code: 'x' });
    await settleSend(db.pool, send, { kind: 'sent', at: AT, messageUid: 'm-1', conversationUid: null });
    expect(await sends()).toMatchObject([{ status: 'failed', error_code: 'landline' }]);
    const { count } = await lookBack(db.pool, send);
    const again = { sendId: send, phone: JANE, phoneHash: testHash(JANE), locationUid: NORTHSIDE };
    const text = { workflowId: WORKFLOW, conversationUid: 'c-1', purpose: 'greeting', body: WORDS, now: AT };
    expect(await openDoor(db.pool, { ...again, ...text }, count)).toMatchObject({ kind: 'already_sent' });
  });
});

describe('a failure that comes before we know the uid of the message', () => {
  it('is that of the text on the wire with these words; the answer that follows changes nothing', async () => {
    await runs();
    const send = await leaves();
    await take(failed({ messageUid: 'm-1' }));
    expect(await sends()).toMatchObject([{ status: 'failed', message_uid: 'm-1' }]);
    await settleSend(db.pool, send, { kind: 'sent', at: AT, messageUid: 'm-1', conversationUid: 'c-1' });
    await take(echo({ messageUid: 'm-1' }));
    expect(await sends()).toMatchObject([{ status: 'failed', message_uid: 'm-1' }]);
    expect(await signalled()).toMatchObject([{ number: 2, from: 'delivery' }]);
    expect(await notes()).toHaveLength(1);
  });

  it('is that of the text whose answer was lost, which is not sent again then', async () => {
    const send = await leaves();
    await settleSend(db.pool, send, { kind: 'unknown' });
    await take(failed({ messageUid: 'm-1' }));
    expect(await lookBack(db.pool, send)).toMatchObject({ count: 1, unknownSince: null });
  });

  it('comes after its echo in one batch, or before it', async () => {
    await runs();
    for (const inOrder of [true, false]) {
      const uid = `m-${inOrder}`;
      await leaves();
      const events = [echo({ messageUid: uid }), failed({ messageUid: uid })];
      await take(...(inOrder ? events : events.reverse()));
    }
    expect((await sends()).map(({ status }) => status)).toEqual(['failed', 'failed']);
    expect(await signalled()).toMatchObject([{ from: 'delivery' }, { from: 'delivery' }]);
  });

  describe('in words that Podium has altered is kept, and takes effect', () => {
    const altered = () => failed({ messageUid: 'm-1', text: `${WORDS} Reply STOP to opt out.` });
    const isUnmatched = async () => {
      expect(await notes()).toEqual([]);
      expect(await signalled()).toEqual([]);
    };
    afterEach(async () => {
      expect(await sends()).toMatchObject([{ status: 'failed', error_code: 'landline', message_uid: 'm-1' }]);
      expect(await notes()).toHaveLength(1);
      expect(await audit('send_failed')).toHaveLength(1);
      expect(await signalled()).toMatchObject([{ number: 2, from: 'delivery' }]);
    });

    it("with the answer that tells the message's uid", async () => {
      await runs();
      const send = await leaves();
      await take(altered());
      await isUnmatched();
      await settleSend(db.pool, send, { kind: 'sent', at: AT, messageUid: 'm-1', conversationUid: 'c-1' });
    });

    it('with the reading that finds the message', async () => {
      await runs();
      const send = await leaves();
      await settleSend(db.pool, send, { kind: 'unknown' });
      await take(altered());
      await isUnmatched();
      const found = { uid: 'm-1', at: AT, conversationUid: 'c-1' };
      const reading = { conversationUids: ['c-1'], messages: 1 };
      expect(await settleAsFound(db.pool, send, [found], reading)).toBe(found);
    });

    it('with the echo', async () => {
      await runs();
      await leaves();
      await take(altered());
      await isUnmatched();
      await take(echo({ messageUid: 'm-1' }));
    });
  });

  it('only leaves the note when the session is closed by then', async () => {
    const send = await leaves();
    await take(failed({ messageUid: 'm-1', text: 'Altered' }));
    await settleSend(db.pool, send, { kind: 'sent', at: AT, messageUid: 'm-1', conversationUid: 'c-1' });
    expect(await notes()).toHaveLength(1);
    expect(await signalled()).toEqual([]);
  });
});

describe("the failure of somebody else's message", () => {
  it('changes nothing, and is kept', async () => {
    await runs();
    await sent('m-1');
    await take(failed({ messageUid: 'm-9', text: 'This is Ann', senderUid: 'a-person' }));
    expect(await sends()).toMatchObject([{ status: 'sent' }]);
    expect(await notes()).toEqual([]);
    expect(await signalled()).toEqual([]);
    const { rows } = await db.pool.query(
      "select status, message from inbox_events where event_type = 'message.failed'",
    );
    expect(rows).toMatchObject([{ status: 'recorded', message: { from: 'delivery' } }]);
  });

  it('is not that of a text to another phone, or with other words', async () => {
    await leaves({ phone: '+14155551234' });
    await take(failed({ messageUid: 'm-1' }), failed({ phone: '+14155551234', text: 'Other words' }));
    expect(await sends()).toMatchObject([{ status: 'intent' }]);
  });
});

describe('an opt-out told by a failure', () => {
  const optOut = (optedOut: boolean, at: Date) =>
    recordOptOut(db.pool, {
      ...{
        phone: JANE,
        phoneHash: testHash(JANE),
        wish: optedOut ? 'opt_out' : 'opt_in',
        source: 'operator',
        actor: 'ann',
        rule: null,
      },
      ...{ locationUid: null, messageUid: null, at },
    });
  const optedOutBy = failed({ stop: true, failureReason: 'The contact has opted out.' });

  it('goes into the ledger as one of Podium, of the time of the text', async () => {
    await take(optedOutBy);
    const { rows } = await db.pool.query('select opted_out, source, recorded_at from opt_outs');
    expect(rows).toEqual([{ opted_out: true, source: 'podium', recorded_at: AT }]);
    expect((await db.pool.query('select from workflow_starts')).rowCount).toBe(0); // Podium need not be told
  });

  it('undoes no opt-in that came after the text', async () => {
    await optOut(false, new Date(AT.getTime() + 1_000));
    await take(optedOutBy);
    expect(await isOptedOut(db.pool, JANE)).toBe(false);
  });
});
