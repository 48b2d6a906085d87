import { EMPTY_DRAFT, type Entry, type OwnMessage } from './chat';
import { ChatStore } from './store';
import { browserStorage } from './storage.test-tools';

const SERVER = 'https://chat.example.com/widget/';
const HOUR_MS = 60 * 60 * 1000;
const draftOf = (body: string) => () => ({ ...EMPTY_DRAFT, body });

let storage: Storage;
let now: number;
beforeEach(() => {
  storage = browserStorage();
  now = 0;
});

const storeOf = (uid: string, server = SERVER) => new ChatStore(server, uid, storage, () => now);

test('what was typed survives a reload', () => {
  storeOf('one').update('draft', draftOf('Hello'));
  expect(storeOf('one').read('draft')?.body).toBe('Hello');
});

test('neither two stores in one browser nor two servers mix', () => {
  storeOf('one').update('draft', draftOf('For one'));
  expect(storeOf('two').read('draft')).toBeNull();
  expect(storeOf('one', 'https://other.example.com/widget/').read('draft')).toBeNull();
  storeOf('two').update('draft', draftOf('For two'));
  storeOf('two').clear();
  expect(storeOf('one').read('draft')?.body).toBe('For one');
});

test('a change begins with what another tab has written', () => {
  const [here, there] = [storeOf('one'), storeOf('one')];
  here.update('entries', () => [reply('a')]);
  there.update('entries', (entries) => [...(entries ?? []), reply('b')]);
  here.update('entries', (entries) => [...(entries ?? []), reply('c')]);
  expect(there.read('entries')?.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
});

test('nothing is left of a chat that is forgotten', () => {
  const store = storeOf('one');
  store.update('draft', draftOf('Hello'));
  store.update('entries', () => [reply('a')]);
  store.clear();
  expect(Object.keys(storage)).toEqual([]);
});

test('a day after its last change a chat is forgotten, of whichever store', () => {
  storeOf('one').update('draft', draftOf('Hello'));
  now = 23 * HOUR_MS;
  storeOf('two').update('draft', draftOf('Hello'));
  now = 25 * HOUR_MS;
  storeOf('three');
  expect(Object.keys(storage)).toEqual([expect.stringContaining(':two:draft')]);
});

test('what waits to be sent is not forgotten', () => {
  storeOf('one').update('entries', () => [waiting('a')]);
  now = 100 * HOUR_MS;
  expect(storeOf('one').read('entries')).toHaveLength(1);
});

test('what another program has put there is as if there were nothing', () => {
  for (const json of ['{', 'null', '7', '"text"', '[]', '{}']) {
    storage.setItem(`podium-webchat:${SERVER}:one:draft`, json);
    expect(storeOf('one').read('draft')).toBeNull();
  }
});

describe.each([
  ['forbids storage', () => null],
  [
    'has no room left',
    () => {
      storage.setItem = () => {
        throw new Error('QuotaExceededError');
      };
      return storage;
    },
  ],
])('where the browser %s', (_, made) => {
  test('a chat lives as long as the page', () => {
    const store = new ChatStore(SERVER, 'one', made());
    store.update('draft', draftOf('Hello'));
    store.update('draft', (draft) => ({ ...draft!, name: 'Jane' }));
    expect(store.read('draft')).toMatchObject({ body: 'Hello', name: 'Jane' });
    store.clear();
    expect(store.read('draft')).toBeNull();
  });
});

function reply(id: string): Entry {
  const content = { at: '', name: null, text: '', file: false, private: false } as const;
  return { kind: 'reply', id, from: 'robot', ...content };
}

function waiting(id: string): OwnMessage {
  return {
    kind: 'own',
    id,
    at: 0,
    body: '',
    file: null,
    status: 'waiting',
    envelope: null,
    notBefore: 0,
    cutOffs: 0,
    refusal: null,
  };
}
