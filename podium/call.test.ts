import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import pino from 'pino';
import { z } from 'zod';
import { ownLimits } from '../test/support/call-limits';
import { json, startSmallServer, type SeenRequest, type SmallServer } from '../test/support/small-server';
import type { AccessTokens } from './access-token';
import { PodiumError } from './api';
import { createCall, type PodiumRequest } from './call';
import { createGate } from './limits';

const logger = pino({ level: 'silent' });
const tokens = (first = 'good', next = 'renewed'): AccessTokens => ({
  current: async () => first,
  renewed: async () => next,
  accepted: () => undefined,
});
const SEND: PodiumRequest = {
  operation: 'send message',
  method: 'POST',
  path: '/v4/messages',
  body: { body: 'Hi' },
};
const READ: PodiumRequest = { operation: 'find contact', method: 'GET', path: '/v4/contacts/%2B61400123456' };

const FILE = { name: 'car.png', contentType: 'image/png', size: 5, open: () => Readable.from(['abcde']) };
const UPLOAD: PodiumRequest = {
  operation: 'send attachment',
  method: 'POST',
  path: '/v4/messages/attachment',
  form: { data: { body: 'Hi' }, file: FILE },
};

const way = (limits = ownLimits()) => ({ gate: createGate(limits, logger), passedBefore: [] });

/** For an answer that comes, however busy the machine; and for one that never does. */
const [PATIENT_MS, IMPATIENT_MS] = [30_000, 250];

let server: SmallServer;
afterEach(() => server.close());

async function podiumThat(
  answer: (request: SeenRequest, response: ServerResponse) => void,
  timeoutMs = PATIENT_MS,
) {
  server = await startSmallServer(answer);
  const call = createCall({ apiUrl: server.url, tokens: tokens(), ...way(), timeoutMs, logger });
  return (request: PodiumRequest) => call(request, z.unknown());
}

/** What a call comes to: the error's words that decide, or the answer. */
async function outcome(call: Promise<unknown>) {
  try {
    return { answer: await call };
  } catch (error) {
    if (!(error instanceof PodiumError)) throw error;
    return { kind: error.kind, message: error.message, ...error.details };
  }
}

describe('a call to Podium', () => {
  it('carries the token, the version and JSON', async () => {
    const call = await podiumThat((_, response) => json(response, 200, { data: 1 }));
    expect(await call(SEND)).toEqual({ data: 1 });
    expect(server.requests).toMatchObject([
      {
        method: 'POST',
        url: '/v4/messages',
        headers: {
          authorization: 'Bearer good',
          'podium-version': '2021.04.01',
          'content-type': 'application/json',
        },
        body: { body: 'Hi' },
      },
    ]);
  });

  it('keeps the path of an API that is reached through a gateway', async () => {
    server = await startSmallServer((_, response) => json(response, 200, {}));
    const call = createCall({
      apiUrl: `${server.url}/podium/`,
      tokens: tokens(),
      ...way(),
      timeoutMs: PATIENT_MS,
      logger,
    });
    await call({ ...READ, query: { cursor: 'a+b' } }, z.unknown());
    expect(server.requests[0]?.url).toBe('/podium/v4/contacts/%2B61400123456?cursor=a%2Bb');
  });

  it('that reads is repeated once with a new token when Podium rejects the one it had', async () => {
    const call = await podiumThat((request, response) =>
      request.headers.authorization === 'Bearer renewed' ? json(response, 200, {}) : json(response, 401, {}),
    );
    await call(READ);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer good',
      'Bearer renewed',
    ]);
  });

  it('that writes is not repeated by itself; its token is renewed for the next attempt', async () => {
    server = await startSmallServer((_, response) => json(response, 401, {}));
    const rejected: string[] = [];
    const renewing = { ...tokens(), renewed: async (token: string) => `not ${rejected.push(token)}` };
    const call = createCall({
      apiUrl: server.url,
      tokens: renewing,
      ...way(),
      timeoutMs: PATIENT_MS,
      logger,
    });
    expect(await outcome(call(SEND, z.unknown()))).toMatchObject({
      kind: 'unauthenticated',
      mayHaveHappened: false,
    });
    expect(server.requests).toHaveLength(1);
    expect(rejected).toEqual(['good']);
  });

  it('ends with the rejection, and is not repeated, where another token would be none the better', async () => {
    server = await startSmallServer((_, response) => json(response, 401, { code: 'unauthorized' }));
    const stubborn = { ...tokens(), renewed: async () => null };
    const call = createCall({
      apiUrl: server.url,
      tokens: stubborn,
      ...way(),
      timeoutMs: PATIENT_MS,
      logger,
    });
    expect(await outcome(call(READ, z.unknown()))).toMatchObject({ kind: 'unauthenticated', status: 401 });
    expect(server.requests).toHaveLength(1);
  });

  it('ends as unauthenticated when the new token is rejected too', async () => {
    const call = await podiumThat((_, response) => json(response, 401, { code: 'unauthenticated' }));
    expect(await outcome(call(READ))).toMatchObject({
      kind: 'unauthenticated',
      status: 401,
      mayHaveHappened: false,
    });
    expect(server.requests).toHaveLength(2);
  });
});

