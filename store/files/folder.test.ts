import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { AUDIT_HEADS, FileMissing } from './file-store';
import { folderStore } from './folder';

const PNG = { contentType: 'image/png' };

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'files-'))));
afterEach(() => rm(folder, { recursive: true }));

const unfinished = () => readdir(join(folder, 'incoming'));

test('what was put is opened, byte for byte, by any process that has the folder', async () => {
  const id = randomUUID();
  const content = Buffer.alloc(300_000, 'content');
  await (await folderStore(folder)).put(id, Readable.from([content]), PNG);
  expect((await buffer(await (await folderStore(folder)).open(id))).equals(content)).toBe(true);
  expect(await unfinished()).toEqual([]);
});

test('a file is read by nobody but its owner', async () => {
  const store = await folderStore(join(folder, 'made', 'anew'));
  const id = randomUUID();
  await store.put(id, Readable.from(['secret']), PNG);
  expect((await stat(join(folder, 'made', 'anew', id))).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, 'made', 'anew'))).mode & 0o777).toBe(0o700);
});

test('a content that breaks off leaves nothing, and what was there before stays', async () => {
  const store = await folderStore(folder);
  const id = randomUUID();
  await store.put(id, Readable.from(['first']), PNG);
  const broken = Readable.from(
    (async function* () {
      yield Buffer.alloc(100_000);
      throw new Error('broken off');
    })(),
  );
  await expect(store.put(id, broken, PNG)).rejects.toThrow('broken off');
  expect(String(await buffer(await store.open(id)))).toBe('first');
  expect(await unfinished()).toEqual([]);
});

test('a deleted file is missing; deleting it again does nothing', async () => {
  const store = await folderStore(folder);
  const id = randomUUID();
  await store.put(id, Readable.from(['once']), PNG);
  await store.delete(id);
  await store.delete(id);
  await expect(store.open(id)).rejects.toThrow(FileMissing);
});

test.each(['../escape', '..', '', 'a/b', `${randomUUID()}/..`, `${randomUUID()}.png`])(
  'an id that we did not make (%j) names no path',
  async (id) => {
    const store = await folderStore(folder);
    await expect(store.put(id, Readable.from(['x']), PNG)).rejects.toThrow('a UUID');
    await expect(store.open(id)).rejects.toThrow('a UUID');
    await expect(async () => store.delete(id)).rejects.toThrow('a UUID');
  },
);

test("the ends of the audit's chain have a name of their own", async () => {
  const store = await folderStore(folder);
  await store.put(AUDIT_HEADS, Readable.from(['first']), PNG);
  await store.put(AUDIT_HEADS, Readable.from(['second']), PNG);
  expect(String(await buffer(await store.open(AUDIT_HEADS)))).toBe('second');
});

test('what a killed process had begun is gone after a day; what is being written stays', async () => {
  const store = await folderStore(folder);
  const [old, fresh] = [join(folder, 'incoming', randomUUID()), join(folder, 'incoming', randomUUID())];
  await writeFile(old, 'half');
  await writeFile(fresh, 'half');
  const twoDaysAgo = Date.now() / 1000 - 2 * 86_400;
  await utimes(old, twoDaysAgo, twoDaysAgo);
  await store.removeUnfinished();
  expect((await unfinished()).map((name) => join(folder, 'incoming', name))).toEqual([fresh]);
});
