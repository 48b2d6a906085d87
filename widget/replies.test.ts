import { Replies } from './replies';

const REPLY = 'id: 1\nevent: reply\ndata: {}\n\n';

let token: string | null;
let asked: string[];
let seen: string[];
let unknown: string[];
let answers: (() => Response)[];

beforeEach(() => {
  jest.useFakeTimers();
  [token, asked, seen, unknown, answers] = ['one', [], [], [], []];
  jest.spyOn(globalThis, 'fetch').mockImplementation((_url, init) => {
    asked.push(new Headers(init?.headers).get('Authorization')!);
    return Promise.resolve((answers.shift() ?? openStream)());
  });
});
afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

const openStream = (first = '') =>
  new Response(new ReadableStream({ start: (to) => to.enqueue(new TextEncoder().encode(first)) }));

function replies(): Replies {
  return new Replies({
    url: 'https://chat.example.com/widget/replies',
    token: () => token,
    lastEventId: () => null,
    onEvent: ({ type }, of) => seen.push(`${type} of ${of}`),
    onUnknown: (of) => unknown.push(of),
  });
}

test('each event is of the conversation whose stream it came by; another one has a stream of its own', async () => {
  answers = [() => openStream(REPLY), () => openStream(REPLY)];
  const followed = replies();
  followed.start();
  token = 'two';
  await jest.advanceTimersByTimeAsync(0);
  expect(seen).toEqual(['reply of one']);
  followed.start();
  followed.start();
  await jest.advanceTimersByTimeAsync(0);
  expect(seen).toEqual(['reply of one', 'reply of two']);
  expect(asked).toEqual(['Bearer one', 'Bearer two']);
  followed.stop();
});

test.each([204, 401])('after %i nothing is asked any more', async (status) => {
  answers = [() => new Response(null, { status })];
  replies().start();
  await jest.advanceTimersByTimeAsync(600_000);
  expect(asked).toHaveLength(1);
});

test("a conversation is unknown where the server says so, and not by a proxy's 401", async () => {
  answers = [
    () => new Response('Who are you?', { status: 401 }),
    () => Response.json({ error: { code: 'ERR_HTTP_NO_CONVERSATION' } }, { status: 401 }),
  ];
  replies().start();
  await jest.advanceTimersByTimeAsync(0);
  expect(unknown).toEqual([]);
  replies().start();
  await jest.advanceTimersByTimeAsync(0);
  expect(unknown).toEqual(['one']);
});

test('when the server says to wait, it is not asked sooner', async () => {
  answers = [() => new Response('', { status: 429, headers: { 'Retry-After': '60' } })];
  const followed = replies();
  followed.start();
  await jest.advanceTimersByTimeAsync(59_000);
  expect(asked).toHaveLength(1);
  await jest.advanceTimersByTimeAsync(1_500);
  expect(asked).toHaveLength(2);
  followed.stop();
});
