import type { OwnMessage, Reply } from './chat';
import { Conversation } from './conversation';
import type { PanelHost } from './panel-host';
import { browserStorage } from './storage.test-tools';
import { ChatStore } from './store';

const WIDGET_URL = 'https://chat.example.com/widget/';
const CONFIG = { location: { uid: 'a-store' } } as PanelHost['config'];
const DAY_MS = 24 * 60 * 60 * 1000;
const ENDED = 'event: state\ndata: {"open":false}\n\n';
const NOT_BEGUN = 'event: state\ndata: {"open":false,"began":false}\n\n';

let store: ChatStore;
let conversation: Conversation;
/** What each conversation's stream says, by its token. */
let streams: Record<string, ReadableStreamDefaultController<Uint8Array>>;
let heard: Reply[];

beforeEach(() => {
  [streams, heard] = [{}, []];
  store = new ChatStore(WIDGET_URL, 'a-store', browserStorage());
  jest.spyOn(globalThis, 'fetch').mockImplementation((_url, init) => {
    const token = new Headers(init?.headers).get('Authorization')?.replace('Bearer ', '');
    if (!token) return Promise.reject(new TypeError('offline'));
    const body = new ReadableStream<Uint8Array>({
      start(to) {
        streams[token] = to;
        init!.signal!.addEventListener('abort', () => to.error(init!.signal!.reason)); // as a browser does
      },
    });
    return Promise.resolve(new Response(body));
  });
  Object.assign(globalThis, {
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
    document: { visibilityState: 'visible', addEventListener: () => undefined },
    navigator: {},
  });
});
afterEach(() => {
  conversation.end();
  jest.restoreAllMocks();
});

function open(): void {
  const place = { widgetUrl: WIDGET_URL, config: CONFIG, store, onSent: () => undefined };
  conversation = new Conversation(place, (reply) => heard.push(reply));
}

function follow(token: string): void {
  const identity = { conversation: token, phone: '+61412345678', phoneShown: '', name: 'Jane' };
  store.update('identity', () => ({ ...identity, lastEventId: null, optedOut: false, open: true }));
}

async function say(token: string, event: string): Promise<void> {
  streams[token]!.enqueue(new TextEncoder().encode(event));
  await new Promise((resolve) => setTimeout(resolve));
}

const reply = (id: string) => `event: reply\ndata: {"id":"${id}","text":"Hello"}\n\n`;

test('what another tab’s conversation is told does not mix with this one’s', async () => {
  follow('one');
  store.update('entries', () => [message('a', { status: 'sent' })]);
  open();
  await say('one', reply('first'));
  const early = streams['one']!;
  follow('two');
  expect(Object.keys(streams)).toEqual(['one', 'two']);
  expect(() => early.enqueue(new TextEncoder().encode(reply('of one')))).toThrow();
  await say('two', reply('second'));
  expect(heard.map(({ id }) => id)).toEqual(['first', 'second']);
});

test('only a conversation that has begun has an end', async () => {
  follow('one');
  store.update('entries', () => [message('a', { status: 'sent' })]);
  open();
  await say('one', NOT_BEGUN);
  expect(conversation.identity?.open).toBe(true);
  await say('one', ENDED);
  expect(conversation.identity?.open).toBe(false);
});

test('of a conversation that the store has erased nothing stays but what is still to be sent', async () => {
  follow('one');
  store.update('identity', (identity) => ({ ...identity!, lastEventId: '7.open' }));
  store.update('entries', () => [message('Before', { status: 'sent' }), message('Waits', {})]);
  const unknown = { error: { code: 'ERR_HTTP_NO_CONVERSATION' } };
  const offline = jest.mocked(fetch).getMockImplementation()!;
  jest
    .mocked(fetch)
    .mockImplementation((url, init) =>
      init?.method === 'POST' ? offline(url, init) : Promise.resolve(Response.json(unknown, { status: 401 })),
    );
  open();
  await new Promise((resolve) => setTimeout(resolve));
  expect(conversation.entries.map(({ id }) => id)).toEqual(['Waits']);
  expect(conversation.identity).toMatchObject({ conversation: 'one', lastEventId: null });
});

test('what waited for more than a day is a draft again, in the order in which it was written', () => {
  const old = Date.now() - DAY_MS - 1;
  store.update('draft', () => ({ name: '', phone: '', country: null, body: 'Later', files: [] }));
  store.update('entries', () => [message('First', { at: old }), message('Second', { at: old })]);
  open();
  expect(conversation.entries).toEqual([]);
  expect(conversation.draft.body).toBe('First\nSecond\nLater');
});

function message(body: string, change: Partial<OwnMessage>): OwnMessage {
  const envelope = { body } as NonNullable<OwnMessage['envelope']>;
  const waits = { status: 'waiting', envelope, notBefore: 0, cutOffs: 0, refusal: null } as const;
  return { kind: 'own', id: body, at: Date.now(), body, file: null, ...waits, ...change };
}
