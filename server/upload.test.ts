import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { Refusal } from './errors';
import { drain, withUpload, type Upload } from './upload';

const MAX = 1000;
const BOUNDARY = 'the-boundary';

/** What came of an upload, as the little server below tells. */
interface Told {
  fields?: Record<string, string>;
  name?: string | null;
  size?: number;
  tooLarge?: boolean;
  refused?: string;
  status?: number;
}

let server: Server;
let told: Told;
/** How much of the file was handed on. */
let bytesOfFile: number;

beforeAll(async () => {
  server = createServer((request, response) => {
    void read(request).then((result) => {
      told = result;
      server.emit('told');
      response.statusCode = result.status ?? 200;
      response.end(JSON.stringify(result));
      drain(request);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => server.close());
beforeEach(() => {
  told = {};
  bytesOfFile = 0;
});

async function read(request: IncomingMessage): Promise<Told> {
  try {
    return await withUpload(request, MAX, take);
  } catch (error) {
    if (error instanceof Refusal) return { refused: error.failure.code, status: error.status };
    return { refused: (error as Error).message, status: 500 };
  }
}

async function take({ fields, openFile }: Upload): Promise<Told> {
  if (!openFile) return { fields, tooLarge: true, status: 413 };
  const file = await openFile();
  file.content.on('data', (chunk: Buffer) => (bytesOfFile += chunk.length));
  const [content] = await Promise.all([buffer(file.content), file.complete]);
  return { fields, name: file.name, size: content.length };
}

const field = (name: string, value: string) =>
  `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const fileHead = `--${BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="a.png"\r\ncontent-type: image/png\r\n\r\n`;
const tail = `\r\n--${BOUNDARY}--\r\n`;
const form = (size: number, { before = field('phone', 'p'), end = tail } = {}) =>
  before + fileHead + 'x'.repeat(size) + end;

const HEADERS = `content-type: multipart/form-data; boundary=${BOUNDARY}\r\nhost: x\r\n`;
const announced = (body: string) =>
  `POST / HTTP/1.1\r\n${HEADERS}content-length: ${Buffer.byteLength(body)}\r\n\r\n`;

/** Writes to a connection piece by piece, and reads the answer, which closes it. */
async function exchange(...pieces: string[]): Promise<string> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk) => (answer += chunk.toString()));
  for (const piece of pieces) await new Promise((resolve) => socket.write(piece, resolve));
  while (!/\r\n\r\n.*\}/s.test(answer)) await once(socket, 'data');
  socket.destroy();
  return answer;
}
const post = (body: string) => exchange(announced(body), body);
const chunked = (...pieces: string[]) =>
  exchange(
    `POST / HTTP/1.1\r\n${HEADERS}transfer-encoding: chunked\r\n\r\n`,
    ...pieces.map((piece) => `${Buffer.byteLength(piece).toString(16)}\r\n${piece}\r\n`),
    '0\r\n\r\n',
  );

describe('an upload', () => {
  it('has its fields known and its file streamed', async () => {
    await post(form(10, { before: field('phone', 'p') + field('body', 'two\r\nlines') }));
    expect(told).toEqual({ fields: { phone: 'p', body: 'two\r\nlines' }, name: 'a.png', size: 10 });
  });

  it('is read from any pieces that it comes in', async () => {
    await chunked(...form(10));
    expect(told).toEqual({ fields: { phone: 'p' }, name: 'a.png', size: 10 });
  });

  it('passes with a file of exactly the limit, since the frame does not count', async () => {
    await post(form(MAX));
    expect(told).toMatchObject({ size: MAX });
  });

  it('is refused with one byte more by its announced length, before any of the file is handed on', async () => {
    const [before] = form(MAX + 1).split('xx');
    const answer = await exchange(announced(form(MAX + 1)), `${before}x`);
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    expect(told).toEqual({ fields: { phone: 'p' }, tooLarge: true, status: 413 });
    expect(bytesOfFile).toBe(0);
  });

  it('is measured right when its file begins with empty lines, wherever others are', async () => {
    const lines = '\r\n\r\n\r\n';
    const before = field('body', 'a\r\n\r\nb') + fileHead + lines;
    await post(before + 'x'.repeat(MAX - lines.length) + tail);
    expect(told).toMatchObject({ size: MAX });
    const answer = await exchange(announced(before + 'x'.repeat(MAX + 1 - lines.length) + tail), before);
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
  });

  it('passes with exactly the limit when the last line has no end', async () => {
    await post(form(MAX, { end: tail.trimEnd() }));
    expect(told).toMatchObject({ size: MAX });
  });

  it('is refused by its announced length when that is far beyond the limit, its fields known as far as they came', async () => {
    const head = `POST / HTTP/1.1\r\n${HEADERS}content-length: 1000000\r\n\r\n`;
    expect(await exchange(head)).toMatch(/^HTTP\/1.1 413 /);
    expect(told).toEqual({ fields: {}, tooLarge: true, status: 413 });
    expect(await exchange(head, field('phone', 'p') + fileHead + 'x')).toMatch(/^HTTP\/1.1 413 /);
    expect(told).toEqual({ fields: { phone: 'p' }, tooLarge: true, status: 413 });
    expect(bytesOfFile).toBe(0);
  });

  it('is refused without a file, with two, and with fields behind it', async () => {
    await post(field('phone', 'p') + `--${BOUNDARY}--\r\n`);
    expect(told).toEqual({ refused: 'ERR_HTTP_WRONG_FORM', status: 400 });
    await post(form(3, { end: `\r\n${fileHead}yyy${tail}` }));
    expect(told).toEqual({ refused: 'ERR_HTTP_WRONG_FORM', status: 400 });
    await post(form(3, { end: `\r\n${field('phone', 'p')}--${BOUNDARY}--\r\n` }));
    expect(told).toEqual({ refused: 'ERR_HTTP_WRONG_FORM', status: 400 });
  });

  it('is refused when its fields are no fields but a flood', async () => {
    await post(form(3, { before: field('body', 'x'.repeat(20_000)) }));
    expect(told).toEqual({ refused: 'ERR_HTTP_WRONG_FORM', status: 400 });
  });

  it('is refused when it is no multipart', async () => {
    await exchange('POST / HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nhi');
    expect(told).toEqual({ refused: 'ERR_HTTP_NOT_MULTIPART', status: 415 });
  });

  it('is refused when it ends before its closing boundary', async () => {
    await post(form(10, { end: '' }));
    expect(told.status).toBe(400);
  });

  it('fails its reader when the client goes away in the middle', async () => {
    const begun = once(server, 'request');
    const ended = once(server, 'told');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const body = form(500);
    socket.write(announced(body) + body.slice(0, 300));
    await begun;
    socket.destroy();
    await ended;
    expect(told).toEqual({ refused: 'ERR_HTTP_BODY_CUT_OFF', status: 400 });
  });
});
