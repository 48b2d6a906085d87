/** Reads a delivery of Podium and verifies it while reading: what is not signed is not kept. */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { failure } from '../core/error-codes';
import { beginVerification, type SignatureRules } from '../podium/signature';
import { readBody } from './body';
import { Refusal } from './errors';

/** More than any event of Podium has; a signed one beyond it is quarantined, not refused. */
export const MAX_BODY_BYTES = 512 * 1024;
/** Beyond this even a good signature is not waited for. */
export const MAX_READ_BYTES = 8 * 1024 * 1024;

/** A body whose signature is good. */
export interface SignedBody {
  /** The whole body, or its beginning when it is `oversize`. */
  bytes: Buffer;
  /** Of the whole body, in hex. */
  sha256: string;
  oversize: boolean;
  /** The one of the secrets that it is signed with. */
  secret: string;
}

/**
 * @throws {Refusal} 401 when the signature is missing, malformed, wrong or out of the window;
 *   413 when, besides, the body is larger than 512 KiB, or larger than 8 MiB whoever signed it.
 */
export async function readSignedBody(
  request: IncomingMessage,
  rules: SignatureRules,
  signal: AbortSignal,
): Promise<SignedBody> {
  const start = beginVerification(request.headers, rules);
  const hash = createHash('sha256');
  const kept: Buffer[] = [];
  let size = 0;
  const takeIn = (chunk: Buffer) => {
    size += chunk.length;
    if (!start.ok) return;
    start.verifier.update(chunk);
    hash.update(chunk);
    if (size <= MAX_BODY_BYTES) kept.push(chunk);
  };

  const complete = await readBody(request, MAX_READ_BYTES, takeIn, signal);
  if (!complete) throw new Refusal(413, failure('ERR_WHK_011'), { Connection: 'close' });

  const oversize = size > MAX_BODY_BYTES;
  const verified = start.ok ? start.verifier.finish(Date.now()) : start;
  if (!verified.ok) {
    throw oversize ? new Refusal(413, failure('ERR_WHK_011')) : new Refusal(401, verified.failure);
  }
  return {
    bytes: Buffer.concat(kept),
    sha256: hash.digest('hex'),
    oversize,
    secret: verified.secret,
  };
}
