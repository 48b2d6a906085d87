import { randomUUID } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import {
  context,
  customerMessage,
  JANE,
  JOHN,
  NORTHSIDE,
  storeMessage,
  testHash,
} from '../test/support/received';
import { createPool, lockPhones, transaction, type Pool } from './database';
import { receive } from './inbox';
import { replaceLocations } from './locations';
import { recordOptOut } from './opt-outs';
import { pauseRobot, resumeRobot } from './robot-pauses';
import { lookBack, openDoor as passDoor, type WantedSend } from './door';
import { settleAsFound, type Candidate } from './found-sends';
import { settleSend } from './sends';

const ARCHIVED = '9e000000-0000-4000-8000-000000000003';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
  const location = { name: 'Northside Motors', country: 'AU', organizationUid: null };
  await replaceLocations(
    db.pool,
    [
      { ...location, uid: NORTHSIDE, archived: false },
      { ...location, uid: ARCHIVED, archived: true },
    ],
    new Date(),
  );
});
afterAll(() => db.drop());
afterEach(() =>
  db.pool.query(
    'truncate sends, opt_outs, opt_out_history, audit_entries, inbox_events, workflow_starts, sessions',
  ),
);

const wanted = (options: Partial<WantedSend> = {}): WantedSend => ({
  ...{
    sendId: randomUUID(),
    phone: JANE,
    phoneHash: testHash(JANE),
    locationUid: NORTHSIDE,
    workflowId: 'w-1',
  },
  ...{ conversationUid: 'c-1', purpose: 'greeting', body: 'Welcome', now: new Date('2026-07-23T10:00:00Z') },
  ...options,
});
/** One attempt, as senders make it. */
const openDoor = async (pool: Pool, send: WantedSend) =>
  passDoor(pool, send, (await lookBack(pool, send.sendId)).count);
const optOut = (optedOut: boolean, at: Date, phone = JANE) =>
  recordOptOut(db.pool, {
    ...{
      phone,
      phoneHash: testHash(phone),
      wish: optedOut ? 'opt_out' : 'opt_in',
      source: 'operator',
      actor: 'ann',
      rule: null,
      at,
    },
    ...{ locationUid: null, messageUid: null },
  });
const rows = async (table: string) => (await db.pool.query(`select * from ${table} order by 1`)).rows;
const audit = async () =>
  (await db.pool.query('select kind from audit_entries order by id')).rows.map(({ kind }) => kind);

const detailsOf = async (kind: string) =>
  (await db.pool.query('select details from audit_entries where kind = $1 order by id', [kind])).rows.map(
    ({ details }) => details,
  );
const READING = { conversationUids: ['c-1', 'c-2'], messages: 7 };
/** A message in the conversation, so many ms after the first attempt of `wanted`. */
const candidate = (uid: string, afterMs = 0): Candidate => ({
  ...{ uid, at: new Date(wanted().now.getTime() + afterMs), conversationUid: 'c-1' },
});
/** What Podium tells of a message with the words of `wanted`, under a sender whom we do not know. */
const echo = (messageUid: string, at = wanted().now) => storeMessage({ messageUid, text: 'Welcome', at });

