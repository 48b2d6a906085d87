/** Reading request bodies as bytes, with a limit that holds while reading. */
import type { IncomingMessage } from 'node:http';
import { HTTP_FAILURES, Refusal } from './errors';

/**
 * Hands the body's bytes to `onChunk` as they come.
 * @returns whether the body ended within `limit` bytes; what comes after the limit is left unread.
 * @throws the signal's reason, or a Refusal when the client goes away.
 */
export function readBody(
  request: IncomingMessage,
  limit: number,
  onChunk: (chunk: Buffer) => void,
  signal?: AbortSignal,
): Promise<boolean> {
  if (Number(request.headers['content-length']) > limit) return Promise.resolve(false);
  return new Promise((resolve, reject) => {
    let size = 0;
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) finish(() => resolve(false));
      else onChunk(chunk);
    };
    const onEnd = () => finish(() => resolve(true));
    const onError = () => finish(() => reject(new Refusal(400, HTTP_FAILURES.clientGone)));
    const onAbort = () => finish(() => reject(signal?.reason as Error));
    const finish = (settle: () => void) => {
      request.off('data', onData).off('end', onEnd).off('error', onError).pause();
      signal?.removeEventListener('abort', onAbort);
      settle();
    };
    request.on('data', onData).on('end', onEnd).on('error', onError);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) onAbort();
  });
}

/**
 * The whole body as JSON. @throws {Refusal} 413 above `limit` bytes, 400 when it is no JSON.
 * @param empty what counts for no body at all; without it, that is no JSON
 */
export async function readJson(request: IncomingMessage, limit: number, empty?: object): Promise<unknown> {
  const chunks: Buffer[] = [];
  if (!(await readBody(request, limit, (chunk) => chunks.push(chunk)))) {
    throw new Refusal(413, HTTP_FAILURES.bodyTooLarge, { Connection: 'close' });
  }
  if (chunks.length === 0 && empty) return empty;
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new Refusal(400, HTTP_FAILURES.notJson);
  }
}
