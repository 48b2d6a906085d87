import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { brotliCompressSync, brotliDecompressSync, gzipSync } from 'node:zlib';
import { buffer } from 'node:stream/consumers';
import Koa from 'koa';
import pino from 'pino';
import { answerErrors } from './errors';
import { assetRoutes } from './widget-assets';

const SCRIPT = 'customElements.define("podium-webchat", class extends HTMLElement {});\n';

let folder: string;
let server: Server;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'widget-'));
  await mkdir(join(folder, 'assets'));
  for (const name of ['podium-webchat.js', 'podium-webchat.mjs', 'assets/panel-0a1b.js']) {
    await writeFile(join(folder, name), SCRIPT);
    await writeFile(join(folder, `${name}.br`), brotliCompressSync(SCRIPT));
    await writeFile(join(folder, `${name}.gz`), gzipSync(SCRIPT));
  }
  await writeFile(join(folder, 'sizes.json'), '{}');
  const app = new Koa();
  app.use(answerErrors(pino({ level: 'silent' })));
  app.use(assetRoutes(folder).routes());
  const handle = app.callback();
  server = createServer((request, response) => void handle(request, response)).listen(0);
  await once(server, 'listening');
});
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

async function ask(path: string, headers: Record<string, string> = {}) {
  const { port } = server.address() as AddressInfo;
  const response = await new Promise<IncomingMessage>((resolve, reject) =>
    get({ port, path, headers }, resolve).on('error', reject),
  );
  return { status: response.statusCode, headers: response.headers, content: await buffer(response) };
}

test.each(['podium-webchat.js', 'podium-webchat.mjs'])(
  '%s is for pages of all origins, and is asked for again soon',
  async (name) => {
    const { status, headers, content } = await ask(`/widget/${name}`);
    expect(status).toBe(200);
    expect(content.toString()).toBe(SCRIPT);
    expect(headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
      'x-content-type-options': 'nosniff',
      'cache-control': expect.stringMatching(/max-age=300\b/),
      vary: 'Accept-Encoding',
    });
  },
);

test('what has a hash in its name never changes', async () => {
  const { headers } = await ask('/widget/assets/panel-0a1b.js');
  expect(headers['cache-control']).toContain('immutable');
});

test('a page with the first script of another release gets the later ones of this', async () => {
  const { status, headers, content } = await ask('/widget/assets/panel-9Z8Y.js', { 'Accept-Encoding': 'br' });
  expect({ status, cacheControl: headers['cache-control'] }).toEqual({
    status: 200,
    cacheControl: 'no-store',
  });
  expect(brotliDecompressSync(content).toString()).toBe(SCRIPT);
});

test('the smallest form that is accepted is sent, each with its own tag, and nothing to who has it', async () => {
  const plain = await ask('/widget/podium-webchat.js');
  const packed = await ask('/widget/podium-webchat.js', { 'Accept-Encoding': 'gzip, br' });
  expect(packed.headers['content-encoding']).toBe('br');
  expect(brotliDecompressSync(packed.content).toString()).toBe(SCRIPT);
  expect(packed.headers.etag).not.toBe(plain.headers.etag);
  const again = await ask('/widget/podium-webchat.js', { 'If-None-Match': plain.headers.etag! });
  expect({ status: again.status, bytes: again.content.length }).toEqual({ status: 304, bytes: 0 });
});

test.each([
  '/widget/sizes.json',
  '/widget/podium-webchat.js.br',
  '/widget/assets/..%2fpodium-webchat.js',
  '/widget/assets/no.js',
  '/widget/assets/no-0a1b.js',
])('%s is not there', async (path) => {
  expect((await ask(path)).status).toBe(404);
});
