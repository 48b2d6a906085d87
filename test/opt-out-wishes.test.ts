/** Wishes on every channel, and what they do on every other: through the whole system. */
import { BAYVIEW, NORTHSIDE } from './support/simulator';
import { startSystem, type System } from './support/system';

/** Each test has customers of its own. */
let next = 100;
const newPhone = () => `+1415555${String((next += 1)).padStart(4, '0')}`;

let system: System;
beforeAll(async () => {
  system = await startSystem({ settings: { optout: { confirmation: true } } });
  await system.simulator.set({ opt_out_whitelisted: true });
});
afterAll(() => system.stop());

const says = (phone: string, body: string, options: { webchat?: boolean; location_uid?: string } = {}) =>
  system.simulator.customerWrites({ phone, location_uid: NORTHSIDE, body, webchat: false, ...options });
const chats = (phone: string, body = 'Can I book a test drive?', location_uid = NORTHSIDE) =>
  says(phone, body, { webchat: true, location_uid });
const notesOf = async (phone: string, locationUid = NORTHSIDE) =>
  (await system.simulator.conversation(phone, locationUid))?.notes.map(({ body }) => body) ?? [];
const CONFIRMATION = expect.stringContaining('no more texts from us');

/** A chat with our greeting. */
async function inChat(phone: string, locationUid = NORTHSIDE): Promise<void> {
  await chats(phone, undefined, locationUid);
  await system.hears(1, phone, locationUid);
}
function isBlocked(phone: string, wanted = true): Promise<unknown> {
  return system.eventually(wanted ? 'the block' : 'the end of the block', async () => {
    const { rows } = await system.pool.query(
      'select from opt_outs where phone_e164 = $1 and (opted_out or undecided_at is not null)',
      [phone],
    );
    return rows.length > 0 === wanted;
  });
}
/** Whatever may come has come. */
const textsTo = async (phone: string, locationUid = NORTHSIDE) => {
  await system.isQuiet();
  return system.textsTo(phone, locationUid);
};

test.each<['by text' | 'in the webchat', { webchat: boolean }]>([
  ['by text', { webchat: false }],
  ['in the webchat', { webchat: true }],
])(
  '"Stop. Thanks" %s ends both channels and is confirmed once, START in a chat ends nothing, by text it does',
  async (_, channel) => {
    const phone = newPhone();
    await inChat(phone);
    await says(phone, 'Stop. Thanks', channel);
    await isBlocked(phone);
    await says(phone, 'stop', channel);
    await chats(phone, 'One more question', BAYVIEW);
    await chats(phone, 'START');
    expect(await textsTo(phone)).toEqual([expect.any(String), CONFIRMATION]);
    expect(await textsTo(phone, BAYVIEW)).toEqual([]);
    expect(await notesOf(phone)).toContainEqual(expect.stringContaining('no text may be sent to this phone'));

    await says(phone, 'START');
    await isBlocked(phone, false);
    await chats(phone, 'Hello again', BAYVIEW);
    await system.hears(1, phone, BAYVIEW);
    await system.isQuiet(); // Podium is told by the way
    expect((await system.simulator.state(phone)).contacts).toMatchObject([{ opted_out_at: null }]);
  },
);

test('an opt-out in Podium’s inbox ends both channels, and is not confirmed', async () => {
  const phone = newPhone();
  await inChat(phone);
  await system.simulator.setOptOut(phone, true);
  await isBlocked(phone);
  await says(phone, 'A plain text');
  await chats(phone, 'And a chat', BAYVIEW);
  expect(await textsTo(phone)).toHaveLength(1);
  expect(await textsTo(phone, BAYVIEW)).toEqual([]);
});

test('a wish in other words is silence until an operator has decided, and the agent knows', async () => {
  const phone = newPhone();
  await inChat(phone);
  await says(phone, 'please lose my number');
  await isBlocked(phone);
  await says(phone, 'Hello?');
  expect(await textsTo(phone)).toHaveLength(1);
  expect(await notesOf(phone)).toContainEqual(expect.stringContaining('may have asked for no more messages'));
  const { rows } = await system.pool.query('select status from sessions where phone_e164 = $1', [phone]);
  expect(rows).toEqual([{ status: 'active' }]); // it stays with the store
});

test('HELP is answered once, and is no answer to the question that is open', async () => {
  const phone = newPhone();
  await inChat(phone);
  await says(phone, 'HELP');
  await says(phone, 'help');
  await says(phone, '1');
  await system.hears(3, phone);
  const texts = await textsTo(phone);
  expect(texts).toHaveLength(3);
  expect(texts.filter((text) => text.includes('Reply STOP to get none'))).toHaveLength(1);
});

test('no thanks is asked about, and then heard', async () => {
  const phone = newPhone();
  await inChat(phone);
  await says(phone, 'no thanks');
  await system.hears(2, phone);
  expect((await textsTo(phone))[1]).toMatch(/^If you would rather get no texts from us, reply STOP\.\n/);
  await says(phone, 'STOP');
  await isBlocked(phone);
});
