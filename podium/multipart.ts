import { randomUUID } from 'node:crypto';
import { PodiumError, type OutgoingFile } from './api';

/** A body as Podium takes files: JSON in the field `data`, and the file in the field `attachment`. */
export interface Form {
  data: unknown;
  file: OutgoingFile;
}

export interface MultipartBody {
  contentType: string;
  /** Bytes of the whole body. */
  length: number;
  /** Reads the file as it goes, so that no file is ever held in memory. */
  stream: AsyncIterable<Uint8Array>;
  /** Why the stream ended too early; null as long as it did not. */
  failure: () => PodiumError | null;
}

/** A form as multipart/form-data (RFC 7578). Its length is known ahead, so it needs no chunked encoding. */
export function toMultipart({ data, file }: Form): MultipartBody {
  const boundary = `podium-webchat-${randomUUID()}`;
  const head = Buffer.from(
    `--${boundary}\r\n` +
      'content-disposition: form-data; name="data"\r\ncontent-type: application/json\r\n\r\n' +
      `${JSON.stringify(data)}\r\n--${boundary}\r\n` +
      `content-disposition: form-data; name="attachment"; filename="${quotable(file.name)}"\r\n` +
      `content-type: ${mediaType(file.contentType)}\r\n\r\n`,
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  let failure: PodiumError | null = null;

  async function* stream(): AsyncGenerator<Uint8Array> {
    try {
      yield head;
      yield* contentOf(file);
      yield tail;
    } catch (error) {
      failure = error instanceof PodiumError ? error : unreadable();
      throw failure;
    }
  }

  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    length: head.length + file.size + tail.length,
    stream: stream(),
    failure: () => failure,
  };
}

/** What is in the file, as long as that is as much as was announced. */
async function* contentOf(file: OutgoingFile): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const piece of file.open()) {
    const chunk = typeof piece === 'string' ? Buffer.from(piece) : piece;
    size += chunk.length;
    if (size > file.size) throw wrongSize();
    yield chunk;
  }
  if (size < file.size) throw wrongSize();
}

// A body that ends before its announced length is no request, so nothing can have come of it.

function unreadable(): PodiumError {
  const message = 'The file to be sent could not be read.';
  return new PodiumError('unreachable', message, { mayHaveHappened: false });
}

function wrongSize(): PodiumError {
  const message = 'The file to be sent has another size than was announced.';
  return new PodiumError('invalid', message, { mayHaveHappened: false });
}

/** As browsers write a file's name into a header. */
function quotable(name: string): string {
  return name.replace(/[\r\n"]/g, encodeURIComponent);
}

function mediaType(contentType: string): string {
  return /^[\w.+-]+\/[\w.+-]+$/.test(contentType) ? contentType : 'application/octet-stream';
}
