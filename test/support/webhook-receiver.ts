import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedPost {
  headers: IncomingHttpHeaders;
  body: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what came over the wire; tests look into it freely
  json: any;
}

/** Stands in for the product: takes webhook posts and answers what the test wants. */
export interface WebhookReceiver {
  url: string;
  posts: ReceivedPost[];
  /** The answer from now on: a status, or a function of the post (a promise that stays open is no answer). */
  answer: (post: ReceivedPost) => number | Promise<number>;
  stop(): void;
}

export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const receiver: WebhookReceiver = { url: '', posts: [], answer: () => 200, stop: () => undefined };
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks).toString();
      const post = { headers: request.headers, body, json: body.startsWith('{') ? JSON.parse(body) : null };
      receiver.posts.push(post);
      response.writeHead(await receiver.answer(post)).end('{"status":"noted"}');
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  receiver.stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return receiver;
}
