/** A user of Podium authorizes the application, and the tokens are stored for all processes. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { authorizationUrl, redeemCode } from '../podium/authorization';
import type { OAuthClient } from '../podium/oauth';
import type { TokenGrant } from '../core/tokens';
import { writeAct } from '../store/audit';
import type { Queryable } from '../store/database';
import type { StoredTokens } from '../store/podium-tokens';

export interface AuthorizationWish {
  client: OAuthClient;
  /** Podium's page where the user agrees. */
  authorizeUrl: string;
  tokens: StoredTokens;
  /** For whom, in the audit. */
  actor: string;
  /** Where the browser comes back to, on 127.0.0.1; 0 for any. */
  port: number;
  /** Where Podium is to send the browser instead, as registered there; what leads from there to us is not our matter. */
  redirectUri: string | null;
  timeoutMs: number;
  /** Called when the browser may go. */
  onReady: (page: { url: string; redirectUri: string }) => void;
  /** Addresses that the browser came back to, for who cannot let it come to us: as somebody pastes them. */
  pasted: (signal: AbortSignal) => AsyncIterable<string>;
}

/** The user did not agree, or nobody came. */
export class NotAuthorized extends Error {
  override readonly name = 'NotAuthorized';
  constructor(
    message: string,
    readonly reason: 'denied' | 'timeout',
  ) {
    super(message);
  }
}

/** What the browser came back with: the code of this very attempt, once. */
type Callback = { code: string } | { denied: string };

/**
 * Waits for a user to agree, and stores the tokens: every process uses them from its next call on.
 * @throws NotAuthorized, PodiumError, or what the database throws
 */
export async function authorize(wish: AuthorizationWish): Promise<TokenGrant> {
  await wish.tokens.load(); // a database that is away is better known before the code is spent
  const state = randomBytes(24).toString('hex');
  const ended = new AbortController();
  const server = createServer();
  try {
    const port = await listen(server, wish.port);
    const redirectUri = wish.redirectUri ?? `http://127.0.0.1:${port}/callback`;
    const answer = Promise.race([
      browserReturns(server, state),
      addressIsPasted(wish.pasted(ended.signal), state),
      nobodyComes(wish.timeoutMs, ended.signal),
    ]);
    const url = authorizationUrl(wish.authorizeUrl, { clientId: wish.client.clientId, redirectUri, state });
    wish.onReady({ url, redirectUri });
    const callback = await answer;
    if ('denied' in callback)
      throw new NotAuthorized(`The user of Podium did not agree (${callback.denied}).`, 'denied');
    return await store(wish, callback.code, redirectUri);
  } finally {
    ended.abort();
    server.close();
    server.closeAllConnections(); // browsers open spare ones, which never ask anything
  }
}

/** Under the lock, or a renewal that is under way would come after it and be taken for newer. */
function store(
  { client, tokens, actor }: AuthorizationWish,
  code: string,
  redirectUri: string,
): Promise<TokenGrant> {
  return tokens.exclusively(async () => {
    const { grants } = await tokens.load();
    const grant = await redeemCode(client, code, redirectUri);
    const note = (db: Queryable) => writeAct(db, { kind: 'access_authorized', actor });
    if (await tokens.saveGrant(grant, grants, note)) return grant;
    throw new Error('Another process has stored tokens at the same moment; these are not kept. Try again.');
  });
}

/** @returns the port */
function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server
      .once('error', reject)
      .listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

function browserReturns(server: Server, state: string): Promise<Callback> {
  return new Promise((resolve) => {
    let isOver = false;
    server.on('request', ({ method, url = '/' }, response) => {
      const callback = isOver || method !== 'GET' ? null : readCallback(`http://127.0.0.1${url}`, state);
      response.writeHead(callback ? 200 : 404, { 'content-type': 'text/plain', connection: 'close' });
      response.end(callback ? 'Podium has answered. You can close this page.\n' : 'Nobody waits for this.\n');
      if (callback === null) return;
      isOver = true;
      response.once('close', () => resolve(callback)); // not before the browser has its page
    });
  });
}

/** Never ends when nobody pastes the address. */
async function addressIsPasted(lines: AsyncIterable<string>, state: string): Promise<Callback> {
  for await (const line of lines) {
    const callback = readCallback(line.trim(), state);
    if (callback) return callback;
  }
  return new Promise(() => undefined);
}

async function nobodyComes(ms: number, signal: AbortSignal): Promise<never> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
  throw new NotAuthorized('Nobody has agreed in time.', 'timeout');
}

/** Null for everything but an answer to this very attempt: anybody can send a browser to this address. */
function readCallback(address: string, state: string): Callback | null {
  if (!URL.canParse(address)) return null;
  const { searchParams } = new URL(address);
  const given = Buffer.from(searchParams.get('state') ?? '');
  const ours = Buffer.from(state);
  if (given.length !== ours.length || !timingSafeEqual(given, ours)) return null;
  const code = searchParams.get('code');
  if (code) return { code };
  return { denied: /^[a-z_]{1,64}$/.exec(searchParams.get('error') ?? '')?.[0] ?? 'no code' };
}
