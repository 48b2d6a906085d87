import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { contentOf } from '../../test/support/file-contents';
import { FileRefused, keepContent, type ContentRules } from './checked-content';
import type { FileStore } from './file-store';

const MAX = 26_214_400;
const RULES: ContentRules = { maxBytes: MAX, allowedTypes: ['image/png', 'image/jpeg', 'application/pdf'] };
const WITH_TEXT: ContentRules = { ...RULES, allowedTypes: [...RULES.allowedTypes, 'text/plain'] };

/** Keeps what it is given, whole or not at all. */
class MemoryStore implements FileStore {
  readonly kept = new Map<string, { content: Buffer; contentType: string }>();
  async put(id: string, content: Readable, { contentType }: { contentType: string }) {
    this.kept.set(id, { content: await buffer(content), contentType });
  }
  open = () => Promise.reject(new Error('not here'));
  delete = () => Promise.reject(new Error('not here'));
  removeUnfinished = () => Promise.reject(new Error('not here'));
}

let store: MemoryStore;
beforeEach(() => (store = new MemoryStore()));

/** In pieces, as a network brings it. */
function* pieces(content: Buffer, size = 65_536) {
  for (let from = 0; from < content.length; from += size) yield content.subarray(from, from + size);
}

const keep = (source: Readable | Buffer, rules = RULES) =>
  keepContent(store, randomUUID(), Buffer.isBuffer(source) ? Readable.from(pieces(source)) : source, rules);

const refusedAs = (code: string) => expect.objectContaining({ constructor: FileRefused, code });

test('a content is kept as it came, with its size, its hash and the type that its bytes tell', async () => {
  const content = contentOf('png', 200_000);
  const sha256 = createHash('sha256').update(content).digest();
  expect(await keep(content)).toEqual({
    sizeBytes: 200_000,
    sha256,
    contentType: 'image/png',
    extension: 'png',
  });
  const [kept] = store.kept.values();
  expect(kept!.contentType).toBe('image/png');
  expect(kept!.content.equals(content)).toBe(true);
});

test('26,214,400 bytes pass; of 26,214,401 nothing is kept', async () => {
  expect(await keep(contentOf('jpeg', MAX))).toMatchObject({ sizeBytes: MAX });
  await expect(keep(contentOf('jpeg', MAX + 1))).rejects.toEqual(refusedAs('ERR_WEBCHAT_005'));
  expect(store.kept.size).toBe(1);
});

test('the source is left at the first byte too many', async () => {
  let given = 0;
  const endless = Readable.from(
    (function* () {
      yield contentOf('pdf', 10_000);
      for (;;) yield Buffer.alloc((given += 1) && 10_000);
    })(),
  );
  await expect(keep(endless, { ...RULES, maxBytes: 100_000 })).rejects.toEqual(refusedAs('ERR_WEBCHAT_005'));
  expect(endless.destroyed).toBe(true);
  expect(given).toBeLessThan(30);
});

test('a small content, and one that comes byte by byte, are known as well', async () => {
  expect(await keep(contentOf('png', 60))).toMatchObject({ contentType: 'image/png', sizeBytes: 60 });
  const slow = Readable.from(pieces(contentOf('pdf', 5_000), 1));
  expect(await keep(slow)).toMatchObject({ contentType: 'application/pdf', sizeBytes: 5_000 });
});

test.each([
  ['a program', contentOf('exe', 5_000)],
  ['a page', Buffer.from('<!doctype html><script>alert(1)</script>')],
  ['a drawing with a script', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>')],
  ['a script', Buffer.from('#!/bin/sh\nrm -rf /\n')],
  ['a text', Buffer.from('Just words.')],
  ['nothing', Buffer.alloc(0)],
])('%s is refused where the list does not name its type', async (_, content) => {
  await expect(keep(content)).rejects.toEqual(refusedAs('ERR_WEBCHAT_015'));
  expect(store.kept.size).toBe(0);
});

test('a text is one only as UTF-8 without U+0000, to its very end', async () => {
  const long = `${'Größe, 大小. '.repeat(2_000)}`;
  expect(await keep(Readable.from(pieces(Buffer.from(long), 7)), WITH_TEXT)).toMatchObject({
    contentType: 'text/plain',
  });
  const refused = [
    Buffer.from(`${long}\0`),
    Buffer.concat([Buffer.from(long), Buffer.from([0xff])]),
    Buffer.from('Größe', 'latin1'),
    Buffer.from(long).subarray(0, 3), // in the middle of a character
    Buffer.alloc(0),
  ];
  for (const content of refused)
    await expect(keep(content, WITH_TEXT)).rejects.toEqual(refusedAs('ERR_WEBCHAT_015'));
});

test('a source that breaks off keeps nothing, and its error is told', async () => {
  for (const after of [0, 10, 100_000]) {
    const broken = Readable.from(
      (async function* () {
        if (after > 0) yield contentOf('png', after);
        throw new Error('the line is dead');
      })(),
    );
    await expect(keep(broken)).rejects.toThrow('the line is dead');
  }
  expect(store.kept.size).toBe(0);
});

test('a store that fails ends the source, and its error is told', async () => {
  const full: FileStore = {
    ...store,
    put: async (_id, content) => {
      content.destroy();
      throw new Error('the disk is full');
    },
  };
  const source = Readable.from(pieces(contentOf('png', 1_000_000)));
  await expect(keepContent(full, randomUUID(), source, RULES)).rejects.toThrow('the disk is full');
  expect(source.destroyed).toBe(true);
});
