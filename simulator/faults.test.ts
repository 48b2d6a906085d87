import { podiumCaller, type PodiumCaller } from '../test/support/podium-caller';
import { NORTHSIDE, startSimulator } from '../test/support/simulator';

const hello = {
  body: 'Hello',
  channel: { type: 'phone', identifier: '+61412345678' },
  locationUid: NORTHSIDE,
};

let simulator: Awaited<ReturnType<typeof startSimulator>>;
let podium: PodiumCaller;

beforeEach(async () => {
  simulator = await startSimulator();
  podium = await podiumCaller(simulator.url);
  await simulator.forgetCalls();
});
afterEach(() => simulator.stop());

const send = () => podium('POST', '/v4/messages', hello);
const sentMessages = async () => (await simulator.state()).conversations.flatMap(({ messages }) => messages);

test('a fault spoils the calls that fit, as often as was asked for, and nothing happens in them', async () => {
  await simulator.fault({
    method: 'post',
    path: '^/v4/messages$',
    times: 2,
    status: 429,
    headers: { 'retry-after': '7' },
  });
  const spoilt = await send();
  expect(spoilt).toMatchObject({ status: 429, body: { code: 'rate_limit' } });
  expect(spoilt.headers.get('retry-after')).toBe('7');
  expect((await podium('GET', '/v4/locations')).status).toBe(200);
  expect((await send()).status).toBe(429);
  expect(await sentMessages()).toEqual([]);
  expect((await send()).status).toBe(200);
  expect((await simulator.calls()).map(({ status }) => status)).toEqual([429, 200, 429, 200]);
});

test.each([
  [500, 'internal_server_error'],
  [409, 'contact_already_exists'],
  [451, 'contact_opted_out'],
])('a fault of %i has the code that Podium gives it', async (status, code) => {
  await simulator.fault({ path: 'messages', status });
  expect(await send()).toMatchObject({ status, body: { code } });
});

test('a fault may answer anything, broken JSON too', async () => {
  await simulator.fault({ path: 'messages', status: 400, body: { code: 'invalid_phone_format' } });
  expect((await send()).body).toEqual({ code: 'invalid_phone_format' });
  await simulator.fault({ path: 'messages', status: 200, body: '{"data":' });
  await expect(send()).rejects.toThrow(SyntaxError);
});

test('a call dropped before has done nothing; a call dropped after was done, and nobody is told', async () => {
  await simulator.fault({ path: 'messages', drop: 'before' });
  await expect(send()).rejects.toThrow('fetch failed');
  expect(await sentMessages()).toHaveLength(0);

  await simulator.fault({ path: 'messages', drop: 'after' });
  await expect(send()).rejects.toThrow('fetch failed');
  expect(await sentMessages()).toHaveLength(1);
  expect(await simulator.calls()).toMatchObject([
    { status: null, dropped: 'before' },
    { status: null, dropped: 'after' },
  ]);
});

test('a delayed call is in the log while it hangs, and is then done', async () => {
  await simulator.fault({ path: 'messages', delay_ms: 2_000 });
  const sending = send();
  const [call] = await simulator.until('the call', async () => {
    const calls = await simulator.calls();
    return calls.length > 0 && calls;
  });
  expect(call!.status).toBeNull();
  expect(await sentMessages()).toHaveLength(0);
  expect((await sending).status).toBe(200);
});

test('faults can be looked at and taken back', async () => {
  await simulator.fault({ path: 'messages', times: 3, status: 500 });
  await send();
  const list = await fetch(`${simulator.url}/sim/faults`);
  expect(await list.json()).toMatchObject({ faults: [{ times: 2, status: 500 }] });
  await simulator.clearFaults();
  expect((await send()).status).toBe(200);
});

test('a fault with a broken expression or an unknown field is refused', async () => {
  await expect(simulator.fault({ path: '(' })).rejects.toThrow('path: not a regular expression');
  await expect(simulator.fault({ path: 'x', pth: 1 } as never)).rejects.toThrow('pth');
});

test('the token endpoint can be spoilt as well', async () => {
  await simulator.fault({ path: '^/oauth/token$', status: 503 });
  expect((await fetch(`${simulator.url}/oauth/token`, { method: 'POST' })).status).toBe(503);
});

test('a fault for one body leaves the others alone', async () => {
  await simulator.fault({ path: 'messages', asked: '"body":"Bye"', status: 500 });
  expect((await send()).status).toBe(200);
  expect((await podium('POST', '/v4/messages', { ...hello, body: 'Bye' })).status).toBe(500);
});

test('a call may be answered an error and have taken effect', async () => {
  await simulator.fault({ path: 'messages', status: 502, taken: true });
  expect((await send()).status).toBe(502);
  expect(await sentMessages()).toHaveLength(1);
});

test('an answer may break off in the middle', async () => {
  await simulator.fault({ path: 'messages', drop: 'within' });
  await expect(send()).rejects.toThrow('terminated');
  expect(await sentMessages()).toHaveLength(1);
  expect((await simulator.calls()).at(-1)).toMatchObject({ dropped: 'within' });
});

test('tokens that end in the middle are counted once, as long as one lived', async () => {
  await simulator.fault({ path: 'messages', times: 2, expire_tokens: true });
  expect([(await send()).status, (await send()).status]).toEqual([401, 401]);
  expect(await simulator.tokens()).toMatchObject({ expiries: 1, living: 0, grants: { refresh_token: 1 } });
});
