import { podiumCaller, type PodiumCaller } from '../../test/support/podium-caller';
import { BAYVIEW, NORTHSIDE, startSimulator } from '../../test/support/simulator';

const PHONE = '+61412345678';
const AT_PHONE = `/v4/contacts/${encodeURIComponent(PHONE)}`;

let simulator: Awaited<ReturnType<typeof startSimulator>>;
let podium: PodiumCaller;

beforeEach(async () => {
  simulator = await startSimulator();
  podium = await podiumCaller(simulator.url);
  await simulator.set({ contact_delay_ms: 0 });
});
afterEach(() => simulator.stop());

describe('published', () => {
  const jane = { name: 'Jane', phoneNumber: PHONE, locations: [NORTHSIDE] };

  test('a contact is created with 202, and cannot be read at once', async () => {
    await simulator.set({ contact_delay_ms: 60_000 });
    expect(await podium('POST', '/v4/contacts', jane)).toMatchObject({
      status: 202,
      body: { data: { identifier: PHONE } },
    });
    expect((await podium('GET', AT_PHONE)).status).toBe(404);
  });

  test('a second creation joins the first contact', async () => {
    await podium('POST', '/v4/contacts', jane);
    await podium('POST', '/v4/contacts', { ...jane, name: 'Jane Citizen', locations: [BAYVIEW] });
    expect((await podium('GET', AT_PHONE)).body.data).toMatchObject({
      name: 'Jane Citizen',
      phoneNumbers: [PHONE],
      locations: [{ uid: NORTHSIDE }, { uid: BAYVIEW }],
    });
    expect((await simulator.state()).contacts).toHaveLength(1);
  });

  test.each([
    ['an unknown field', { ...jane, first_name: 'Jane' }],
    ['no name', { phoneNumber: PHONE, locations: [NORTHSIDE] }],
    ['no locations', { name: 'Jane', phoneNumber: PHONE }],
    ['a location that does not exist', { ...jane, locations: ['9e000000-0000-4000-8000-0000000000ff'] }],
    ['a phone in local form', { ...jane, phoneNumber: '0412345678' }],
    ['neither phone nor e-mail', { name: 'Jane', locations: [NORTHSIDE] }],
  ])('a contact with %s is refused', async (_, contact) => {
    expect(await podium('POST', '/v4/contacts', contact)).toMatchObject({
      status: 400,
      body: { code: 'invalid_request_values' },
    });
  });

  test('a contact is found by phone or conversation, never by its own uid', async () => {
    await podium('POST', '/v4/contacts', jane);
    const { conversation_uid } = await simulator.customerWrites({
      phone: '0412 345 678',
      location_uid: NORTHSIDE,
      body: 'Hello',
    });
    const byPhone = await podium('GET', AT_PHONE);
    expect(byPhone.body.data.conversations).toEqual([{ uid: conversation_uid }]);
    expect((await podium('GET', `/v4/contacts/${conversation_uid}`)).body.data.uid).toBe(
      byPhone.body.data.uid,
    );
    expect((await podium('GET', `/v4/contacts/${byPhone.body.data.uid}`)).status).toBe(404);
  });

  test('a filter that Podium does not know is ignored', async () => {
    await podium('POST', '/v4/contacts', jane);
    const { body } = await podium('GET', '/v4/contacts?phone=%2B14155551234');
    expect(body.data).toHaveLength(1);
    expect(body.data[0].phoneNumbers).toEqual([PHONE]);
  });

  test('opt-outs are mirrored only by an application that is whitelisted', async () => {
    await podium('POST', '/v4/contacts', jane);
    const mirror = { channel: { identifier: PHONE, type: 'PHONE' }, locationUid: NORTHSIDE };
    expect(await podium('POST', '/v4/contacts/transactional/opt_out', mirror)).toMatchObject({
      status: 403,
      body: { code: 'unauthorized' },
    });
    await simulator.set({ opt_out_whitelisted: true });
    const optedOut = await podium('POST', '/v4/contacts/transactional/opt_out', mirror);
    expect(optedOut.body.data.channels[0].transactionalOptedOutAt).toEqual(expect.any(String));
    const optedIn = await podium('POST', '/v4/contacts/transactional/opt_in', mirror);
    expect(optedIn.body.data.channels[0].transactionalOptedOutAt).toBeNull();
  });

  test('a contact can be changed and deleted by its phone', async () => {
    await podium('POST', '/v4/contacts', jane);
    expect((await podium('PATCH', AT_PHONE, { name: 'Joan' })).status).toBe(202);
    expect((await podium('GET', AT_PHONE)).body.data.name).toBe('Joan');
    expect((await podium('DELETE', AT_PHONE)).status).toBe(202);
    expect((await podium('GET', AT_PHONE)).status).toBe(404);
  });
});

describe('skill', () => {
  const jane = { phone: PHONE, location_uid: NORTHSIDE, first_name: 'Jane', last_name: 'Citizen' };

  beforeEach(() => simulator.set({ contract: 'skill' }));

  test('of a hundred racing creations one wins and the others are answered 409', async () => {
    await simulator.set({ ratelimit_per_minute: null });
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => podium('POST', '/v4/contacts', jane)),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const lost = answers.filter(({ status }) => status === 409);
    expect(lost).toHaveLength(99);
    expect(lost[0]!.body.code).toBe('contact_already_exists');
  });

  test('a contact is found by its phone, with its conversation', async () => {
    const { conversation_uid } = await simulator.customerWrites({
      phone: PHONE,
      location_uid: NORTHSIDE,
      body: 'Hello',
    });
    await podium('POST', '/v4/contacts', jane);
    const path = `/v4/contacts?phone=${encodeURIComponent(PHONE)}&location_uid=${NORTHSIDE}`;
    expect((await podium('GET', path)).body.data).toEqual([
      expect.objectContaining({ phone: PHONE, first_name: 'Jane', last_name: 'Citizen', conversation_uid }),
    ]);
    expect((await podium('GET', '/v4/contacts?phone=%2B14155551234')).body.data).toEqual([]);
  });

  test('on request the filter is ignored, and somebody else is the first answer', async () => {
    await podium('POST', '/v4/contacts', jane);
    await simulator.set({ contacts_filter_ignored: true });
    const { body } = await podium('GET', '/v4/contacts?phone=%2B14155551234');
    expect(body.data[0].phone).toBe(PHONE);
  });

  test.each([
    ['invalid_phone_format', { ...jane, phone: '0412345678' }],
    ['invalid_location_uid', { ...jane, location_uid: 'nowhere' }],
  ])('a creation is refused with %s', async (code, contact) => {
    expect(await podium('POST', '/v4/contacts', contact)).toMatchObject({ status: 400, body: { code } });
  });

  test('an opt-out is a field of the contact', async () => {
    const { uid } = (await podium('POST', '/v4/contacts', jane)).body.data;
    const { body } = await podium('PATCH', `/v4/contacts/${uid}`, { opted_out: true });
    expect(body.data.opted_out).toBe(true);
  });
});
