/**
 * Reading an upload: multipart/form-data, its fields first and its one file last. The fields are known before
 * the file begins, and the file is handed on as it streams in.
 */
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import Busboy, { type BusboyInstance } from '@fastify/busboy';
import { failure } from '../core/error-codes';
import { HTTP_FAILURES, Refusal } from './errors';

export interface Upload {
  fields: Readonly<Record<string, string>>;
  file: {
    /** As the client calls it; null when it does not. */
    name: string | null;
    /** To be read to its end, or destroyed. Its size is for the reader to limit. */
    content: Readable;
  };
  /** Resolves once all of the request was read; rejects when something was wrong with it or came behind the file. */
  complete: Promise<void>;
}

/** What may stand around a file: boundaries, headers and fields. */
const MOST_FRAME_BYTES = 64 * 1024;
const LIMITS = { fields: 20, fieldSize: 16 * 1024, fieldNameSize: 100, files: 1, headerPairs: 50 };

const EMPTY_LINE = Buffer.from('\r\n');

/** A client that says nothing for so long has gone. */
const SILENCE_MS = 20_000;

/** How much is still read of a request that is refused, and for how long, so that the client gets to read why. */
const MOST_DRAINED_BYTES = 8 * 1024 * 1024;
const LONGEST_DRAIN_MS = 5_000;

/**
 * Reads as far as the file's first byte.
 *
 * @param maxBytes of the file; the frame around it does not count
 * @throws {Refusal} 413 `ERR_WEBCHAT_005` when the announced length tells that the file is larger, before a byte
 *   of it is read; 415 for what is no multipart; 400 for a form of another shape, or one that broke off
 */
export async function openUpload(request: IncomingMessage, maxBytes: number): Promise<Upload> {
  const announced = Number(request.headers['content-length'] ?? NaN);
  if (announced > maxBytes + MOST_FRAME_BYTES) throw tooLarge();
  const form = new Form(request);
  await form.readToFile();
  if (announced - form.bytesBeforeFile - form.bytesBehindFile > maxBytes) {
    form.giveUp();
    throw tooLarge();
  }
  return { fields: form.fields, file: form.file!, complete: form.readRest() };
}

/**
 * Reads on, for a moment, what a refused client is still sending: a connection that is closed with unread bytes
 * is reset, and the client would never learn why.
 */
export function drain(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  let drained = 0;
  const hangUp = () => request.destroy();
  const timer = setTimeout(hangUp, LONGEST_DRAIN_MS).unref();
  request.on('data', (chunk: Buffer) => {
    drained += chunk.length;
    if (drained > MOST_DRAINED_BYTES) hangUp();
  });
  request.on('error', () => undefined);
  request.on('close', () => clearTimeout(timer));
  request.resume();
}

/** A form on its way. */
class Form {
  readonly fields: Record<string, string> = {};
  file: Upload['file'] | null = null;
  /** Up to behind the last empty line that was read: where the file begins, once its beginning was read. */
  bytesBeforeFile = 0;
  /** What comes behind the file at most: the closing boundary, and perhaps a line's end. */
  readonly bytesBehindFile: number;
  private readonly parser: BusboyInstance;
  private readonly pieces: AsyncGenerator<Buffer>;
  private problem: Refusal | null = null;
  private ended!: Promise<unknown>;

  constructor(request: IncomingMessage) {
    const { boundary, parser } = parserOf(request);
    this.bytesBehindFile = `\r\n--${boundary}--\r\n`.length;
    this.parser = parser;
    this.pieces = this.readPieces(request);
    this.listen();
  }

  /** Feeds the parser until it meets the file. */
  async readToFile(): Promise<void> {
    let bytesRead = 0;
    while (!this.file) {
      const piece = await this.pieces.next();
      if (piece.done) throw wrongForm('It has no file.');
      await this.feed(piece.value);
      if (this.problem) throw this.problem;
      bytesRead += piece.value.length;
      // The parser tells of a part with the first of its content, which is why the line of that does not count.
      if (!this.file && isEmptyLine(piece.value)) this.bytesBeforeFile = bytesRead;
      if (bytesRead > MOST_FRAME_BYTES) throw wrongForm('Its fields are too large.');
    }
  }

  /** Feeds the parser with the file, as fast as somebody reads it. */
  async readRest(): Promise<void> {
    const { content } = this.file!;
    const closed = new Promise<void>((resolve) => content.once('close', resolve));
    try {
      for await (const piece of this.pieces) await Promise.race([this.feed(piece), closed]);
      this.parser.end();
      await Promise.race([this.ended, closed]);
      if (!this.problem && !content.readableEnded && content.destroyed) throw brokenOff();
      if (this.problem) throw this.problem;
    } catch (error) {
      content.destroy(error as Error);
      throw error;
    }
  }

  giveUp(): void {
    this.file?.content.destroy();
  }

  private listen(): void {
    const { parser } = this;
    parser.on('field', (name, value, _nameTruncated, truncated) => {
      if (truncated) this.problem ??= wrongForm('A field is too large.');
      else if (this.file)
        this.problem ??= wrongForm('Something comes behind the file, which has to be last.');
      else this.fields[name] = value;
    });
    parser.on('file', (_field, content, name) => {
      content.on('error', () => undefined); // whoever reads it hears of it, and perhaps nobody reads it yet
      this.file = { name: name || null, content };
    });
    parser.on('filesLimit', () => (this.problem ??= wrongForm('It has more than one file.')));
    parser.on('fieldsLimit', () => (this.problem ??= wrongForm('It has too many fields.')));
    this.ended = new Promise<void>((resolve) => {
      parser.on('finish', resolve);
      parser.on('error', () => {
        this.problem ??= brokenOff();
        resolve();
      });
    });
  }

  private feed(piece: Buffer): Promise<void> {
    return new Promise((resolve) => this.parser.write(piece, () => resolve()));
  }

  /** Line by line until the file has begun, so that it is known at which byte it did; then as it comes. */
  private async *readPieces(request: IncomingMessage): AsyncGenerator<Buffer> {
    request.setTimeout(SILENCE_MS, () => request.destroy());
    try {
      // Not destroyed when we stop reading: an answer is still to be sent.
      for await (let chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        while (!this.file && chunk.length > 0) {
          const end = chunk.indexOf('\n') + 1 || chunk.length;
          yield chunk.subarray(0, end);
          chunk = chunk.subarray(end);
        }
        if (chunk.length > 0) yield chunk;
      }
    } catch {
      throw brokenOff();
    }
  }
}

function parserOf({ headers }: IncomingMessage) {
  const type = headers['content-type'] ?? '';
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;]{1,70}))/i.exec(type) ?? [];
  const boundary = quoted ?? plain;
  if (!/^multipart\/form-data\s*;/i.test(type) || !boundary)
    throw new Refusal(415, HTTP_FAILURES.notMultipart);
  return { boundary, parser: Busboy({ headers: { ...headers, 'content-type': type }, limits: LIMITS }) };
}

const isEmptyLine = (line: Buffer) => line.equals(EMPTY_LINE);
const tooLarge = () => new Refusal(413, failure('ERR_WEBCHAT_005'));
const brokenOff = () => new Refusal(400, HTTP_FAILURES.clientGone);
const wrongForm = (message: string) => new Refusal(400, { ...HTTP_FAILURES.wrongForm, message });