describe('a refusal', () => {
  it.each<[number, string | undefined, string]>([
    [400, 'invalid_phone_format', 'invalid_phone'],
    [400, 'invalid_location_uid', 'invalid_location'],
    [400, 'invalid_request_values', 'invalid'],
    [400, undefined, 'invalid'],
    [403, 'unauthorized', 'not_permitted'],
    [404, 'resource_not_found', 'not_found'],
    [404, 'route_not_found', 'invalid'],
    [408, undefined, 'unreachable'],
    [409, 'contact_already_exists', 'conflict'],
    [413, 'attachment_exceeds_limit', 'too_large'],
    [422, undefined, 'invalid'],
    [429, 'rate_limit', 'throttled'],
    [451, 'contact_opted_out', 'opted_out'],
    [500, 'internal_server_error', 'server'],
    [503, undefined, 'server'],
    [302, undefined, 'invalid'],
  ])('%i %s is of kind %s', async (status, code, kind) => {
    const headers = { location: 'http://127.0.0.1:1/' };
    const call = await podiumThat((_, response) => json(response, status, { code, message: 'm' }, headers));
    expect(await outcome(call(SEND))).toMatchObject({ kind, status, ...(code ? { code } : {}) });
    expect(server.requests).toHaveLength(1);
  });

  it('waits five seconds when it does not say how long to wait', async () => {
    const call = await podiumThat((_, response) => json(response, 429, {}));
    expect(await outcome(call(SEND))).toMatchObject({ kind: 'throttled', retryAfterMs: 5_000 });
  });

  it.each([
    ['in seconds', { 'retry-after': '7' }, 7_000, 7_000],
    ['with a date', { 'retry-after': 'DATE' }, 10_000, 30_000],
    ['by the reset of its limit', { 'ratelimit-reset': '42' }, 42_000, 42_000],
  ])('tells how long to wait, %s', async (_, headers, least, most) => {
    const inHalfAMinute = new Date(Date.now() + 30_000).toUTCString();
    const said = Object.entries(headers).map(([name, value]) => [
      name,
      value === 'DATE' ? inHalfAMinute : value,
    ]);
    const call = await podiumThat((_, response) =>
      json(response, 429, { code: 'rate_limited' }, Object.fromEntries(said)),
    );
    const { retryAfterMs } = (await outcome(call(READ))) as { retryAfterMs: number };
    expect(retryAfterMs).toBeGreaterThanOrEqual(least);
    expect(retryAfterMs).toBeLessThanOrEqual(most);
  });

  it('may be an HTML page of a proxy', async () => {
    const call = await podiumThat((_, response) => response.writeHead(502).end('<html>Bad gateway</html>'));
    expect(await outcome(call(SEND))).toEqual({
      kind: 'server',
      message: 'send message: Podium answered 502.',
      status: 502,
      mayHaveHappened: true,
    });
  });

  it('repeats nothing that Podium says of the request, which may hold a phone', async () => {
    const message = 'identifier +61400123456 is invalid';
    const call = await podiumThat((_, response) => json(response, 400, { code: message, message }));
    const { message: said } = (await outcome(call(READ))) as { message: string };
    expect(said).toBe('find contact: Podium answered 400.');
  });
});

