import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { LookupAddress } from 'node:dns';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { openFileLink, type FileLinkOptions } from './file-link';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

let podium: Server;
let podiumUrl: string;
/** What must not be reached: a server of this machine that is not Podium. */
let inside: Server;
let insideUrl: string;
let insideCalls = 0;
let handle: Handler;
let seen: IncomingMessage[] = [];

beforeAll(async () => {
  [podium, podiumUrl] = await listen((request, response) => {
    seen.push(request);
    handle(request, response);
  });
  [inside, insideUrl] = await listen((_, response) => {
    insideCalls += 1;
    response.end('secrets');
  });
});
afterAll(() => {
  for (const server of [podium, inside]) {
    server.closeAllConnections();
    server.close();
  }
});
beforeEach(() => {
  seen = [];
  insideCalls = 0;
});

async function listen(handler: Handler): Promise<[Server, string]> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return [server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`];
}

const open = (link: string, options: Partial<FileLinkOptions> = {}) =>
  openFileLink(link, { podiumOrigin: podiumUrl, idleMs: 30_000, totalMs: 60_000, ...options });

const problem = (link: string, options?: Partial<FileLinkOptions>) =>
  open(link, options).then(
    () => 'none',
    (error: { kind: string }) => error.kind,
  );

/** A DNS that answers each question with the next of these. */
function answering(...answers: string[][]) {
  const asked: string[] = [];
  const lookup = (name: string, _: unknown, tell: (error: null, found: LookupAddress[]) => void) => {
    const found = answers[Math.min(asked.length, answers.length - 1)]!;
    asked.push(name);
    tell(
      null,
      found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return { asked, lookup: lookup as unknown as NonNullable<FileLinkOptions['lookup']> };
}

test('a file is fetched as it is, with nothing that tells who we are', async () => {
  handle = (_, response) => response.setHeader('content-length', 7).end('picture');
  const { content, sizeBytes } = await open(`${podiumUrl}/files/1?signature=x`);
  expect(String(await buffer(content))).toBe('picture');
  expect(sizeBytes).toBe(7);
  expect(seen[0]!.url).toBe('/files/1?signature=x');
  expect(Object.keys(seen[0]!.headers).sort()).toEqual(['accept', 'accept-encoding', 'connection', 'host']);
});

test('nothing is decompressed, so a small answer stays small', async () => {
  const bomb = gzipSync(Buffer.alloc(5_000_000));
  handle = (_, response) => response.setHeader('content-encoding', 'gzip').end(bomb);
  expect((await buffer((await open(podiumUrl)).content)).equals(bomb)).toBe(true);
  expect(seen[0]!.headers['accept-encoding']).toBe('identity');
});

test.each([
  'https://127.0.0.1/',
  'https://0x7f.1/',
  'https://2130706433/',
  'https://017700000001/',
  'https://127.1/',
  'https://%31%32%37.0.0.1/',
  'https://１２７.0.0.1/',
  'https://[::1]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:7f00:1]/',
  'https://[64:ff9b::127.0.0.1]/',
  'https://169.254.169.254/latest/meta-data/',
  'https://10.0.0.1:8443/',
  'http://93.184.216.34/picture.png',
  'http://files.example.com/picture.png',
  'file:///etc/passwd',
  'ftp://files.example.com/picture.png',
  'data:image/png;base64,iVBORw0KGgo=',
  'https://user:password@files.example.com/',
  '//files.example.com/picture.png',
  'picture.png',
  '',
])('%s is refused before anything is asked', async (link) => {
  const { asked, lookup } = answering(['93.184.216.34']);
  expect(await problem(link, { lookup })).toBe('refused');
  expect(asked).toEqual([]);
});

test.each([
  ['of this machine', ['127.0.0.1']],
  ['of a private network', ['192.168.0.10']],
  ['of this machine, in IPv6', ['::1']],
  ['of a private network beside a public one', ['93.184.216.34', '10.0.0.1']],
])('a name with an address %s is refused', async (_, addresses) => {
  const port = new URL(insideUrl).port;
  expect(await problem(`https://files.example.com:${port}/`, answering(addresses))).toBe('refused');
  expect(insideCalls).toBe(0);
});

