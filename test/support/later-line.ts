/** A line to a server that is away at first: nobody listens until it is opened. */
import { lineTo } from './line';
import { freePort } from './ports';

export interface LaterLine {
  /** Of the server, along this line. */
  url: string;
  open(): Promise<unknown>;
  close(): Promise<void>;
}

export async function laterLine(serverUrl: string): Promise<LaterLine> {
  const port = await freePort();
  const url = new URL(serverUrl);
  url.host = `127.0.0.1:${port}`;
  const { open, close } = lineTo(serverUrl, (from, to) => from.pipe(to));
  return { url: url.href, open: () => open(port), close };
}