describe('a 429', () => {
  const WAIT = { 'retry-after': '30' };

  it('pauses its endpoint, whatever stands in its path, and no other one', async () => {
    server = await startSmallServer(({ url }, response) =>
      json(response, url.startsWith('/v4/contacts/') ? 429 : 200, {}, WAIT),
    );
    const limits = ownLimits();
    const options = { apiUrl: server.url, tokens: tokens(), timeoutMs: PATIENT_MS, logger };
    const call = createCall({ ...options, ...way(limits) });
    const elsewhere = createCall({ ...options, ...way(limits) });
    await outcome(call(READ, z.unknown()));
    const another = { ...READ, path: '/v4/contacts/%2B61412345678' };
    const { retryAfterMs, ...rest } = (await outcome(elsewhere(another, z.unknown()))) as {
      retryAfterMs: number;
    };
    expect(rest).toEqual({
      kind: 'throttled',
      message: 'find contact: Podium has paused this call.',
      mayHaveHappened: false,
    });
    expect(retryAfterMs).toBeGreaterThan(10_000);
    await elsewhere(SEND, z.unknown());
    await elsewhere({ ...READ, method: 'POST' as const }, z.unknown()).catch(() => undefined);
    expect(server.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /v4/contacts/%2B61400123456',
      'POST /v4/messages',
      'POST /v4/contacts/%2B61400123456',
    ]);
  });

  it('is told although the other processes cannot be', async () => {
    server = await startSmallServer((_, response) => json(response, 429, {}, WAIT));
    const limits = ownLimits();
    limits.pauses.pause = () => Promise.reject(new Error('away'));
    const call = createCall({
      ...{ apiUrl: server.url, tokens: tokens(), timeoutMs: PATIENT_MS, logger },
      ...way(limits),
    });
    expect(await outcome(call(SEND, z.unknown()))).toMatchObject({ kind: 'throttled', retryAfterMs: 30_000 });
  });
});

describe('a call without a share', () => {
  const sharing = async (take: () => Promise<number>, patienceMs: number) => {
    server = await startSmallServer(({ headers }, response) =>
      json(response, headers.authorization === 'Bearer renewed' ? 200 : 401, {}),
    );
    const limits = { ...ownLimits(), share: { take, patienceMs } };
    return createCall({
      ...{ apiUrl: server.url, tokens: tokens(), timeoutMs: PATIENT_MS, logger },
      ...way(limits),
    });
  };

  it('waits for its turn, and its repetition waits for another one', async () => {
    const turns = [20, 0, 20, 0];
    const call = await sharing(async () => turns.shift()!, 60_000);
    await call(READ, z.unknown());
    expect(server.requests).toHaveLength(2);
    expect(turns).toEqual([]);
  });

  it('is not made when its turn is too far away', async () => {
    const call = await sharing(async () => 12_000, 1_000);
    expect(await outcome(call(SEND, z.unknown()))).toEqual({
      kind: 'throttled',
      message: 'send message: there are too many calls just now.',
      retryAfterMs: 12_000,
      mayHaveHappened: false,
    });
    expect(server.requests).toEqual([]);
  });
});

describe('an answer that never comes whole', () => {
  const unkind: [string, (request: SeenRequest, response: ServerResponse) => void, isSilent?: boolean][] = [
    ['a reset connection', (_, response) => response.socket!.resetAndDestroy()],
    ['a connection closed without a word', (_, response) => response.socket!.end()],
    ['silence', () => undefined, true],
    ['headers and then silence', (_, response) => response.writeHead(200).flushHeaders(), true],
    [
      'half a body',
      (_, response) =>
        response.writeHead(200, { 'content-length': '100' }).write('{', () => response.socket!.destroy()),
    ],
  ];

  it.each(unkind)('leaves a write in doubt: %s', async (_, answer, isSilent = false) => {
    const call = await podiumThat(answer, isSilent ? IMPATIENT_MS : PATIENT_MS);
    expect(await outcome(call(SEND))).toMatchObject({ kind: 'unreachable', mayHaveHappened: true });
  });

  it.each(unkind)('leaves no doubt about a read: %s', async (_, answer, isSilent = false) => {
    const call = await podiumThat(answer, isSilent ? IMPATIENT_MS : PATIENT_MS);
    expect(await outcome(call(READ))).toMatchObject({ kind: 'unreachable', mayHaveHappened: false });
  });

  it('did nothing when there was no connection at all', async () => {
    const call = await podiumThat(() => undefined);
    await server.close();
    expect(await outcome(call(SEND))).toEqual({
      kind: 'unreachable',
      message: 'send message: no answer from Podium (ECONNREFUSED).',
      mayHaveHappened: false,
    });
  });

  it('keeps the path out of its error, since it may hold a phone', async () => {
    const call = await podiumThat((_, response) => response.socket!.destroy());
    const { message } = (await outcome(call(READ))) as { message: string };
    expect(message).not.toContain('61400123456');
  });
});

