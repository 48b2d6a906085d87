/** One webchat from the first message to the close, and on from there, as Podium and the customer see it. */
import { publishedEvent, skillEvent } from './support/podium-events';
import { BAYVIEW, NORTHSIDE } from './support/simulator';
import { startSystem, type System } from './support/system';

const JANE = '+61400123456';
const JOHN = '+61412345678';
/** Seconds instead of minutes: 2 s to the prompt, 4 s to the close. */
const FAST = { session: { idle_warn_seconds: 2, idle_close_seconds: 4, podium_expiry_seconds: 5 } };

let system: System;
afterEach(() => system.stop());

describe('a message that is posted from outside', () => {
  beforeEach(async () => {
    system = await startSystem();
  });

  test('gets a reply at the store it was written to, in either shape', async () => {
    const published = publishedEvent({
      phone: '0400 123 456',
      body: 'Can I book a test drive?',
      locationUid: NORTHSIDE,
    });
    const skill = skillEvent({ phone: JANE, body: 'Are you open today?', locationUid: BAYVIEW });

    expect(await system.post(published, 'published')).toMatchObject({
      status: 200,
      body: { status: 'accepted', eventId: published.metadata.eventUid },
    });
    expect(await system.hears(1, JANE, NORTHSIDE)).toEqual([
      expect.stringContaining('thanks for contacting Northside Motors'),
    ]);

    expect(await system.post(skill, 'skill')).toMatchObject({
      status: 200,
      body: { status: 'accepted', eventId: skill.id },
    });
    expect(await system.hears(1, JANE, BAYVIEW)).toEqual([
      expect.stringContaining('thanks for contacting Bayview Outfitters'),
    ]);

    const { contacts } = await system.simulator.state();
    expect(contacts).toMatchObject([{ phone: JANE, location_uids: [NORTHSIDE, BAYVIEW] }]);
  });
});

test('with the skill contract, an event whose conversation Podium does not know is answered all the same', async () => {
  system = await startSystem({ contract: 'skill' });
  await system.post(skillEvent({ phone: JANE, body: 'Are you open today?', locationUid: BAYVIEW }), 'skill');
  expect(await system.hears(1, JANE, BAYVIEW)).toEqual([
    expect.stringContaining('thanks for contacting Bayview Outfitters'),
  ]);
});

describe.each(['published', 'skill'] as const)('with the %s contract', (contract) => {
  beforeEach(async () => {
    system = await startSystem({ contract, settings: FAST });
  });

  test('a chat is asked, prompted, closed with a note, and taken up again where it ended', async () => {
    const write = (phone: string, body: string, location_uid = NORTHSIDE) =>
      system.simulator.customerWrites({ phone, location_uid, body, name: 'Jane Citizen' });

    await write('0400 123 456', 'Can I book a test drive?');
    const [greeting] = await system.hears(1, JANE);
    expect(greeting).toMatch(/Northside Motors[^]*reply with a number/);

    await write('0400 123 456', '1');
    const [, question] = await system.hears(2, JANE);
    expect(question).toContain('Please tell us your name');

    const [, , prompt] = await system.hears(3, JANE);
    expect(prompt).toContain('Are you still there?');

    const closed = await system.eventually('the close', async () => {
      const conversation = await system.simulator.conversation(JANE, NORTHSIDE);
      return conversation?.closed && conversation;
    });
    expect(closed.notes.map(({ body }) => body)).toEqual([
      expect.stringMatching(/nobody wrote for a while[^]*Topic: Sales[^]*Not answered yet: Name/),
    ]);
    expect(await system.textsTo(JANE)).toHaveLength(3); // one prompt, and no word at the close

    // Somebody else, and the same customer at another store, begin anew.
    await write(JOHN, 'Hello!');
    expect(await system.hears(1, JOHN)).toEqual([expect.stringContaining('reply with a number')]);
    await write(JANE, 'Hello!', BAYVIEW);
    expect(await system.hears(1, JANE, BAYVIEW)).toEqual([expect.stringContaining('reply with a number')]);

    await write('0400 123 456', 'Sorry, I was away.');
    const again = (await system.hears(4, JANE)).at(-1);
    expect(again).toMatch(/Welcome back[^]*Please tell us your name/);
  });
});
