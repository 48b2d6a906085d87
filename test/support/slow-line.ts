/**
 * A line to Postgres that is slow now and then, and breaks off at times: between two statements of one transaction
 * others get their turn, and nobody hears what became of a commit.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export interface SlowLine {
  /** Of the same database, along this line. */
  url: string;
  /** How often it has broken off. */
  cuts(): number;
  close(): Promise<void>;
}

/** Of the pieces that pass. Most come at once, so that many transactions are at work. */
const DELAYED = 0.25;
const LONGEST_DELAY_MS = 20;
const CUT = 1 / 8_000;

/** @param random numbers from 0 to 1 */
export async function openSlowLine(databaseUrl: string, random: () => number): Promise<SlowLine> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let cuts = 0;

  const join = (from: Socket, to: Socket): void => {
    let before: Promise<unknown> = Promise.resolve(); // nothing overtakes what was before it on the line
    sockets.add(from);
    from.on('error', () => undefined);
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    from.on('data', (piece) => {
      if (random() < CUT) {
        cuts += 1;
        return void from.destroy();
      }
      const delay = random() < DELAYED ? random() * LONGEST_DELAY_MS : null;
      before = before.then(async () => {
        if (delay !== null) await pause(delay);
        if (to.writable) to.write(piece);
      });
    });
  };
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ host: target.hostname, port: Number(target.port), noDelay: true });
    join(near, far);
    join(far, near);
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: url.href,
    cuts: () => cuts,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