describe('an answer that cannot be read', () => {
  it.each([
    ['HTML', '<html>Welcome to the hotel</html>'],
    ['half of JSON', '{"data":'],
  ])('is an error, and what was asked for may have been done: %s', async (_, body) => {
    const call = await podiumThat((_, response) => response.writeHead(200).end(body));
    expect(await outcome(call(SEND))).toMatchObject({ kind: 'invalid', status: 200, mayHaveHappened: true });
    expect(await outcome(call(READ))).toMatchObject({ kind: 'invalid', status: 200, mayHaveHappened: false });
  });

  it('is none when nothing needs to be read', async () => {
    const call = await podiumThat((_, response) => response.writeHead(204).end());
    expect(await outcome(call(SEND))).toEqual({ answer: null });
  });
});

describe('a call with a file', () => {
  it('streams it, with its length announced', async () => {
    const call = await podiumThat((_, response) => json(response, 200, {}));
    await call(UPLOAD);
    const { headers, raw } = server.requests[0]!;
    expect(headers['content-length']).toBe(String(raw.length));
    expect(headers['transfer-encoding']).toBeUndefined();
    expect(headers).toMatchObject({ authorization: 'Bearer good', 'podium-version': '2021.04.01' });
    expect(raw.toString()).toContain('\r\n\r\nabcde\r\n--');
  });

  it('is not repeated when its token was rejected', async () => {
    const call = await podiumThat((_, response) => json(response, 401, {}));
    expect(await outcome(call(UPLOAD))).toMatchObject({ kind: 'unauthenticated', mayHaveHappened: false });
    expect(server.requests).toHaveLength(1);
  });

  it('may have happened when the connection was reset after it', async () => {
    const call = await podiumThat((_, response) => response.socket!.resetAndDestroy());
    expect(await outcome(call(UPLOAD))).toMatchObject({ kind: 'unreachable', mayHaveHappened: true });
  });

  it('has more time than others, by its size', async () => {
    const size = 1_000_000;
    const slow = async function* () {
      yield Buffer.alloc(size / 2);
      await pause(500); // longer than another call may take
      yield Buffer.alloc(size / 2);
    };
    const call = await podiumThat((_, response) => json(response, 200, { done: true }), IMPATIENT_MS);
    const file = { ...FILE, size, open: () => Readable.from(slow()) };
    expect(await outcome(call({ ...UPLOAD, form: { data: {}, file } }))).toEqual({ answer: { done: true } });
  });

  it('is heard when Podium answers before all of it has come', async () => {
    const hasty = createServer((request, response) => {
      json(response, 413, { code: 'attachment_exceeds_limit' });
      response.on('finish', () => request.socket.destroy());
    });
    await new Promise<void>((ready) => hasty.listen(0, '127.0.0.1', ready));
    const url = `http://127.0.0.1:${(hasty.address() as AddressInfo).port}`;
    server = { url, requests: [], close: () => new Promise((closed) => hasty.close(() => closed())) };
    const call = createCall({ apiUrl: url, tokens: tokens(), ...way(), timeoutMs: PATIENT_MS, logger });
    const size = 20_000_000;
    const endless = function* () {
      for (let sent = 0; sent < size; sent += 100_000) yield Buffer.alloc(100_000);
    };
    const file = { ...FILE, size, open: () => Readable.from(endless()) };
    const request = { ...UPLOAD, form: { data: {}, file } };
    expect(await outcome(call(request, z.unknown()))).toMatchObject({
      kind: 'too_large',
      mayHaveHappened: false,
    });
  });

  it('did nothing when the file could not be read to its end', async () => {
    const broken = async function* () {
      yield Buffer.from('ab');
      throw new Error('gone');
    };
    const call = await podiumThat((_, response) => json(response, 200, {}));
    const file = { ...FILE, open: () => Readable.from(broken()) };
    expect(await outcome(call({ ...UPLOAD, form: { data: {}, file } }))).toEqual({
      kind: 'unreachable',
      message: 'The file to be sent could not be read.',
      mayHaveHappened: false,
    });
    expect(server.requests).toHaveLength(0);
  });

  it.each([4, 6])('did nothing when the file has not the size that was announced: %i', async (size) => {
    const call = await podiumThat((_, response) => json(response, 200, {}));
    const file = { ...FILE, size };
    expect(await outcome(call({ ...UPLOAD, form: { data: {}, file } }))).toMatchObject({
      kind: 'invalid',
      mayHaveHappened: false,
    });
    expect(server.requests).toHaveLength(0);
  });
});
