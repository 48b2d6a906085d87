/** Uploads over a bare socket, so that a test sees when the answer comes and how much had been sent by then. */
import { connect } from 'node:net';

const BOUNDARY = 'a-boundary-of-the-test';
const PIECE_BYTES = 65_536;

export interface Form {
  fields: Record<string, string>;
  file: Buffer;
  fileName?: string;
  /** Stands behind the file. */
  behind?: string;
}

export interface UploadAnswer {
  status: number;
  headers: string;
  body: Record<string, unknown>;
  /** Of the body, when the answer came. */
  bytesSent: number;
}

export const field = (name: string, value: string) =>
  `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;

/** A form as multipart/form-data; what comes before the file's content, and all of it. */
function multipart({ fields, file, fileName = 'car.png', behind = '' }: Form) {
  const before = Buffer.from(
    Object.entries(fields)
      .map(([name, value]) => field(name, value))
      .join('') +
      `--${BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="${fileName}"\r\ncontent-type: image/png\r\n\r\n`,
  );
  const after = Buffer.from(`\r\n${behind}--${BOUNDARY}--\r\n`);
  return { before, body: Buffer.concat([before, file, after]) };
}

export interface UploadOptions {
  chunked?: boolean;
  /** Nothing of the file is sent until the answer is there. */
  holdBackFile?: boolean;
  /** The answer is read once all of the body has left, as browsers do. */
  answerLast?: boolean;
  /** So much of the body is sent, and then the line goes dead. */
  cutOffAt?: number;
  headers?: Record<string, string>;
}

/** Sends a form, all of it unless the options say otherwise, and returns the answer. */
export function upload(url: string, form: Form, options: UploadOptions = {}): Promise<UploadAnswer> {
  const { hostname, port, pathname } = new URL(url);
  const { before, body } = multipart(form);
  const socket = connect(Number(port), hostname);
  const length = options.chunked ? 'transfer-encoding: chunked' : `content-length: ${body.length}`;
  const more = Object.entries(options.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`);
  const head =
    `POST ${pathname} HTTP/1.1\r\nhost: ${hostname}\r\n${length}\r\n${more.join('')}` +
    `content-type: multipart/form-data; boundary=${BOUNDARY}\r\n\r\n`;

  return new Promise((resolve, reject) => {
    let bytesSent = 0;
    let received = '';
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('There was no answer.')));
    socket.on('data', (chunk) => {
      received += chunk.toString();
      const answer = readAnswer(received);
      if (!answer) return;
      resolve({ ...answer, bytesSent });
      socket.destroy();
    });

    async function send(): Promise<void> {
      if (options.answerLast) socket.pause();
      socket.write(head);
      const end = options.holdBackFile ? before.length : (options.cutOffAt ?? body.length);
      for (let from = 0; from < end && !socket.destroyed; from += PIECE_BYTES) {
        const piece = body.subarray(from, Math.min(from + PIECE_BYTES, end));
        bytesSent += piece.length;
        await written(options.chunked ? chunkOf(piece) : piece);
      }
      if (options.cutOffAt !== undefined) socket.destroy();
      else if (options.chunked) socket.write('0\r\n\r\n');
      socket.resume();
    }
    const written = (piece: Buffer) => new Promise((done) => socket.write(piece, done));
    void send();
  });
}

const chunkOf = (piece: Buffer) =>
  Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]);

function readAnswer(received: string): Omit<UploadAnswer, 'bytesSent'> | null {
  const [, status, headers, body] = /^HTTP\/1\.1 (\d+) [^\r]*\r\n(.*?)\r\n\r\n(.*)$/s.exec(received) ?? [];
  const length = Number(/content-length: (\d+)/i.exec(headers ?? '')?.[1] ?? NaN);
  if (!(Buffer.byteLength(body ?? '') >= length)) return null;
  return { status: Number(status), headers: headers!, body: JSON.parse(body!) as Record<string, unknown> };
}
