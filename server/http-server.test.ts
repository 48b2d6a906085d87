import { once } from 'node:events';
import { connect } from 'node:net';
import { close, listen } from './http-server';

/** The idle time of the proxies in front of servers, as they are set where nobody sets them. */
const LONGEST_PROXY_MS = 60_000;

let started: Awaited<ReturnType<typeof listen>>;
beforeEach(async () => {
  started = await listen((_, response) => response.end('here'), 0);
});
afterEach(() => close(started.server));

it('keeps an idle connection for longer than a proxy does, and says so', async () => {
  const answer = await fetch(started.url);
  await answer.text();
  const [, seconds] = /^timeout=(\d+)$/.exec(answer.headers.get('keep-alive') ?? '') ?? [];
  expect(Number(seconds) * 1000).toBeGreaterThan(LONGEST_PROXY_MS);
  // The time for the headers of the next request must not end an idle connection before.
  expect(started.server.headersTimeout).toBeGreaterThan(started.server.keepAliveTimeout);
});

it('waits for no idle connection when it ends', async () => {
  const socket = connect(Number(new URL(started.url).port), 'localhost');
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(socket, 'data');
  const closed = once(socket, 'close');
  await close(started.server);
  await closed;
});
