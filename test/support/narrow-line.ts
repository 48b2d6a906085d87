/** A line to a server on which little passes in a second, as when a phone uploads a video. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Transform } from 'node:stream';

export interface NarrowLine {
  /** Of the server, along this line. */
  url: string;
  close(): Promise<void>;
}

/** @param bytesPerSecond towards the server; its answers come at once */
export async function openNarrowLine(serverUrl: string, bytesPerSecond: number): Promise<NarrowLine> {
  const target = new URL(serverUrl);
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => other.destroy());
    }
    near.pipe(slowly(bytesPerSecond)).pipe(far);
    far.pipe(near);
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function slowly(bytesPerSecond: number): Transform {
  return new Transform({
    transform: (piece: Buffer, _, pass) =>
      void setTimeout(() => pass(null, piece), (1000 * piece.length) / bytesPerSecond),
  });
}
