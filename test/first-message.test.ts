/** Messages that are posted from outside, by whoever signs as Podium does. */
import { publishedEvent, skillEvent } from './support/podium-events';
import { BAYVIEW, NORTHSIDE } from './support/simulator';
import { startSystem, type System } from './support/system';

const JANE = '+61400123456';

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
