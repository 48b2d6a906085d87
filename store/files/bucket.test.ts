/** Against a server that speaks S3, in a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { provisionS3Server } from '../../embedded/provision/s3-server';
import { eventually } from '../../test/support/eventually';
import { contentOf } from '../../test/support/file-contents';
import { freePort } from '../../test/support/ports';
import { bucketStore } from './bucket';
import { keepContent } from './checked-content';
import { FileMissing, type FileStore } from './file-store';

/** Above it, a content goes up in several parts. */
const PART_BYTES = 5 * 1024 * 1024;
const PNG = { contentType: 'image/png' };

let server: ChildProcess;
let url: string;
let store: FileStore;

beforeAll(async () => {
  process.env['AWS_ACCESS_KEY_ID'] = 'test';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'test';
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const args = ['-backend', 'memory', '-initialbucket', 'chats', '-host', `127.0.0.1:${port}`, '-quiet'];
  server = spawn(await provisionS3Server(), args, { stdio: 'ignore' });
  await eventually('the S3 server', () => fetch(url).catch(() => null));
  store = bucketStore({ bucket: 'chats', endpoint: url, region: 'us-east-1', prefix: 'webchat/' });
});
afterAll(async () => {
  server.kill();
  await once(server, 'exit');
});

/** In pieces, as a network brings it. */
function* pieces(content: Buffer) {
  for (let from = 0; from < content.length; from += 65_536) yield content.subarray(from, from + 65_536);
}

const object = (id: string) => fetch(`${url}/chats/webchat/${id}`);

test.each([10, PART_BYTES, PART_BYTES + 1, 26_214_400])('%d bytes are kept as they came', async (size) => {
  const id = randomUUID();
  const content = contentOf('png', size);
  await store.put(id, Readable.from(pieces(content)), PNG);
  expect((await buffer(await store.open(id))).equals(content)).toBe(true);
  expect((await object(id)).headers.get('content-type')).toBe('image/png');
});

test('a deleted file is missing; deleting it again does nothing', async () => {
  const id = randomUUID();
  await store.put(id, Readable.from(['once']), PNG);
  await store.delete(id);
  await store.delete(id);
  await expect(store.open(id)).rejects.toThrow(FileMissing);
});

test.each([100_000, 3 * PART_BYTES])(
  'a content that breaks off after %d bytes leaves nothing',
  async (size) => {
    const id = randomUUID();
    const broken = Readable.from(
      (function* () {
        yield* pieces(Buffer.alloc(size));
        throw new Error('broken off');
      })(),
    );
    await expect(store.put(id, broken, PNG)).rejects.toThrow('broken off');
    expect((await object(id)).status).toBe(404);
    const begun = await (await fetch(`${url}/chats?uploads`)).text();
    expect(begun).toContain('<ListMultipartUploadsResult');
    expect(begun).not.toContain('<Upload>');
  },
);

test('one byte too many ends the upload, and leaves nothing', async () => {
  const id = randomUUID();
  const rules = { maxBytes: 2 * PART_BYTES, allowedTypes: ['image/png'] };
  const source = Readable.from(pieces(contentOf('png', rules.maxBytes + 1)));
  await expect(keepContent(store, id, source, rules)).rejects.toMatchObject({ code: 'ERR_WEBCHAT_005' });
  expect((await object(id)).status).toBe(404);
});

test('a bucket that is not there is an error, and ends the source', async () => {
  const elsewhere = bucketStore({ bucket: 'nowhere', endpoint: url, region: 'us-east-1' });
  const source = Readable.from(pieces(contentOf('png', 1_000_000)));
  const rules = { maxBytes: PART_BYTES, allowedTypes: ['image/png'] };
  await expect(keepContent(elsewhere, randomUUID(), source, rules)).rejects.toMatchObject({
    name: 'NoSuchBucket',
  });
  expect(source.destroyed).toBe(true);
});

describe('a service that says nothing', () => {
  /** A bucket at a server that answers so. */
  async function silentBucket(answer: RequestListener) {
    const silent = createServer(answer).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const close = () => {
      silent.closeAllConnections();
      silent.close();
    };
    return { close, bucket: bucketStore({ bucket: 'chats', endpoint, region: 'us-east-1' }, 100) };
  }

  test('is waited for no longer than its time', async () => {
    const { bucket, close } = await silentBucket(() => undefined);
    const tooLate = { name: 'TimeoutError' };
    for (const size of [10, 2 * PART_BYTES]) {
      const content = Readable.from(pieces(contentOf('png', size)));
      await expect(bucket.put(randomUUID(), content, PNG)).rejects.toMatchObject(tooLate);
    }
    await expect(bucket.open(randomUUID())).rejects.toMatchObject(tooLate);
    await expect(bucket.delete(randomUUID())).rejects.toMatchObject(tooLate);
    close();
  });

  test('ends a content that has begun', async () => {
    const { bucket, close } = await silentBucket((_, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('a beginning');
    });
    const read = async () => buffer(await bucket.open(randomUUID()));
    await expect(read()).rejects.toMatchObject({ name: 'TimeoutError' });
    close();
  });
});
