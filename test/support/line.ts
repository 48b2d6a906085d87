/** A line to a server, on which whoever joins its ends decides how what comes is passed on. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export interface Line {
  /** Listens, at any free port without one. @returns the server's URL, along this line */
  open(port?: number): Promise<string>;
  /** Ends what is under way, too. */
  close(): Promise<void>;
}

/** @param pass called for each end of a connection, with the other one: the client's first */
export function lineTo(serverUrl: string, pass: (from: Socket, to: Socket, isClient: boolean) => void): Line {
  const target = new URL(serverUrl);
  const sockets = new Set<Socket>();
  const server: Server = createServer({ noDelay: true }, (near) => {
    const far = connect({ host: target.hostname, port: Number(target.port), noDelay: true });
    const join = (from: Socket, to: Socket) => {
      sockets.add(from);
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      pass(from, to, from === near);
    };
    join(near, far);
    join(far, near);
  });
  return {
    async open(port = 0) {
      await new Promise<void>((ready) => server.listen(port, '127.0.0.1', ready));
      const url = new URL(serverUrl);
      url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      return url.href;
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
