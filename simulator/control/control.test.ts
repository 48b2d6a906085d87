import { NORTHSIDE, startSimulator } from '../../test/support/simulator';

let simulator: Awaited<ReturnType<typeof startSimulator>>;

beforeEach(async () => {
  simulator = await startSimulator();
});
afterEach(() => simulator.stop());

test('a page of any origin may use the control API', async () => {
  const asked = await fetch(`${simulator.url}/sim/customer/messages`, { method: 'OPTIONS' });
  expect(asked.status).toBe(204);
  expect(asked.headers.get('access-control-allow-origin')).toBe('*');
  expect(asked.headers.get('access-control-allow-headers')).toContain('content-type');
});

test('wrong values are answered 400 with the name of the field', async () => {
  await expect(simulator.customerWrites({ phone: '0412 345 678' } as never)).rejects.toThrow(
    /400.*location_uid/,
  );
  await expect(simulator.set({ duplicate_rate: 2 })).rejects.toThrow('duplicate_rate');
  await expect(simulator.set({ duplicaterate: 1 })).rejects.toThrow('duplicaterate');
});

test('every change is told on the stream of events', async () => {
  const stream = await fetch(`${simulator.url}/sim/events`);
  expect(stream.headers.get('content-type')).toContain('text/event-stream');
  const { conversation_uid, message_uid } = await simulator.customerWrites({
    phone: '0412 345 678',
    location_uid: NORTHSIDE,
    body: 'Hi',
  });
  let text = '';
  for await (const chunk of stream.body!) {
    text += Buffer.from(chunk).toString();
    if (text.includes(message_uid)) break;
  }
  expect(text).toContain(`data: {"kind":"message","conversation_uid":"${conversation_uid}"`);
});

test('the state of one phone holds its conversations at all locations, and no others', async () => {
  for (const phone of ['0412 345 678', '+61412345678', '0400 123 456']) {
    await simulator.customerWrites({ phone, location_uid: NORTHSIDE, body: phone });
  }
  await simulator.customerWrites({ phone: '+61412345678', location_uid: 'nowhere', body: 'elsewhere' });
  const { conversations } = await simulator.state('+61412345678');
  expect(conversations.map(({ location_uid, messages }) => [location_uid, messages.length])).toEqual([
    [NORTHSIDE, 2],
    ['nowhere', 1],
  ]);
});

test('a message may be dated back', async () => {
  const at = '2026-07-23T10:00:00.000Z';
  await simulator.customerWrites({ phone: '+61412345678', location_uid: NORTHSIDE, body: 'Hi', at });
  expect((await simulator.conversation('+61412345678', NORTHSIDE))?.messages[0]?.at).toBe(at);
});
