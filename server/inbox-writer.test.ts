import { LOCK_HELD, lockPhones } from '../store/database';
import { receive, type Outcome, type ReceivedEvent } from '../store/inbox';
import { createTestDatabase } from '../test/support/database';
import {
  contactChange,
  context,
  customerMessage,
  received,
  JANE,
  JOHN,
  storeMessage,
} from '../test/support/received';
import { createInboxWriter } from './inbox-writer';

/** A writer whose batch is committed by hand. */
function controlled() {
  const told: [ReceivedEvent, Outcome][] = [];
  let begun: () => void;
  const hasBegun = new Promise<void>((resolve) => (begun = resolve));
  let commit: (outcomes: Outcome[]) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const write = createInboxWriter(
    () =>
      new Promise((resolve, reject) => {
        [commit, fail] = [resolve, reject];
        begun();
      }),
    (received, outcome) => void told.push([received, outcome]),
  );
  const finish = { commit: (outcomes: Outcome[]) => commit(outcomes), fail: (error: Error) => fail(error) };
  return { write, told, hasBegun, finish };
}

it('tells of what was committed, though its request has had its answer already', async () => {
  const { write, told, hasBegun, finish } = controlled();
  const [late, patient] = [customerMessage(), customerMessage()];
  const budget = new AbortController();
  const answer = write(late, budget.signal);
  const patientAnswer = write(patient, new AbortController().signal);
  await hasBegun;
  budget.abort(new Error('too late'));
  await expect(answer).rejects.toThrow('too late');
  finish.commit([{ status: 'quarantined' }, { status: 'accepted' }]);
  expect(await patientAnswer).toEqual({ status: 'accepted' });
  expect(told).toEqual([
    [late, { status: 'quarantined' }],
    [patient, { status: 'accepted' }],
  ]);
});

it('tells of nothing that was not committed', async () => {
  const { write, told, hasBegun, finish } = controlled();
  const answer = write(customerMessage(), new AbortController().signal);
  await hasBegun;
  finish.fail(new Error('the database is away'));
  await expect(answer).rejects.toThrow('the database is away');
  expect(told).toEqual([]);
});

describe('an event that cannot be written', () => {
  const fails = `raise exception using errcode = '22012'`;
  test.each([
    ['fails at its row', 'inbox_events', `new.event_id = 'bad'`, fails],
    ['fails amid what it leads to', 'sessions', `new.phone_e164 = '${JANE}'`, fails],
    ['meets a row that no look shows', 'inbox_events', `new.event_id = 'bad'`, 'return null'],
  ])('and %s leaves alone those that came with it', async (_, table, isBad, doThis) => {
    const { pool, drop } = await createTestDatabase();
    try {
      await pool.query(
        `create function refuse() returns trigger language plpgsql as $$
           begin if ${isBad} then ${doThis}; end if; return new; end $$;
         create trigger refuse before insert on ${table} for each row execute function refuse()`,
      );
      const write = createInboxWriter(
        (batch) => receive(pool, batch, context),
        () => undefined,
      );
      const batch = [
        customerMessage({ eventId: 'bad' }),
        ...[customerMessage({ phone: JOHN }), storeMessage({ phone: JOHN })],
      ];
      const answers = await Promise.allSettled(
        batch.map((received) => write(received, new AbortController().signal)),
      );
      expect(answers.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    } finally {
      await drop();
    }
  });
});

it('of a phone that a process standing still has locked keeps no other waiting', async () => {
  const { pool, drop } = await createTestDatabase();
  const frozen = await pool.connect();
  try {
    await frozen.query('begin');
    await lockPhones(frozen, [JANE]);
    const tried: number[] = [];
    const write = createInboxWriter(
      (events) => {
        tried.push(events.length);
        return receive(pool, events, context, { lockWithinMs: 100 });
      },
      () => undefined,
    );
    const change = contactChange({ phones: [JANE, JOHN] }); // which of them it waits for is not known
    const ofBoth = received({}, { kind: 'contact_changed', change, optOuts: [], cleared: [] });
    const ofJane = [customerMessage({ phone: JANE }), storeMessage({ phone: JANE })];
    const batch = [ofBoth, ...ofJane, customerMessage({ phone: JOHN })];
    const { signal } = new AbortController();
    const answers = await Promise.allSettled(batch.map((event) => write(event, signal)));
    expect(answers).toMatchObject([
      { status: 'rejected', reason: { code: LOCK_HELD } },
      { status: 'rejected', reason: { code: LOCK_HELD } },
      { status: 'rejected', reason: { code: LOCK_HELD } },
      { value: { status: 'accepted' } },
    ]);
    expect(tried).toEqual([4, 1, 1, 1]); // Jane's second message did not wait as well
    await frozen.query('rollback');
    expect(await Promise.all(ofJane.map((event) => write(event, signal)))).toMatchObject([
      { status: 'accepted' },
      { status: 'accepted' },
    ]);
  } finally {
    frozen.release();
    await drop();
  }
});