describe('the door, with the robot paused', () => {
  afterEach(() => db.pool.query('truncate robot_pauses'));

  it.each([
    ['for all stores', null],
    ['at this store', NORTHSIDE],
  ])('%s, holds back what the robot says, for good', async (_, locationUid) => {
    expect(await pauseRobot(db.pool, locationUid, 'kim')).toBe(true);
    const send = wanted();
    expect(await openDoor(db.pool, send)).toEqual({ kind: 'held', code: 'ERR_WEBCHAT_020' });
    await resumeRobot(db.pool, locationUid, 'kim');
    expect(await openDoor(db.pool, send)).toEqual({ kind: 'held', code: 'ERR_WEBCHAT_020' });
    expect(await openDoor(db.pool, wanted())).toMatchObject({ kind: 'open' });
    expect(await audit()).toEqual(['robot_paused', 'send_refused', 'robot_resumed', 'send_intended']);
  });

  it('knows the echo of a text that may have left before the robot was paused', async () => {
    const send = wanted();
    await openDoor(db.pool, send);
    await settleSend(db.pool, send.sendId, { kind: 'unknown' });
    await pauseRobot(db.pool, NORTHSIDE, 'kim');
    expect(await openDoor(db.pool, send)).toMatchObject({ kind: 'held' });
    await receive(db.pool, [echo('m-1')], context);
    expect(await rows('sends')).toMatchObject([{ status: 'sent', message_uid: 'm-1' }]);
  });

  it('lets out what persons send, and what the robot says at other stores', async () => {
    await pauseRobot(db.pool, NORTHSIDE, 'kim');
    for (const purpose of ['file', 'forwarded_file'])
      expect(await openDoor(db.pool, wanted({ purpose }))).toMatchObject({ kind: 'open' });
    await resumeRobot(db.pool, NORTHSIDE, 'kim');
    await pauseRobot(db.pool, ARCHIVED, 'kim');
    expect(await openDoor(db.pool, wanted())).toMatchObject({ kind: 'open' });
  });

  it('says that of an opt-out first', async () => {
    await pauseRobot(db.pool, null, 'kim');
    await optOut(true, new Date());
    expect(await openDoor(db.pool, wanted())).toEqual({ kind: 'blocked' });
  });

  it('is paused once, and let go once', async () => {
    expect(await pauseRobot(db.pool, null, 'kim')).toBe(true);
    expect(await pauseRobot(db.pool, null, 'ann')).toBe(false);
    expect(await resumeRobot(db.pool, NORTHSIDE, 'ann')).toBe(false);
    expect(await resumeRobot(db.pool, null, 'ann')).toBe(true);
    expect(await audit()).toEqual(['robot_paused', 'robot_resumed']);
  });

  it('holds back what the settings hold back', async () => {
    const send = wanted({ purpose: 'prompt', heldBack: 'ERR_WEBCHAT_021' });
    expect(await openDoor(db.pool, send)).toEqual({ kind: 'held', code: 'ERR_WEBCHAT_021' });
  });
});

