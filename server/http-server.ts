/** Listening and its end. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers take 2.5 s at most; who is still connected then is cut off. */
const GOODBYE_MS = 3_000;

/** A request has to be here by then, so that nobody holds a connection for ever. The largest file takes that at 700 kbit/s. */
const LONGEST_REQUEST_MS = 300_000;

/**
 * An idle connection outlives those of whoever calls: proxies keep theirs for a minute as a rule. Whoever closes
 * first must be the caller, or a request meets a connection that has just been closed, and is lost.
 */
const IDLE_CONNECTION_MS = 75_000;
/** Counted from the end of the request before, so it is longer than the idle time. */
const LONGEST_HEADERS_MS = IDLE_CONNECTION_MS + 5_000;

const TIMES = {
  requestTimeout: LONGEST_REQUEST_MS,
  keepAliveTimeout: IDLE_CONNECTION_MS,
  headersTimeout: LONGEST_HEADERS_MS,
};

/** @returns the server and its address on this machine, which tells the port where `port` was 0. */
export async function listen(
  handle: RequestListener,
  port: number,
): Promise<{ server: Server; url: string }> {
  const server = createServer(TIMES, handle).listen(port);
  await once(server, 'listening');
  return { server, url: `http://localhost:${(server.address() as AddressInfo).port}` };
}

/** Takes no new connections, and returns when all requests are answered. */
export async function close(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  const cutOff = setTimeout(() => server.closeAllConnections(), GOODBYE_MS);
  await closed;
  clearTimeout(cutOff);
}
