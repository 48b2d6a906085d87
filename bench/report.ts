/** What a part of the bench is, what it finds, and how that is shown. */

/** `quick` shows that everything still runs; its figures mean nothing. */
export type Size = 'full' | 'quick';

export interface Part {
  letter: string;
  title: string;
  measure(size: Size): Promise<Findings>;
}

export interface Findings {
  table: Row[];
  aims: Aim[];
  /** What a reader has to know to understand the figures. */
  notes: string[];
}

/** A line of a table: column by column, the same columns in every line. */
export type Row = Record<string, string | number>;

export interface Aim {
  what: string;
  wanted: string;
  found: number;
  met: boolean;
}

export function atLeast(limit: number, what: string, found: number): Aim {
  return { what, wanted: `at least ${limit}`, found, met: found >= limit };
}

export function atMost(limit: number, what: string, found: number): Aim {
  return { what, wanted: `at most ${limit}`, found, met: found <= limit };
}

/** Three significant digits: more would be made up. */
export function rounded(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}

/** The findings as Markdown, so that they can be put into a document as they are. */
export function render({ letter, title }: Part, { table, aims, notes }: Findings): string {
  const lines = [
    `\n## (${letter}) ${title}\n`,
    ...renderTable(table),
    '',
    ...aims.map(
      ({ what, wanted, found, met }) =>
        `- ${met ? 'Met' : '**Missed**'}: ${what}: ${rounded(found)} (aim: ${wanted})`,
    ),
    ...notes.map((note) => `- ${note}`),
  ];
  return lines.join('\n');
}

function renderTable(rows: Row[]): string[] {
  const columns = Object.keys(rows[0] ?? {});
  const cells = [columns, ...rows.map((row) => columns.map((column) => shown(row[column])))];
  const widths = columns.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)));
  const line = (values: string[]) =>
    `| ${values.map((value, column) => value.padEnd(widths[column]!)).join(' | ')} |`;
  const rule = line(widths.map((width) => '-'.repeat(width)));
  return [line(cells[0]!), rule, ...cells.slice(1).map(line)];
}

function shown(value: string | number | undefined): string {
  return typeof value === 'number' ? String(rounded(value)) : (value ?? '');
}
