/**
 * Reading an upload: multipart/form-data, its fields first and its one file last. The fields are known before
 * the file begins, and the file is handed on as it streams in.
 */
import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import Busboy, { type BusboyInstance } from '@fastify/busboy';
import { HTTP_FAILURES, Refusal } from './errors';

export interface Upload {
  fields: Readonly<Record<string, string>>;
  /** Null when the announced length tells that the file is too large: then nothing of it is read. */
  openFile: (() => Promise<UploadedFile>) | null;
}

export interface UploadedFile {
  /** As the client calls it; null when it does not. */
  name: string | null;
  /** To be read to its end, or destroyed. Its size is for the reader to limit. */
  content: Readable;
  /** Resolves once all of the request was read; rejects when something was wrong with it or came behind the file. */
  complete: Promise<void>;
}

/** What may stand around a file: boundaries, headers and fields. */
const MOST_FRAME_BYTES = 64 * 1024;
const LIMITS = { fields: 20, fieldSize: 16 * 1024, fieldNameSize: 100, files: 1, headerPairs: 50 };

const EMPTY_LINE = Buffer.from('\r\n');
const FILE_HEADER = /^content-disposition:.*;\s*filename\*?=/i;

/** A client that says nothing for so long has gone. */
const SILENCE_MS = 20_000;

/** The fields of a form that is too large anyway are waited for only so long. */
const PATIENCE_MS = 1_000;

/** How much is still read of a request that is answered, and for how long, so that the client gets to read the answer. */
const MOST_DRAINED_BYTES = 32 * 1024 * 1024;
const LONGEST_DRAIN_MS = 10_000;

/**
 * Reads as far as to where the file begins, and has `take` do what it will with it. What is left unread is let go then.
 *
 * @param maxBytes of the file; the frame around it does not count
 * @throws {Refusal} 415 for what is no multipart; 400 for a form of another shape, or one that broke off
 */
export async function withUpload<T>(
  request: IncomingMessage,
  maxBytes: number,
  take: (upload: Upload) => Promise<T>,
): Promise<T> {
  const form = new Form(request);
  try {
    return await take(await openUpload(form, request, maxBytes));
  } finally {
    form.letGo();
  }
}

async function openUpload(form: Form, request: IncomingMessage, maxBytes: number): Promise<Upload> {
  const announced = Number(request.headers['content-length'] ?? NaN);
  if (announced > maxBytes + MOST_FRAME_BYTES) {
    await Promise.race([form.readToFile().catch(() => undefined), delay(PATIENCE_MS, null, { ref: false })]);
    return form.withoutFile();
  }
  await form.readToFile();
  const tooLarge = announced - form.bytesBeforeFile - form.bytesBehindFile > maxBytes;
  return tooLarge ? form.withoutFile() : form.withFile();
}

/**
 * Reads on, for a moment, what a client is still sending that was answered already: a connection that is closed
 * with unread bytes is reset, and the client would never learn the answer. For the same reason such an answer
 * has no `Connection: close`.
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
  private readonly fields: Record<string, string> = {};
  private file: Pick<UploadedFile, 'name' | 'content'> | null = null;
  private givenUp = false;
  private bytesRead = 0;
  /** Of the part whose headers are being read. */
  private head: 'of a field' | 'of the file' | null = null;
  /** Up to behind the last empty line that was read: where the file begins, once that was read. */
  bytesBeforeFile = 0;
  /** What comes behind the file at most: the closing boundary, and perhaps a line's end. */
  readonly bytesBehindFile: number;
  private readonly dashBoundary: string;
  private readonly parser: BusboyInstance;
  private readonly pieces: AsyncGenerator<Buffer>;
  private problem: Refusal | null = null;
  private ended!: Promise<unknown>;
  private fileBegun!: Promise<void>;
  /** The piece that was fed last is taken. */
  private fed: Promise<void> = Promise.resolve();

  constructor(request: IncomingMessage) {
    const { boundary, parser } = parserOf(request);
    this.dashBoundary = `--${boundary}`;
    this.bytesBehindFile = `\r\n--${boundary}--\r\n`.length;
    this.parser = parser;
    this.pieces = this.readPieces(request);
    this.listen();
  }

  /** Feeds the parser until the headers of the file are read. */
  async readToFile(): Promise<void> {
    while (!this.file && !this.givenUp) if (await this.readLine()) return;
  }

  /** @returns whether it ends the headers of the file */
  private async readLine(): Promise<boolean> {
    const piece = await this.pieces.next();
    if (piece.done) throw wrongForm('It has no file.');
    const line = piece.value;
    this.fed = this.feed(line);
    await Promise.race([this.fed, this.fileBegun]); // of the file's content, the rest waits for its reader
    if (this.problem) throw this.problem;
    if (this.file) return true; // which the parser tells with the first of the content
    this.bytesRead += line.length;
    if (this.bytesRead > MOST_FRAME_BYTES) throw wrongForm('Its fields are too large.');
    const { head } = this;
    const text = line.toString('latin1');
    if (text.startsWith(this.dashBoundary)) this.head = 'of a field';
    else if (head && FILE_HEADER.test(text)) this.head = 'of the file';
    else if (isEmptyLine(line)) {
      this.bytesBeforeFile = this.bytesRead;
      this.head = null;
      return head === 'of the file';
    }
    return false;
  }

  withoutFile(): Upload {
    this.givenUp = true;
    this.file?.content.destroy();
    return { fields: { ...this.fields }, openFile: null };
  }

  withFile(): Upload {
    return { fields: { ...this.fields }, openFile: () => this.openFile() };
  }

  /** Reads nothing more: a request that somebody is still reading cannot be drained. */
  letGo(): void {
    void this.pieces.return(null);
  }

  private async openFile(): Promise<UploadedFile> {
    while (!this.file) await this.readLine();
    const complete = this.readRest();
    complete.catch(() => undefined); // told to whoever waits for it
    return { ...this.file, complete };
  }

  /** Feeds the parser with the file, as fast as somebody reads it. */
  private async readRest(): Promise<void> {
    const { content } = this.file!;
    const closed = new Promise<void>((resolve) => content.once('close', resolve));
    try {
      await Promise.race([this.fed, closed]);
      for await (const piece of this.pieces) {
        await Promise.race([this.feed(piece), closed]);
        if (content.destroyed && !content.readableEnded) break; // nobody wants it any more
      }
      this.parser.end();
      await Promise.race([this.ended, closed]);
      if (this.problem) throw this.problem;
      if (content.destroyed && !content.readableEnded) throw brokenOff();
    } catch (error) {
      content.destroy(error as Error);
      throw error;
    }
  }

  private listen(): void {
    const { parser } = this;
    parser.on('field', (name, value, _nameTruncated, truncated) => {
      if (truncated) this.problem ??= wrongForm('A field is too large.');
      else if (this.file)
        this.problem ??= wrongForm('Something comes behind the file, which has to be last.');
      else this.fields[name] = value;
    });
    this.fileBegun = new Promise((resolve) => {
      parser.on('file', (_field, content, name) => {
        content.on('error', () => undefined); // whoever reads it hears of it, and perhaps nobody reads it yet
        this.file = { name: name || null, content };
        resolve();
      });
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
const brokenOff = () => new Refusal(400, HTTP_FAILURES.clientGone);
const wrongForm = (message: string) => new Refusal(400, { ...HTTP_FAILURES.wrongForm, message });
