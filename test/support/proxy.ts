import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Proxy {
  url: string;
  close(): Promise<void>;
}

/** What stands before several servers: each request goes to the next one that takes connections, else 502. */
export async function startProxy(targets: string[]): Promise<Proxy> {
  let turn = 0;
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { host: _, connection: __, 'content-length': ___, ...headers } = request.headers;
    turn += 1;
    for (let n = 0; n < targets.length; n += 1) {
      const target = targets[(turn + n) % targets.length]!;
      const answer = await fetch(target + request.url, {
        ...{ method: request.method!, headers: headers as Record<string, string> },
        body: Buffer.concat(chunks),
      }).catch(() => null);
      if (answer === null) continue;
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
      return;
    }
    response.writeHead(502).end();
  };
  const server = createServer((request, response) => void pass(request, response));
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
