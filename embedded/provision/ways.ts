/** Trying one way after the other to get a program, and saying plainly what helps when none works. */

export interface Way {
  name: string;
  /** The program's path, or null when this way is not open here; an error tells why it failed. */
  find: () => Promise<string | null>;
}

/** Nothing worked. The message is for a person: what was tried, and every way out. */
export class NotProvisioned extends Error {
  override readonly name = 'NotProvisioned';
}

/** The path that the first working way gives. */
export async function firstThatWorks(what: string, ways: Way[], waysOut: string[]): Promise<string> {
  const tried: string[] = [];
  for (const way of ways) {
    try {
      const path = await way.find();
      if (path) return path;
      tried.push(`  ${way.name}: not here`);
    } catch (error) {
      tried.push(`  ${way.name}: ${reason(error)}`);
    }
  }
  throw new NotProvisioned(
    [
      `${what} could be neither found nor made. Tried:`,
      ...tried,
      'Any one of these helps; then run the same command again:',
      ...waysOut.map((wayOut) => `  - ${wayOut}`),
    ].join('\n'),
  );
}

const LONGEST_REASON = 200;

/** The last line with words in it; tools print the cause last. */
function reason(error: unknown): string {
  const lines = (error instanceof Error ? error.message : String(error))
    .split('\n')
    .map((line) => line.trim());
  return lines.findLast(Boolean)?.slice(0, LONGEST_REASON) ?? 'failed without a word';
}
