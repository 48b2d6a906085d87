/** A line to a server on which little passes in a second, as when a phone uploads a video. */
import { Transform } from 'node:stream';
import { lineTo } from './line';

export interface NarrowLine {
  /** Of the server, along this line. */
  url: string;
  close(): Promise<void>;
}

/** @param bytesPerSecond towards the server; its answers come at once */
export async function openNarrowLine(serverUrl: string, bytesPerSecond: number): Promise<NarrowLine> {
  const { open, close } = lineTo(serverUrl, (from, to, isClient) =>
    (isClient ? from.pipe(slowly(bytesPerSecond)) : from).pipe(to),
  );
  return { url: new URL(await open()).origin, close };
}

function slowly(bytesPerSecond: number): Transform {
  return new Transform({
    transform: (piece: Buffer, _, pass) =>
      void setTimeout(() => pass(null, piece), (1000 * piece.length) / bytesPerSecond),
  });
}