test('localhost by its own name is refused', async () => {
  const port = new URL(insideUrl).port;
  expect(await problem(`https://localhost:${port}/`)).toBe('refused');
});

test('what a name leads to is looked up once: a second answer cannot lead elsewhere', async () => {
  const port = new URL(insideUrl).port;
  let connections = 0;
  inside.on('connection', () => (connections += 1));
  const rebinding = answering(['93.184.216.34'], ['127.0.0.1']);
  const options = { lookup: rebinding.lookup, idleMs: 300, totalMs: 600 };
  expect(await problem(`https://files.example.com:${port}/`, options)).toBe('unreachable');
  expect(rebinding.asked).toHaveLength(1);
  expect(connections).toBe(0);
});

test.each(['https://127.0.0.1:1/', 'https://[::1]/', 'http://example.com/', 'https://u:p@example.com/'])(
  'a redirect to %s is refused',
  async (location) => {
    handle = (_, response) => response.writeHead(302, { location }).end();
    expect(await problem(podiumUrl)).toBe('refused');
  },
);

test('a redirect to a server of this machine is refused', async () => {
  handle = (_, response) => response.writeHead(307, { location: insideUrl }).end();
  expect(await problem(podiumUrl)).toBe('refused');
  expect(insideCalls).toBe(0);
});

test('three redirects are followed, and a fourth one is not', async () => {
  let left = 3;
  handle = (_, response) => {
    if (left-- > 0) response.writeHead(302, { location: `/next/${left}` }).end();
    else response.end('picture');
  };
  expect(String(await buffer((await open(podiumUrl)).content))).toBe('picture');
  left = 4;
  expect(await problem(podiumUrl)).toBe('refused');
});

test.each([
  [400, 'gone'],
  [401, 'gone'],
  [403, 'missing'],
  [404, 'missing'],
  [410, 'gone'],
  [408, 'unreachable'],
  [429, 'unreachable'],
  [500, 'unreachable'],
  [503, 'unreachable'],
  [204, 'unreachable'],
])('an answer of %d means that the file is %s', async (status, kind) => {
  handle = (_, response) => response.writeHead(status).end();
  expect(await problem(podiumUrl)).toBe(kind);
});

test('a server that is away, or that says nothing, may answer later', async () => {
  const [gone, url] = await listen(() => undefined);
  expect(await problem(url, { podiumOrigin: url, idleMs: 50 })).toBe('unreachable');
  gone.closeAllConnections();
  gone.close();
  await once(gone, 'close');
  expect(await problem(url, { podiumOrigin: url })).toBe('unreachable');
});

test('a content that stops coming, or drips for too long, breaks off', async () => {
  /** The time may be over before the first byte, too. */
  const read = async (limits: Partial<FileLinkOptions>) => buffer((await open(podiumUrl, limits)).content);
  handle = (_, response) => void response.writeHead(200).write('a beginning');
  await expect(read({ idleMs: 50 })).rejects.toThrow();

  handle = (_, response) => {
    const drip = setInterval(() => response.write('x'), 10);
    response.on('close', () => clearInterval(drip));
  };
  await expect(read({ totalMs: 100 })).rejects.toThrow();
});

test('a content that is cut off is no whole content', async () => {
  handle = (_, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('half');
    setImmediate(() => response.destroy());
  };
  await expect(buffer((await open(podiumUrl)).content)).rejects.toThrow();
});

test('an error tells nothing of the link', async () => {
  handle = (_, response) => response.writeHead(403).end();
  const error = await open(`${podiumUrl}/secret-path?token=secret`).catch((reason: Error) => reason);
  expect(JSON.stringify([error, (error as Error).message])).not.toContain('secret');
});
