/**
 * One suite for the two contracts: what a customer, an agent and an operator see is the same, whichever of them
 * Podium speaks. Only what the tests look up at Podium itself may differ, and each such place says so.
 */
import { randomUUID } from 'node:crypto';
import type { Contract } from '../core/events';
import { BAYVIEW, NORTHSIDE } from './support/simulator';
import { startSystem, type System } from './support/system';

/** Seconds instead of minutes. On a machine that stands still for a while, neither may come in the other's place. */
const FAST = { session: { idle_warn_seconds: 12, idle_close_seconds: 22, podium_expiry_seconds: 24 } };
/** An answer that was lost is looked for after 15 s. */
const LOST_ANSWER_MS = 60_000;
const GREETING = 'thanks for contacting Northside Motors';

describe.each<Contract>(['published', 'skill'])('with the %s contract', (contract) => {
  let system: System;
  /** Phones 555-0100 to 555-0199 belong to nobody. */
  let nextPhone = 100;
  const newPhone = () => `+14155550${nextPhone++}`;

  const chat = (phone: string, body = 'Can I book a test drive?', location_uid = NORTHSIDE) =>
    system.simulator.customerWrites({ phone, location_uid, body, name: 'Jane Citizen' });
  const text = (phone: string, body: string, location_uid = NORTHSIDE) =>
    system.simulator.customerWrites({ phone, location_uid, body, webchat: false });

  describe('in its own time', () => {
    beforeAll(async () => {
      system = await startSystem({ contract });
    });
    afterAll(() => system.stop());

    test('a first chat is answered once, at its store, and its writer becomes one contact there', async () => {
      const phone = newPhone();
      await chat(phone);
      expect(await system.hears(1, phone)).toEqual([expect.stringContaining(GREETING)]);
      await system.isQuiet();
      expect(await system.textsTo(phone)).toHaveLength(1);
      expect((await system.simulator.state(phone)).contacts).toMatchObject([
        // The skill documents give a message no name of its writer.
        {
          name: contract === 'skill' ? 'Website visitor' : 'Jane Citizen',
          phone,
          location_uids: [NORTHSIDE],
        },
      ]);
    });

    test('an event that is delivered many times is answered once', async () => {
      const phone = newPhone();
      const { event_uid } = await chat(phone);
      await system.hears(1, phone);
      const attempts = await system.simulator.redeliver(event_uid, 10);
      expect(attempts.map(({ status }) => status)).toEqual(Array(10).fill(200));
      await system.isQuiet();
      expect(await system.textsTo(phone)).toHaveLength(1);
      expect(await inboxOf(event_uid)).toHaveLength(1);
    });

    test('questions are asked one after the other, and then a person of the store takes over', async () => {
      const phone = newPhone();
      await chat(phone);
      for (const [n, answer] of ['1', 'Jane Citizen', 'A test drive on Friday'].entries()) {
        await system.hears(n + 1, phone);
        await chat(phone, answer);
      }
      expect(await system.hears(4, phone)).toEqual([
        expect.stringContaining('reply with a number'),
        expect.stringContaining('tell us your name'),
        expect.stringContaining('what would you like to know'),
        expect.stringContaining('Someone from Northside Motors will be with you'),
      ]);
      const notes = await system.eventually('the note for the agent', async () => {
        const conversation = await system.simulator.conversation(phone, NORTHSIDE);
        return conversation!.notes.length > 0 && conversation!.notes;
      });
      expect(notes.map(({ body }) => body)).toEqual([
        expect.stringMatching(/Topic: Sales[^]*Name: Jane Citizen[^]*Details: A test drive on Friday/),
      ]);
    });

    test('what a person of the store writes silences the robot', async () => {
      const phone = newPhone();
      const { conversation_uid } = await chat(phone);
      await system.hears(1, phone);
      await system.simulator.agentWrites({ conversation_uid, body: 'Hi Jane, this is Kim.' });
      await system.isQuiet();
      await chat(phone, '1');
      await system.isQuiet();
      expect(await system.textsTo(phone)).toHaveLength(1);
    });

    test.each([
      ['in the chat', chat],
      ['by text', text],
    ])(
      'after STOP %s nobody is texted any more, and START in a chat does not change that',
      async (_, say) => {
        const phone = newPhone();
        await chat(phone);
        await system.hears(1, phone);

        await say(phone, 'Stop!');
        await closesAs('opted_out', phone);
        await chat(phone, 'START');
        await chat(phone, 'One more question', BAYVIEW);

        await system.isQuiet();
        expect(await system.textsTo(phone)).toHaveLength(1);
        expect(await system.textsTo(phone, BAYVIEW)).toEqual([]);
        const { rows } = await system.pool.query('select opted_out from opt_outs where phone_e164 = $1', [
          phone,
        ]);
        expect(rows).toEqual([{ opted_out: true }]);
      },
    );

    test('START of somebody who never said STOP is a message like any other', async () => {
      const phone = newPhone();
      await chat(phone, 'START');
      expect(await system.hears(1, phone)).toEqual([expect.stringContaining(GREETING)]);
      const { rows } = await system.pool.query('select from opt_outs where phone_e164 = $1', [phone]);
      expect(rows).toEqual([]);
    });

    test.each([
      ['an unknown store', 'ERR_WEBCHAT_003', '+14155550198', randomUUID()],
      ['no store', 'ERR_WEBCHAT_002', '+14155550198', null],
      ['an unusable phone', 'ERR_WEBCHAT_001', '1-800-GOT-MILK', NORTHSIDE],
    ])('a chat with %s is set aside, and nothing comes of it', async (_, code, phone, location_uid) => {
      const { event_uid } = await system.simulator.customerWrites({ phone, location_uid, body: 'Hello?' });
      await system.isQuiet();
      expect(await inboxOf(event_uid)).toEqual([{ status: 'quarantined', error_code: code }]);
      const { rows } = await system.pool.query('select from sessions where phone_e164 = $1', [phone]);
      expect(rows).toEqual([]);
      expect(await attempts(event_uid)).toEqual([200]);
    });

    test('a reply that is answered 429 goes out once, and not before Podium wants it', async () => {
      const phone = newPhone();
      const before = (await sends()).length;
      await system.simulator.fault({
        ...{ method: 'POST', path: 'messages$' },
        ...{ status: 429, headers: { 'retry-after': '2' } },
      });
      await chat(phone);
      await system.hears(1, phone);
      await system.isQuiet();
      const [refused, sent, ...more] = (await sends()).slice(before);
      expect([refused?.status, more]).toEqual([429, []]);
      expect(sent!.at - refused!.at).toBeGreaterThanOrEqual(1_950);
      expect(await system.textsTo(phone)).toHaveLength(1);
    });

    test('a reply whose answer was lost is found, and not sent again', async () => {
      const phone = newPhone();
      const before = (await sends()).length;
      await system.simulator.fault({ method: 'POST', path: 'messages$', drop: 'after' });
      await chat(phone);
      await system.hears(1, phone);
      const uid = (await system.simulator.conversation(phone, NORTHSIDE))!.messages.at(-1)!.uid;

      const look = async () => {
        const found = 'select message_uid from sends where phone_e164 = $1 and status = $2';
        const { rows } = await system.pool.query<{ message_uid: string }>(found, [phone, 'sent']);
        return rows.length > 0 && rows;
      };
      const found = await system.eventually('the send to be found', look, LOST_ANSWER_MS);
      expect(found).toEqual([{ message_uid: uid }]);
      await system.isQuiet();
      expect((await sends()).slice(before)).toHaveLength(1);
      expect(await system.textsTo(phone)).toHaveLength(1);
    });

    test("a reply that does not arrive is the last one: the agent hears why, and the chat is the store's", async () => {
      const phone = newPhone();
      await chat(phone);
      await system.hears(1, phone);
      const greeting = (await system.simulator.conversation(phone, NORTHSIDE))!.messages.at(-1)!;
      await system.simulator.failMessage(greeting.uid, 'Attempted to send SMS to a landline.');

      const notes = await system.eventually('a note', async () => {
        const { notes } = (await system.simulator.conversation(phone, NORTHSIDE))!;
        return notes.length > 0 && notes.map(({ body }) => body);
      });
      expect(notes).toEqual([expect.stringMatching(/did not arrive: the number is a landline.*Please call/)]);
      await chat(phone, '1'); // on the website, where our question never was
      await system.isQuiet();
      expect(await system.textsTo(phone)).toHaveLength(1);
      const session = system.client.workflow.getHandle(system.workflowId(phone));
      expect(await session.query('session')).toMatchObject({
        waiting_for: expect.stringContaining('texts do not reach the customer'),
      });
      const { rows } = await system.pool.query('select status, error_code from sends where phone_e164 = $1', [
        phone,
      ]);
      expect(rows).toEqual([{ status: 'failed', error_code: 'landline' }]);
    });

    test('two chats that create one contact at the same moment share it', async () => {
      const phone = newPhone();
      const creations = { method: 'POST', path: '^/v4/contacts$' };
      await system.simulator.fault({ ...creations, times: 2, delay_ms: 3_000 });
      // The worker finds both chats before it, so that each looks for the contact before the other has made it.
      await whileWorkersStandStill(async () => {
        await Promise.all([chat(phone), chat(phone, 'Are you open?', BAYVIEW)]);
        for (const store of [NORTHSIDE, BAYVIEW])
          await system.eventually('the signal', async () => {
            const messages = await system.messagesOf(phone, store);
            return messages.length === 1;
          });
      });
      await Promise.all([system.hears(1, phone), system.hears(1, phone, BAYVIEW)]);
      await system.isQuiet();

      expect((await system.simulator.state(phone)).contacts).toHaveLength(1);
      const answers = (await system.simulator.calls())
        .filter(
          ({ method, path, body }) => method === 'POST' && path === '/v4/contacts' && isAbout(phone, body),
        )
        .map(({ status }) => status);
      // Published, the second one joins the first; the skill documents have it lose, and read again.
      expect(answers.sort()).toEqual(contract === 'skill' ? [201, 409] : [202, 202]);
      const { rows } = await system.pool.query('select podium_uid from contacts where phone_e164 = $1', [
        phone,
      ]);
      expect(rows).toHaveLength(1);
    });

    test('an operator closes a session, and Podium hears of it', async () => {
      const phone = newPhone();
      await chat(phone);
      await system.hears(1, phone);
      await system.isQuiet();

      const input = '{"actor": "kim", "reason": "the store is closing"}';
      const session = ['--workflow-id', system.workflowId(phone)];
      await system.temporalCli('workflow', 'signal', ...session, '--name', 'forceClose', '--input', input);

      await closesAs('forced', phone);
      const closed = await closesAtPodium(phone);
      expect(closed.notes).toMatchObject([{ body: expect.stringContaining('By: kim') }]);
      expect(await system.textsTo(phone)).toHaveLength(1);
    });

    test('an opt-out that Podium does not let us mirror counts here all the same', async () => {
      const phone = newPhone();
      // Published, that is so until Podium has whitelisted the application.
      if (contract === 'skill')
        await system.simulator.fault({ method: 'PATCH', path: '^/v4/contacts/', status: 403 });
      await chat(phone);
      await system.hears(1, phone);
      await text(phone, 'STOP');
      await mirrorIs('not_permitted', phone);
      await chat(phone, 'One more question');
      await system.isQuiet();
      expect(await system.textsTo(phone)).toHaveLength(1);
      expect((await system.simulator.state(phone)).contacts).toMatchObject([{ opted_out_at: null }]);
    });

    test('an opt-out is mirrored where that is permitted', async () => {
      const phone = newPhone();
      await system.simulator.set({ opt_out_whitelisted: true });
      await chat(phone, 'Are you open?', BAYVIEW);
      await system.hears(1, phone, BAYVIEW);
      await text(phone, 'STOP', BAYVIEW);
      await mirrorIs('told', phone);
      expect((await system.simulator.state(phone)).contacts).toMatchObject([
        { opted_out_at: expect.any(String) },
      ]);
    });
  });

  describe('left alone', () => {
    beforeAll(async () => {
      system = await startSystem({ contract, settings: FAST });
    });
    afterAll(() => system.stop());

    test('a chat is prompted, closed with a note, and taken up again where it ended, by nobody else', async () => {
      const [jane, john] = [newPhone(), newPhone()];
      await chat(jane);
      await system.hears(1, jane);
      await chat(jane, '1');
      const [, question] = await system.hears(2, jane);
      expect(question).toContain('Please tell us your name');
      const [, , prompt] = await system.hears(3, jane);
      expect(prompt).toContain('Are you still there?');

      const closed = await closesAtPodium(jane);
      expect(closed.notes.map(({ body }) => body)).toEqual([
        expect.stringMatching(/nobody wrote for a while[^]*Topic: Sales[^]*Not answered yet: Name/),
      ]);
      expect(await system.textsTo(jane)).toHaveLength(3); // one prompt, and no word at the close

      // Somebody else, and the same customer at another store, begin anew.
      await chat(john, 'Hello!');
      expect(await system.hears(1, john)).toEqual([expect.stringContaining('reply with a number')]);
      await chat(jane, 'Hello!', BAYVIEW);
      expect(await system.hears(1, jane, BAYVIEW)).toEqual([expect.stringContaining('reply with a number')]);

      await chat(jane, 'Sorry, I was away.');
      const again = (await system.hears(4, jane)).at(-1);
      expect(again).toMatch(/Welcome back[^]*Please tell us your name/);
    });
  });

  async function whileWorkersStandStill(work: () => Promise<void>): Promise<void> {
    for (const { pid } of system.workers) process.kill(pid!, 'SIGSTOP');
    try {
      await work();
    } finally {
      for (const { pid } of system.workers) process.kill(pid!, 'SIGCONT');
    }
  }

  /** Every call that would text somebody. */
  async function sends() {
    const calls = await system.simulator.calls();
    return calls.filter(({ method, path }) => method === 'POST' && /messages$/.test(path));
  }

  async function inboxOf(eventUid: string) {
    const { rows } = await system.pool.query(
      'select status, error_code from inbox_events where event_id = $1',
      [eventUid],
    );
    return rows;
  }

  /** The statuses with which an event was answered. */
  async function attempts(eventUid: string) {
    const deliveries = await system.simulator.deliveries();
    return deliveries.find(({ event_uid }) => event_uid === eventUid)!.attempts.map(({ status }) => status);
  }

  function closesAs(reason: string, phone: string) {
    return system.eventually(`the session to be closed as ${reason}`, async () => {
      const { rows } = await system.pool.query(
        `select from sessions where phone_e164 = $1 and status = 'closed' and close_reason = $2`,
        [phone, reason],
      );
      return rows.length === 1;
    });
  }

  function closesAtPodium(phone: string) {
    return system.eventually('the close in Podium', async () => {
      const conversation = await system.simulator.conversation(phone, NORTHSIDE);
      return conversation?.closed && conversation;
    });
  }

  function mirrorIs(state: string, phone: string) {
    return system.eventually(`the mirror to be ${state}`, async () => {
      const mirrored = 'select state from opt_out_mirrors where phone_e164 = $1 and opted_out';
      const { rows } = await system.pool.query<{ state: string }>(mirrored, [phone]);
      return rows[0]?.state === state;
    });
  }
});

function isAbout(phone: string, body: unknown): boolean {
  return JSON.stringify(body).includes(phone);
}
