import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  method: string;
  /** Path and query. */
  url: string;
  headers: IncomingHttpHeaders;
  raw: Buffer;
  /** Parsed JSON; undefined when there was no body, or another one. */
  body: unknown;
}

export interface SmallServer {
  url: string;
  /** Everything that was asked so far, in order. */
  requests: SeenRequest[];
  close(): Promise<void>;
}

/** A real HTTP server for one test, which answers as it is told, as unkindly as a test wants it. */
export async function startSmallServer(
  answer: (request: SeenRequest, response: ServerResponse) => void,
): Promise<SmallServer> {
  const requests: SeenRequest[] = [];
  // A request that breaks off is none.
  const server = createServer((incoming, response) => void take(incoming, response).catch(() => undefined));
  async function take(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const raw = await readAll(incoming);
    const request: SeenRequest = {
      method: incoming.method!,
      url: incoming.url!,
      headers: incoming.headers,
      raw,
      body:
        raw.length === 0 || /^multipart/.test(incoming.headers['content-type'] ?? '')
          ? undefined
          : JSON.parse(raw.toString()),
    };
    requests.push(request);
    answer(request, response);
  }
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

/** Answers JSON. */
export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

async function readAll(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
