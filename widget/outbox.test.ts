import type { Entry, OwnMessage } from './chat';
import type { Outcome } from './delivery';
import { Outbox, underLock, type OutboxParts, type WaitingMessage } from './outbox';
import { browserStorage } from './storage.test-tools';
import { ChatStore } from './store';

const ACCEPTED: Outcome = { kind: 'accepted', optedOut: false };
const REFUSED: Outcome = { kind: 'refused', refusal: { code: 'ERR_WEBCHAT_001', field: 'phone' } };
const UNREACHABLE: Outcome = { kind: 'later', reason: 'unreachable', afterMs: null };
const CUT: Outcome = { kind: 'later', reason: 'cut', afterMs: null };
const LIMITED: Outcome = { kind: 'later', reason: 'limited', afterMs: 30_000 };

let storage: Storage;
let delivered: WaitingMessage[];
/** What the server will answer, in order; behind the last one it accepts. */
let answers: Outcome[];

beforeEach(() => {
  jest.useFakeTimers();
  storage = browserStorage();
  delivered = [];
  answers = [];
});
afterEach(() => {
  jest.useRealTimers();
});

/** As a page has it, anew after each load. */
function page(parts: Partial<OutboxParts> = {}): { outbox: Outbox; store: ChatStore } {
  const store = new ChatStore('https://chat.example.com/widget/', 'a-store', storage);
  const deliver = (message: WaitingMessage) => {
    delivered.push(message);
    return Promise.resolve(answers.shift() ?? ACCEPTED);
  };
  const outbox = new Outbox({
    sends: 'texts',
    store,
    deliver,
    exclusively: (work) => work(),
    onSettled: () => {},
    ...parts,
  });
  return { outbox, store };
}

function write(store: ChatStore, ...ids: string[]): void {
  store.update('entries', (entries) => [...(entries ?? []), ...ids.map(messageOf)]);
}

const idsOf = (messages: readonly Entry[]) => messages.map(({ id }) => id);
const statusOf = (store: ChatStore) => (store.read('entries') as OwnMessage[]).map(({ status }) => status);

test('messages leave in the order in which they were written, each once', async () => {
  const { outbox, store } = page();
  write(store, 'a', 'b');
  await Promise.all([outbox.flush(), outbox.flush()]);
  write(store, 'c');
  await outbox.flush();
  expect(idsOf(delivered)).toEqual(['a', 'b', 'c']);
  expect(statusOf(store)).toEqual(['sent', 'sent', 'sent']);
});

test('a message that does not get through is sent again, the very same, and those behind it wait', async () => {
  const { outbox, store } = page();
  write(store, 'a', 'b');
  answers = [UNREACHABLE, UNREACHABLE];
  await outbox.flush();
  expect(statusOf(store)).toEqual(['waiting', 'waiting']);
  await jest.advanceTimersByTimeAsync(4_000);
  expect(idsOf(delivered)).toEqual(['a', 'a', 'a', 'b']);
  expect(delivered[2]!.envelope).toEqual(delivered[0]!.envelope);
  expect(outbox.failures).toBe(0);
});

test('a refused message does not hold up the next one', async () => {
  const { outbox, store } = page();
  write(store, 'a', 'b');
  answers = [REFUSED];
  await outbox.flush();
  expect(statusOf(store)).toEqual(['refused', 'sent']);
  expect(store.read('entries')![0]).toMatchObject({ refusal: { field: 'phone' } });
});

test('when the server says to wait, no other tab or hope is quicker', async () => {
  const { outbox, store } = page();
  write(store, 'a');
  answers = [LIMITED];
  await outbox.flush();
  await outbox.flush();
  await page().outbox.flush();
  await jest.advanceTimersByTimeAsync(29_000);
  expect(delivered).toHaveLength(1);
  await jest.advanceTimersByTimeAsync(1_000);
  expect(delivered).toHaveLength(2);
});

test('what waits survives a reload', async () => {
  const before = page();
  write(before.store, 'a');
  answers = [UNREACHABLE];
  await before.outbox.flush();
  before.outbox.end();
  await page().outbox.flush();
  await jest.advanceTimersByTimeAsync(60_000);
  expect(idsOf(delivered)).toEqual(['a', 'a']);
});

test('of several tabs one sends', async () => {
  let held = Promise.resolve();
  const exclusively = (work: () => Promise<void>) => (held = held.then(work));
  const [one, other] = [page({ exclusively }), page({ exclusively })];
  write(one.store, 'a', 'b');
  await Promise.all([one.outbox.flush(), other.outbox.flush()]);
  expect(idsOf(delivered)).toEqual(['a', 'b']);
});

test('what another tab writes back as waiting, having not heard yet that it was sent, is sent all the same', async () => {
  const { outbox, store } = page();
  write(store, 'a');
  const unheard = store.read('entries');
  await outbox.flush();
  store.update('entries', () => [...unheard!, messageOf('b')]); // a reply, or what is written there
  outbox.onStored();
  expect(statusOf(store)).toEqual(['sent', 'waiting']);
  await outbox.flush();
  expect(idsOf(delivered)).toEqual(['a', 'b']);
});