describe('the door', () => {
  it('lets a send out, and has written an intent by then that holds no text', async () => {
    const send = wanted();
    expect(await openDoor(db.pool, send)).toEqual({ kind: 'open', attempt: 1, since: send.now });
    const [row] = await rows('sends');
    expect(row).toMatchObject({ id: send.sendId, status: 'intent', settled_at: null });
    expect(JSON.stringify(row)).not.toContain('Welcome');
    expect(await audit()).toEqual(['send_intended']);
  });

  it('blocks a send to a phone that is opted out, and records that', async () => {
    await optOut(true, new Date());
    const send = wanted();
    expect(await openDoor(db.pool, send)).toEqual({ kind: 'blocked' });
    expect(await rows('sends')).toMatchObject([
      { status: 'blocked', error_code: 'ERR_WEBCHAT_009', attempts: 0 },
    ]);
    expect(await audit()).toEqual(['opt_out', 'send_blocked']);
    expect(await openDoor(db.pool, wanted({ phone: JOHN }))).toMatchObject({ kind: 'open' });
  });

  it('opens again after an opt-in, but not for what was blocked before', async () => {
    await optOut(true, new Date('2026-07-23T10:00:00Z'));
    const blocked = wanted();
    await openDoor(db.pool, blocked);
    await optOut(false, new Date('2026-07-23T11:00:00Z'));
    expect(await openDoor(db.pool, blocked)).toEqual({ kind: 'blocked' });
    expect(await openDoor(db.pool, wanted())).toMatchObject({ kind: 'open' });
  });

  it('blocks a retry when the opt-out came between the attempts, and says that the first may have left', async () => {
    const send = wanted();
    await openDoor(db.pool, send);
    await optOut(true, new Date());
    expect(await openDoor(db.pool, send)).toEqual({ kind: 'blocked' });
    const [entry] = (await rows('audit_entries')).slice(-1);
    expect(entry).toMatchObject({ kind: 'send_blocked', details: { earlierAttemptUnknown: true } });
  });

  it.each([
    ['unknown', '9e000000-0000-4000-8000-0000000000ff'],
    ['archived', ARCHIVED],
  ])('refuses a send for a location that is %s', async (_, locationUid) => {
    const send = wanted({ locationUid });
    expect(await openDoor(db.pool, send)).toEqual({ kind: 'refused', code: 'ERR_WEBCHAT_003' });
    expect(await openDoor(db.pool, send)).toEqual({ kind: 'refused', code: 'ERR_WEBCHAT_003' });
    expect(await audit()).toEqual(['send_refused']);
  });

  it('is shut for an attempt that another one has overtaken since it looked back', async () => {
    const send = wanted();
    expect(await passDoor(db.pool, send, 0)).toMatchObject({ kind: 'open', attempt: 1 });
    expect(await passDoor(db.pool, send, 0)).toEqual({ kind: 'overtaken' });
    expect(await rows('sends')).toMatchObject([{ status: 'intent', attempts: 1 }]);
  });

  it('stays shut while the store is away', async () => {
    const away = createPool(db.url.replace(/:\d+\//, ':1/'));
    await expect(openDoor(away, wanted())).rejects.toThrow();
    await away.end();
  });

  it('sees an opt-out that it had to wait for', async () => {
    let door: Promise<unknown> = Promise.resolve();
    await transaction(db.pool, async (client) => {
      await lockPhones(client, [JANE]);
      door = openDoor(db.pool, wanted());
      await waitsForLock();
      await client.query(
        `insert into opt_outs (phone_e164, opted_out, version, source, recorded_at) values ($1, true, 1, 'text', now())`,
        [JANE],
      );
    });
    expect(await door).toEqual({ kind: 'blocked' });
  });

  it('never opens once an opt-out has been answered, however many race for it', async () => {
    for (let i = 0; i < 20; i++) {
      let committed = false;
      const tooLate: string[] = [];
      const knock = async () => {
        for (let k = 0; k < 4; k++) {
          const wasCommitted = committed;
          const door = await openDoor(db.pool, wanted());
          if (wasCommitted && door.kind === 'open') tooLate.push('opened after the commit');
        }
      };
      const stop = receive(db.pool, [customerMessage({ stop: true })], context).then(
        () => (committed = true),
      );
      await Promise.all([knock(), knock(), knock(), stop]);
      // By the order of the transactions: every intent came before the opt-out, every block after it.
      const order = await db.pool.query<{ kind: string }>('select kind from audit_entries order by id');
      const kinds = order.rows.map(({ kind }) => kind);
      const optedOutAt = kinds.indexOf('opt_out');
      expect(tooLate).toEqual([]);
      expect(kinds.slice(0, optedOutAt)).not.toContain('send_blocked');
      expect(kinds.slice(optedOutAt)).not.toContain('send_intended');
      await db.pool.query(
        'truncate sends, opt_outs, opt_out_history, audit_entries, inbox_events, workflow_starts',
      );
    }
  });
});

/** Resolves once another connection waits for the lock of a phone. */
async function waitsForLock(): Promise<void> {
  for (;;) {
    const { rowCount } = await db.pool.query(
      `select from pg_stat_activity where wait_event = 'advisory' and datname = current_database()`,
    );
    if (rowCount) return;
  }
}

describe('a send', () => {
  it('that left does not leave again', async () => {
    const send = wanted();
    await openDoor(db.pool, send);
    await settleSend(db.pool, send.sendId, {
      kind: 'sent',
      at: new Date(),
      messageUid: 'm-1',
      conversationUid: 'c-2',
    });
    expect(await openDoor(db.pool, send)).toEqual({
      kind: 'already_sent',
      messageUid: 'm-1',
      at: expect.any(Date),
      since: send.now,
    });
    expect(await rows('sends')).toMatchObject([
      { status: 'sent', message_uid: 'm-1', conversation_uid: 'c-2' },
    ]);
    expect(await audit()).toEqual(['send_intended', 'send_sent']);
  });

  it('that made the conversation tells the session which one it is, unless it knows', async () => {
    await receive(db.pool, [customerMessage({ conversationUid: null })], context);
    const conversationOf = async () => (await rows('sessions'))[0].conversation_uid;
    for (const conversationUid of [null, 'c-2', 'c-3']) {
      const send = wanted({ conversationUid: null });
      await openDoor(db.pool, send);
      const sent = { kind: 'sent', at: new Date(), messageUid: null } as const;
      await settleSend(db.pool, send.sendId, { ...sent, conversationUid });
      expect(await conversationOf()).toBe(conversationUid && 'c-2');
    }
  });

  it("tells Podium's time of it, also when only its echo has told: what was written since may answer it", async () => {
    const send = wanted();
    await openDoor(db.pool, send);
    const at = new Date(send.now.getTime() + 1_234);
    await receive(db.pool, [echo('m-1', at)], context); // long before we hear of it
    expect(await openDoor(db.pool, send)).toEqual({
      kind: 'already_sent',
      messageUid: 'm-1',
      at,
      since: send.now,
    });
  });

  it('that Podium refused for good is not tried again', async () => {
    const send = wanted();
    await openDoor(db.pool, send);
    await settleSend(db.pool, send.sendId, { kind: 'refused', code: 'invalid_phone_format' });
    expect(await openDoor(db.pool, send)).toEqual({ kind: 'refused', code: 'invalid_phone_format' });
  });

  it('that certainly did not leave needs no reading', async () => {
    const send = wanted();
    await openDoor(db.pool, send);
    await settleSend(db.pool, send.sendId, { kind: 'not_sent' });
    expect(await lookBack(db.pool, send.sendId)).toMatchObject({ count: 1, unknownSince: null });
    const later = { ...send, now: new Date('2026-07-23T10:05:00Z') };
    expect(await openDoor(db.pool, later)).toEqual({ kind: 'open', attempt: 2, since: later.now });
    expect(await lookBack(db.pool, send.sendId)).toMatchObject({ count: 2, unknownSince: later.now });
    expect(await audit()).toEqual(['send_intended', 'send_not_sent', 'send_intended']);
  });

  it.each([['unknown'], ['never told']])(
    'whose outcome is %s is read for first, from its first attempt on',
    async (outcome) => {
      const send = wanted();
      await openDoor(db.pool, send);
      if (outcome === 'unknown') await settleSend(db.pool, send.sendId, { kind: 'unknown' });
      const later = { ...send, now: new Date('2026-07-23T10:05:00Z') };
      expect(await lookBack(db.pool, send.sendId)).toMatchObject({ count: 1, unknownSince: send.now });
      expect(await openDoor(db.pool, later)).toEqual({ kind: 'open', attempt: 2, since: send.now });
      // The second attempt certainly failed; the first may still turn up.
      await settleSend(db.pool, send.sendId, { kind: 'not_sent' });
      expect(await lookBack(db.pool, send.sendId)).toMatchObject({ count: 2, unknownSince: send.now });
    },
  );

  it('that was found in the conversation is settled by it, and the audit says what was read', async () => {
    const send = wanted({ conversationUid: null });
    await openDoor(db.pool, send);
    const message = { uid: 'm-1', at: send.now, conversationUid: 'c-2' };
    expect(await settleAsFound(db.pool, send.sendId, [message], READING)).toEqual(message);
    expect(await rows('sends')).toMatchObject([
      { status: 'sent', message_uid: 'm-1', conversation_uid: 'c-2' },
    ]);
    expect(await audit()).toEqual(['send_intended', 'send_found', 'send_sent']);
    expect(await detailsOf('send_found')).toEqual([
      { send: send.sendId, attempt: 1, conversation: 'c-2', messages: 7, message: 'm-1' },
    ]);
  });

  it('that was not found may be sent again, and the audit says where it was looked for', async () => {
    const send = wanted();
    await openDoor(db.pool, send);
    expect(await settleAsFound(db.pool, send.sendId, [], READING)).toBeNull();
    expect(await openDoor(db.pool, send)).toMatchObject({ kind: 'open', attempt: 2 });
    expect(await detailsOf('send_not_found')).toEqual([
      { send: send.sendId, attempt: 1, conversation: 'c-1 c-2', messages: 7, message: null },
    ]);
  });

  it('whose echo came before it was looked for is found as what it is', async () => {
    const send = wanted();
    await openDoor(db.pool, send);
    await receive(db.pool, [echo('m-1')], context);
    expect(await settleAsFound(db.pool, send.sendId, [candidate('m-1')], READING)).toMatchObject({
      uid: 'm-1',
    });
    expect(await audit()).toEqual(['send_intended', 'send_sent', 'send_found']);
  });

  it('with the words of another one does not take its message, and each message settles one', async () => {
    const [one, other] = [wanted(), wanted()];
    await openDoor(db.pool, one);
    await openDoor(db.pool, other);
    const found = await Promise.all(
      [one, other].map(({ sendId }) => settleAsFound(db.pool, sendId, [candidate('m-1')], READING)),
    );
    expect(found.filter((message) => message?.uid === 'm-1')).toHaveLength(1);
    expect(found.filter((message) => message === null)).toHaveLength(1);
  });

  it('leaves what is older than itself to an earlier one with the same words that waits too', async () => {
    const earlier = wanted();
    const later = wanted({ now: new Date(earlier.now.getTime() + 20_000) });
    await openDoor(db.pool, earlier);
    await openDoor(db.pool, later);
    const first = candidate('m-1', 1_000);
    const second = candidate('m-2', 21_000);
    expect(await settleAsFound(db.pool, later.sendId, [first], READING)).toBeNull();
    await openDoor(db.pool, later);
    expect(await settleAsFound(db.pool, later.sendId, [second, first], READING)).toBe(second);
    expect(await settleAsFound(db.pool, earlier.sendId, [second, first], READING)).toBe(first);
    expect(await audit()).not.toContain('send_doubled');
  });

  it('that is known to have left stays so, whatever a late answer says', async () => {
    const send = wanted();
    await openDoor(db.pool, send);
    await settleSend(db.pool, send.sendId, {
      kind: 'sent',
      at: new Date(),
      messageUid: 'm-1',
      conversationUid: null,
    });
    for (const late of [{ kind: 'refused', code: 'x' }, { kind: 'not_sent' }, { kind: 'unknown' }] as const) {
      await settleSend(db.pool, send.sendId, late);
    }
    expect(await rows('sends')).toMatchObject([{ status: 'sent', message_uid: 'm-1' }]);
  });

  it('whose message was taken for another with the same words is sent all the same', async () => {
    const [one, other] = [wanted(), wanted()];
    for (const { sendId } of [one, other]) await openDoor(db.pool, { ...wanted(), sendId });
    await settleSend(db.pool, one.sendId, {
      kind: 'sent',
      at: new Date(),
      messageUid: 'm-1',
      conversationUid: null,
    });
    await settleSend(db.pool, other.sendId, {
      kind: 'sent',
      at: new Date(),
      messageUid: 'm-1',
      conversationUid: null,
    });
    const uids = (await rows('sends')).map(({ status, message_uid }) => [status, message_uid]);
    expect(uids).toEqual(
      expect.arrayContaining([
        ['sent', 'm-1'],
        ['sent', null],
      ]),
    );
  });

  it('cannot be settled without having been at the door', async () => {
    await expect(settleSend(db.pool, randomUUID(), { kind: 'unknown' })).rejects.toThrow(
      'never came to the door',
    );
  });
});

describe('an attempt that was not found and comes late', () => {
  /** Its first attempt may have left, was not found, and the second one is on the wire. */
  async function sentAgain(): Promise<WantedSend> {
    const send = wanted();
    await openDoor(db.pool, send);
    await settleAsFound(db.pool, send.sendId, [], READING);
    await openDoor(db.pool, send);
    return send;
  }
  const doubles = async () =>
    (await detailsOf('send_doubled')).map(({ message, besides }) => [message, besides]);

  it('is told by its echo while the second is on the wire: the second is the double', async () => {
    const send = await sentAgain();
    await receive(db.pool, [echo('m-1')], context);
    await settleSend(db.pool, send.sendId, {
      kind: 'sent',
      at: new Date(),
      messageUid: 'm-2',
      conversationUid: null,
    });
    expect(await doubles()).toEqual([['m-2', 'm-1']]);
    await receive(db.pool, [echo('m-2')], context); // no person's word, and no second entry
    expect(await doubles()).toHaveLength(1);
    expect(await rows('inbox_events')).toMatchObject([{ status: 'recorded' }, { status: 'recorded' }]);
  });

  it('is told by its echo after the second, and is no word of a person', async () => {
    const send = await sentAgain();
    await settleSend(db.pool, send.sendId, {
      kind: 'sent',
      at: new Date(),
      messageUid: 'm-2',
      conversationUid: null,
    });
    await receive(db.pool, [customerMessage()], context); // a session runs that a person's word would silence
    await receive(db.pool, [echo('m-1')], context);
    expect(await doubles()).toEqual([['m-1', 'm-2']]);
    expect(await rows('inbox_events')).toMatchObject([{ status: 'pending' }, { status: 'recorded' }]);
  });

  it('is told by the reading that finds both', async () => {
    const send = await sentAgain();
    const both = [candidate('m-2', 20_000), candidate('m-1', 1_000)];
    expect(await settleAsFound(db.pool, send.sendId, both, READING)).toMatchObject({ uid: 'm-1' });
    expect(await doubles()).toEqual([['m-2', 'm-1']]);
  });

  it('is not seen in the same words of a person, later on or for a send whose outcome was known', async () => {
    const known = wanted();
    await openDoor(db.pool, known);
    await settleSend(db.pool, known.sendId, {
      kind: 'sent',
      at: new Date(),
      messageUid: 'm-1',
      conversationUid: null,
    });
    await receive(db.pool, [customerMessage(), echo('m-2')], context);
    const again = await sentAgain();
    await settleSend(db.pool, again.sendId, {
      kind: 'sent',
      at: new Date(),
      messageUid: 'm-3',
      conversationUid: null,
    });
    await receive(db.pool, [echo('m-4', new Date(Date.now() + 3_600_000))], context);
    expect(await doubles()).toEqual([]);
    expect((await rows('inbox_events')).map(({ status }) => status)).toEqual([
      'pending',
      'pending',
      'pending',
    ]);
  });
});
