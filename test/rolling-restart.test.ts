/** All servers are restarted, one after the other, while Podium posts a hundred webhooks a second through a proxy. */
import { once } from 'node:events';
import {
  Agent,
  createServer,
  request,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { postSigned, publishedEvent, type WebhookAnswer } from './support/podium-events';
import { NOT_STORED, startSystem, type System } from './support/system';

jest.setTimeout(600_000);

const EVENTS_A_SECOND = 100;
const MOST_UNDER_WAY = 300;
/** How often the proxy asks whether a server is ready; within `DRAIN_SECONDS` it has noticed. */
const LOOK_MS = 100;
const MOST_OUTDATED_MS = 1_000;
const DRAIN_SECONDS = 6;

/** Phones 555-0100 to 555-0199 belong to nobody. */
const PHONES = Array.from({ length: 20 }, (_, n) => `+14155550${100 + n}`);

let system: System;
let proxy: Proxy;
/** URL of the server that ends or begins. */
let restarting: string | null = null;
/** What such a server has not taken, though it had said that it was ready. */
const refusedByIt: (number | undefined)[] = [];
beforeAll(async () => {
  system = await startSystem({
    ...{ servers: 2, workers: 0 },
    environment: { DRAIN_SECONDS: String(DRAIN_SECONDS) },
  });
  proxy = await startProxy(system.serverUrls);
});
afterAll(async () => {
  proxy.close();
  await system.stop();
});

test('no webhook is refused, none is lost, and none comes to a workflow twice', async () => {
  const load = startLoad();
  const restarted: (number | null)[] = [];
  for (const [n, server] of system.servers.entries()) {
    const { pid } = server;
    restarting = system.serverUrls[n]!;
    process.kill(pid!, 'SIGTERM');
    await server.end();
    await server.start();
    await proxy.usesAll();
    restarting = null;
    expect(server.pid).not.toBe(pid);
    restarted.push(pid);
  }
  const { sent, refused } = await load.end();

  expect(restarted).toHaveLength(2);
  expect(refused).toEqual([]);
  expect(refusedByIt).toEqual([]);
  // A machine that is too slow for that rate holds some back.
  expect(sent.length).toBeGreaterThan((EVENTS_A_SECOND * restarted.length * DRAIN_SECONDS) / 4);
  const { rows } = await system.pool.query<{ event: string }>('select event_id as event from inbox_events');
  expect(rows.map(({ event }) => event).sort()).toEqual(sent.map(({ event }) => event).sort());

  await system.eventually('all to be handed to the workflows', async () => {
    const { rowCount } = await system.pool.query(`select from inbox_events where status = 'pending'`);
    return rowCount === 0;
  });
  for (const phone of PHONES) {
    const texts = (await system.messagesOf(phone)).map(({ text }) => text);
    const written = sent.filter((one) => one.phone === phone).map(({ event }) => event);
    expect(texts.sort()).toEqual(written.sort());
  }
});

interface Sent {
  event: string;
  phone: string;
}

/** Posts by the clock, however long answers take; but no more at once than a machine that is too slow for it gets done in the end. */
function startLoad(): { end: () => Promise<{ sent: Sent[]; refused: unknown[] }> } {
  const sent: Sent[] = [];
  const refused: unknown[] = [];
  const ending = new AbortController();
  const underWay: Promise<void>[] = [];
  let answered = 0;
  const post = async ({ event, phone }: Sent): Promise<void> => {
    const url = `${proxy.url}/webhooks/podium`;
    const posted = publishedEvent({ phone, eventUid: event, body: event });
    const answer = await postSigned(url, posted, system.keys.webhookSecret).catch((error: unknown) => error);
    const { status, body } = answer as Partial<WebhookAnswer>;
    if (body?.error?.code === NOT_STORED) return post({ event, phone }); // a busy database, at a server that stays: Podium comes again, too
    if (status !== 200) refused.push(answer);
  };
  const run = async (): Promise<void> => {
    for (const start = Date.now(); !ending.signal.aborted; await delay(5)) {
      const due = ((Date.now() - start) / 1000) * EVENTS_A_SECOND;
      while (sent.length < due && sent.length - answered < MOST_UNDER_WAY) {
        const one = { event: `event-${sent.length}`, phone: PHONES[sent.length % PHONES.length]! };
        sent.push(one);
        underWay.push(post(one).then(() => void (answered += 1)));
      }
    }
  };
  const running = run();
  return {
    async end() {
      ending.abort();
      await running;
      await Promise.all(underWay);
      return { sent, refused };
    },
  };
}

interface Proxy {
  url: string;
  /** Resolves when all servers get requests. */
  usesAll(): Promise<void>;
  close(): void;
}

/** As load balancers are: it asks who is ready, keeps connections open, and tries nothing twice. */
async function startProxy(urls: string[]): Promise<Proxy> {
  const agent = new Agent({ keepAlive: true });
  let ready = urls;
  let lookedAt = Date.now();
  let turn = 0;
  const pass = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    // Where this process has stood still, or neither could say in time that it is ready.
    while (ready.length === 0 || Date.now() - lookedAt > MOST_OUTDATED_MS) await look();
    forward(agent, ready[turn++ % ready.length]!, incoming, outgoing);
  };
  const server: Server = createServer((incoming, outgoing) => void pass(incoming, outgoing));
  server.keepAliveTimeout = 75_000; // longer than those who post keep theirs
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const look = async (): Promise<void> => {
    const isReady = (url: string) =>
      fetch(`${url}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      );
    const answers = await Promise.all(urls.map(isReady));
    ready = urls.filter((_, n) => answers[n]);
    lookedAt = Date.now();
  };
  const watching = setInterval(() => void look(), LOOK_MS);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    usesAll: async () => {
      await system.eventually('all servers to be ready', () => ready.length === urls.length);
    },
    close() {
      clearInterval(watching);
      agent.destroy();
      server.closeAllConnections();
      server.close();
    },
  };
}

function forward(agent: Agent, target: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, headers, url } = incoming;
  const onward = request(new URL(url!, target), { agent, method, headers }, (answer) => {
    if (answer.statusCode !== 200 && target === restarting) refusedByIt.push(answer.statusCode);
    const { connection: _, ...kept } = answer.headers;
    outgoing.writeHead(answer.statusCode!, kept);
    answer.pipe(outgoing);
  });
  onward.on('error', (error: NodeJS.ErrnoException) =>
    outgoing.writeHead(502).end(JSON.stringify({ error: error.code })),
  );
  incoming.pipe(onward);
}
