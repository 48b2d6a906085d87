/**
 * A line to Postgres that is slow now and then, and breaks off at times: between two statements of one transaction
 * others get their turn, and nobody hears what became of a commit.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { lineTo } from './line';

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
  let cuts = 0;
  const { open, close } = lineTo(databaseUrl, (from, to) => {
    let before: Promise<unknown> = Promise.resolve(); // nothing overtakes what was before it on the line
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
  });
  return { url: await open(), cuts: () => cuts, close };
}
