/** Tables for people: no lines, two blanks between columns. */
import Table from 'cli-table3';

const NOTHING = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '' };
const NO_LINES = {
  ...NOTHING,
  ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '', left: '', 'left-mid': '' },
  ...{ mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ' },
};

type Cell = string | number | null;

/** @param head names of the columns; what is null stands as a dash */
export function table(head: string[], rows: Cell[][]): string {
  const drawn = new Table({
    head: head.map((name) => name.toUpperCase()),
    chars: NO_LINES,
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
  });
  drawn.push(...rows.map((row) => row.map((cell) => cell ?? '-')));
  return drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** A time of the API as people read it, in UTC. */
export function at(iso: string | null): string | null {
  return iso === null ? null : iso.slice(0, 19).replace('T', ' ');
}
