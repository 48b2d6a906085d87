/**
 * Fetching a file from a link that came with a message. The link is somebody's word: it is followed to public
 * addresses only, by https, without any credentials, and within limits of time.
 */
import { lookup as resolve, type LookupAddress, type LookupOptions } from 'node:dns';
import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import { isPublicAddress } from './public-address';

export type FileLinkProblem =
  | 'refused' // it leads where nothing is fetched from
  | 'gone' // expired, for good
  | 'missing' // expired, or not there yet: nobody says which
  | 'unreachable'; // it may work later

/** Why there is no file behind a link. Holds nothing of the link. */
export class FileLinkError extends Error {
  override readonly name = 'FileLinkError';
  constructor(
    readonly kind: FileLinkProblem,
    message: string,
  ) {
    super(message);
  }
}

export interface FileLinkOptions {
  /** The origin of Podium's API: where we call anyway, it may be http and private, as the simulator is. */
  podiumOrigin: string;
  /** For the beginning of the answer, and then between two pieces of it. */
  idleMs: number;
  /** For the whole of it. */
  totalMs: number;
  /** Gives up at once. */
  signal?: AbortSignal;
  /** Looks a name up, as `dns.lookup` does. */
  lookup?: typeof resolve;
}

export interface LinkedFile {
  /** As it comes: nothing is decompressed. It has to be read to its end, or destroyed. */
  content: Readable;
  /** As announced; null when it was not. */
  sizeBytes: number | null;
}

const MOST_REDIRECTS = 3;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Of the answers that are no success and no 5xx, those that may be others later. */
const PASSING = new Set([408, 425, 429]);
/** A storage that may not tell which files there are answers 403 for one that it does not have. */
const MISSING = new Set([403, 404]);

/** Opens the file behind a link. @throws FileLinkError */
export async function openFileLink(link: string, options: FileLinkOptions): Promise<LinkedFile> {
  const total = AbortSignal.timeout(options.totalMs);
  const signal = options.signal ? AbortSignal.any([total, options.signal]) : total;
  let url = checkedUrl(link, undefined, options.podiumOrigin);
  for (let redirects = 0; ; redirects += 1) {
    const answer = await get(url, { ...options, signal });
    const { statusCode = 0, headers } = answer;
    if (statusCode === 200) {
      const announced = Number(headers['content-length'] ?? NaN);
      return { content: answer, sizeBytes: Number.isSafeInteger(announced) ? announced : null };
    }
    answer.destroy();
    if (!REDIRECTS.has(statusCode)) throw notThere(statusCode);
    if (redirects === MOST_REDIRECTS) throw new FileLinkError('refused', 'The link redirects too often.');
    url = checkedUrl(headers.location ?? '', url, options.podiumOrigin);
  }
}

function notThere(status: number): FileLinkError {
  return new FileLinkError(problemOf(status), `The link was answered ${status}.`);
}

function problemOf(status: number): FileLinkProblem {
  if (MISSING.has(status)) return 'missing';
  return status >= 400 && status < 500 && !PASSING.has(status) ? 'gone' : 'unreachable';
}

/** What is wrong with an address shows in its parsed form: 0x7f.1 and 2130706433 are 127.0.0.1 there. */
function checkedUrl(link: string, base: URL | undefined, podiumOrigin: string): URL {
  if (!URL.canParse(link, base?.href)) throw new FileLinkError('refused', 'The link is no address.');
  const url = new URL(link, base);
  if (url.username || url.password) throw new FileLinkError('refused', 'The link holds credentials.');
  if (url.origin === podiumOrigin) return url;
  if (url.protocol !== 'https:') throw new FileLinkError('refused', 'The link is not https.');
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) && !isPublicAddress(host)) throw notPublic();
  return url;
}

function notPublic(): FileLinkError {
  return new FileLinkError('refused', 'The link leads to an address that is not public.');
}

/** @returns the answer, whatever its status, with its body unread */
function get(
  url: URL,
  { podiumOrigin, idleMs, signal, lookup = resolve }: FileLinkOptions,
): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((fulfil, reject) => {
    const outgoing = request(url, {
      agent: false, // a connection of its own: none is shared that was checked for another link
      headers: { accept: '*/*', 'accept-encoding': 'identity' },
      lookup: url.origin === podiumOrigin ? lookup : publicOnly(lookup),
      timeout: idleMs,
      ...(signal ? { signal } : {}),
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('ETIMEDOUT')));
    outgoing.on('error', (error) => reject(asLinkError(error)));
    outgoing.on('response', fulfil);
    outgoing.end();
  });
}

function asLinkError(error: Error & { code?: string }): FileLinkError {
  if (error instanceof FileLinkError) return error;
  return new FileLinkError('unreachable', `The link could not be reached (${error.code ?? error.name}).`);
}

/**
 * Looks a name up for the connection itself, so that what is checked is what is connected to, whatever the
 * name is said to be a moment later. One address that is not public makes all of them suspect.
 */
function publicOnly(lookup: typeof resolve): LookupFunction {
  return (hostname, options: LookupOptions, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      const [first] = addresses ?? [];
      if (error || !first) callback(error ?? notPublic(), '', 0);
      else if (!addresses.every(({ address }) => isPublicAddress(address))) callback(notPublic(), '', 0);
      else if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
