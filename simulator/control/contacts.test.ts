import { podiumCaller, type PodiumCaller } from '../../test/support/podium-caller';
import { json, startSmallServer, type SmallServer } from '../../test/support/small-server';
import { NORTHSIDE, startSimulator } from '../../test/support/simulator';

const PHONE = '+61412345678';
const AT_PHONE = `/v4/contacts/${encodeURIComponent(PHONE)}`;

let simulator: Awaited<ReturnType<typeof startSimulator>>;
let receiver: SmallServer;
let podium: PodiumCaller;
let first: string;
let second: string;

beforeEach(async () => {
  receiver = await startSmallServer((_, response) => json(response, 200, {}));
  simulator = await startSimulator({ webhook: { url: receiver.url, secret: 'rehearsal' } });
  podium = await podiumCaller(simulator.url);
  first = (await simulator.addContact({ phone: PHONE, name: 'Jane', location_uids: [NORTHSIDE] }))
    .contact_uid;
  second = (await simulator.addContact({ phone: PHONE, name: 'J. Citizen', location_uids: [NORTHSIDE] }))
    .contact_uid;
});
afterEach(async () => {
  await simulator.stop();
  await receiver.close();
});

const told = async (type: string) => {
  const delivery = await simulator.until(type, async () =>
    (await simulator.deliveries()).find(({ event_type }) => event_type === type),
  );
  return JSON.parse(delivery.body).data;
};
const found = async () => (await podium('GET', AT_PHONE)).body.data;

test('twins of a phone are two contacts with conversations of their own, of which the first is found', async () => {
  const { contacts, conversations } = await simulator.state(PHONE);
  expect(contacts.map(({ uid }) => uid)).toEqual([first, second]);
  expect(conversations).toHaveLength(2);
  expect(await found()).toMatchObject({ uid: first, conversations: [{ uid: conversations[0]!.uid }] });
});

test('of merged contacts one is left, with the messages of both', async () => {
  await simulator.customerWrites({ phone: PHONE, location_uid: NORTHSIDE, body: 'Hello' });
  const [gone, left] = (await simulator.state(PHONE)).conversations;
  await simulator.mergeContacts(first, second);
  expect(await told('contact.merged')).toMatchObject({ before: { uid: first }, after: { uid: second } });
  expect(await found()).toMatchObject({ uid: second, conversations: [{ uid: left!.uid }] });
  expect((await podium('GET', `/v4/conversations/${gone!.uid}`)).status).toBe(404);
  const [conversation] = (await simulator.state(PHONE)).conversations;
  expect(conversation!.messages.map(({ body }) => body)).toEqual(['Hello']);
});

test('a deleted contact makes room for its twin', async () => {
  await simulator.deleteContact(first);
  expect(await told('contact.deleted')).toMatchObject({ before: { uid: first } });
  expect(await found()).toMatchObject({ uid: second });
  await simulator.deleteContact(second);
  expect((await podium('GET', AT_PHONE)).status).toBe(404);
});

test('a changed contact is told with what it was before', async () => {
  await simulator.changeContact(first, { name: 'Jane Citizen', phone: '+61400123456' });
  expect(await told('contact.updated')).toMatchObject({
    before: { uid: first, name: 'Jane', phoneNumbers: [PHONE] },
    after: { uid: first, name: 'Jane Citizen', phoneNumbers: ['+61400123456'] },
  });
});