test('a message that is taken out while it is sent does not come back, and the next one leaves', async () => {
  const store = page().store;
  const deliver = (message: WaitingMessage) => {
    delivered.push(message);
    if (message.id === 'a')
      store.update('entries', (entries) => (entries ?? []).filter(({ id }) => id !== 'a'));
    return Promise.resolve(message.id === 'a' ? UNREACHABLE : ACCEPTED);
  };
  const { outbox } = page({ store, deliver });
  write(store, 'a', 'b');
  await outbox.flush();
  expect(idsOf(delivered)).toEqual(['a', 'b']);
  expect(idsOf(store.read('entries')!)).toEqual(['b']);
});

test('a page that is left sends no more', async () => {
  const { outbox, store } = page();
  write(store, 'a');
  answers = [UNREACHABLE];
  await outbox.flush();
  outbox.end();
  await jest.advanceTimersByTimeAsync(600_000);
  expect(delivered).toHaveLength(1);
});

test('a text never waits behind a file', async () => {
  const { outbox, store } = page();
  store.update('entries', () => [fileOf('file'), messageOf('text')]);
  await outbox.flush();
  expect(idsOf(delivered)).toEqual(['text']);
});

test('a file waits for the texts before it, and not for those behind it', async () => {
  const { outbox, store } = page({ sends: 'files' });
  store.update('entries', () => [fileOf('one'), messageOf('text'), fileOf('two')]);
  await outbox.flush();
  expect(idsOf(delivered)).toEqual(['one']);
  await page().outbox.flush();
  await outbox.flush();
  expect(idsOf(delivered)).toEqual(['one', 'text', 'two']);
});

test('STOP leaves before a text that has to wait', async () => {
  const { outbox, store } = page();
  write(store, 'a');
  answers = [LIMITED];
  await outbox.flush();
  store.update('entries', (entries) => [...entries!, { ...messageOf('stop'), body: 'Stop!' }]);
  await outbox.flush();
  expect(idsOf(delivered)).toEqual(['a', 'stop']);
});

test('a file that was cut off again and again is given up, and does not hold up the next one', async () => {
  const { outbox, store } = page({ sends: 'files' });
  store.update('entries', () => [fileOf('one'), fileOf('two')]);
  answers = [CUT, CUT, CUT];
  await outbox.flush();
  await jest.advanceTimersByTimeAsync(600_000);
  expect(idsOf(delivered)).toEqual(['one', 'one', 'one', 'two']);
  expect(statusOf(store)).toEqual(['waiting', 'sent']);
});

test('what has waited for more than a day is not sent without asking', async () => {
  const { outbox, store } = page();
  write(store, 'a');
  jest.setSystemTime(Date.now() + 25 * 60 * 60 * 1000);
  await outbox.flush();
  expect(delivered).toEqual([]);
  expect(statusOf(store)).toEqual(['waiting']);
});

test('an attempt that breaks does not end all later ones', async () => {
  const complaints = jest.spyOn(console, 'error').mockImplementation();
  const deliver = jest.fn<Promise<Outcome>, [WaitingMessage]>();
  deliver.mockRejectedValueOnce(new Error('a defect')).mockResolvedValue(ACCEPTED);
  const { outbox, store } = page({ deliver });
  write(store, 'a');
  await outbox.flush();
  expect(complaints).toHaveBeenCalledWith(expect.stringContaining('a defect'));
  await outbox.flush();
  expect(statusOf(store)).toEqual(['sent']);
  complaints.mockRestore();
});

describe('the lock of a browser', () => {
  const { navigator } = globalThis;
  const withLocks = (request: (name: string, work: () => Promise<void>) => Promise<void>) =>
    Object.defineProperty(globalThis, 'navigator', { value: { locks: { request } }, configurable: true });
  afterEach(() => {
    Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
  });

  test('is done without where the page has no right to it', async () => {
    withLocks(() => Promise.reject(new Error('SecurityError')));
    const work = jest.fn(() => Promise.resolve());
    await underLock('a-store')(work);
    expect(work).toHaveBeenCalledTimes(1);
  });

  test('is not what was refused when the work breaks: the work is not done twice', async () => {
    withLocks((_name, work) => work());
    const work = jest.fn(() => Promise.reject(new Error('a defect')));
    await expect(underLock('a-store')(work)).rejects.toThrow('a defect');
    expect(work).toHaveBeenCalledTimes(1);
  });
});

function messageOf(id: string): OwnMessage {
  const envelope = {
    message_id: id,
    conversation: 'token',
    phone: '+61412345678',
    location_uid: 'a-store',
    body: `This is ${id}.`,
    page_url: 'https://shop.example.com/',
  };
  const waits = { status: 'waiting', envelope, notBefore: 0, cutOffs: 0, refusal: null } as const;
  return { kind: 'own', id, at: Date.now(), body: envelope.body, file: null, ...waits };
}

function fileOf(id: string): OwnMessage {
  return { ...messageOf(id), body: '', file: { id, name: 'car.jpg', size: 9, type: 'image/jpeg' } };
}
