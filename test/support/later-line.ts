/** A line to a server that is away at first: nobody listens until it is opened. */
import { connect, createServer, type Socket } from 'node:net';
import { freePort } from './ports';

export interface LaterLine {
  /** Of the server, along this line. */
  url: string;
  open(): Promise<void>;
  close(): Promise<void>;
}

export async function laterLine(serverUrl: string): Promise<LaterLine> {
  const target = new URL(serverUrl);
  const url = new URL(serverUrl);
  url.host = `127.0.0.1:${await freePort()}`;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => other.destroy());
      socket.pipe(other);
    }
  });
  return {
    url: url.href,
    open: () => new Promise((ready) => server.listen(Number(url.port), '127.0.0.1', ready)),
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
