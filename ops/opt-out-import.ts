/** Opt-outs out of a file of another system: all of it comes in, or nothing. */
import { CsvError, parse } from 'csv-parse/sync';
import { z } from 'zod';
import { phoneHash } from '../core/ids';
import { normalizePhone } from '../core/phone';
import type { Pool } from '../store/database';
import { importOptOuts, MOST_IMPORTED, type ImportedOptOut } from '../store/opt-out-import';

export interface ImportRules {
  /** ISO 3166-1 alpha-2, of phones in local form; null where there is no such country. */
  defaultCountry: string | null;
  now: Date;
}

/** A line that is refused. */
export interface RefusedLine {
  /** In the file, the header being line 1; of a line that is broken by quoted ends of lines, its last one. */
  line: number;
  /** The last digits of the phone; null where there are none. */
  phone: string | null;
  problem: string;
}

export interface ImportReport {
  lines: number;
  /** Phones that are opted out now and were not before, or later than it was known. */
  applied: number;
  /** What was imported before, or older than what is known. */
  unchanged: number;
  refused: RefusedLine[];
}

interface Line {
  line: number;
  names: string[];
  values: string[];
}

const NEEDED = ['phone', 'opted_out_at'];
const KNOWN = [...NEEDED, 'source', 'proof'];
const LONGEST_TEXT = 500;
/** Digits of a phone that are told. */
const TOLD = 4;
/** Another system's clock. */
const AHEAD_MS = 5 * 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A day begins first at UTC+14, and ends last at UTC-12. */
const EASTERNMOST_MS = 14 * HOUR_MS;
const WESTERNMOST_MS = 12 * HOUR_MS;

const TIME = z.union([z.iso.datetime({ offset: true }), z.iso.date()]);
const NO_CSV = 'The file could not be read as CSV from here on: a quote may be missing.';
const NO_TIME = 'opted_out_at should be as 2024-05-31T09:30:00Z, with its time zone, or a day as 2024-05-31.';
const NO_COUNTRY = 'Phones in local form need --default-country.';

/**
 * Imports opt-outs, unless any line is refused. The same file again changes nothing, and neither does an opt-out that
 * is older than what is known of its phone.
 *
 * @param text CSV with a header: `phone`, `opted_out_at` (ISO 8601, with its time zone, or a day), and `source` and
 *   `proof` if there are any: where the opt-out was told, and what shows it
 * @param by who imports, as declared, and the key of the audit's names
 */
export async function importOptOutFile(
  pool: Pool,
  text: string,
  by: { actor: string; idKey: string },
  rules: ImportRules,
): Promise<ImportReport> {
  const { lines, problem } = readLines(text);
  const refused: RefusedLine[] = problem ? [problem] : [];
  const optOuts: ImportedOptOut[] = [];
  for (const line of lines) {
    const read = readLine(line, rules);
    if (read.ok) optOuts.push({ ...read.optOut, phoneHash: phoneHash(read.optOut.phone, by.idKey) });
    else refused.push(read.refused);
  }
  const done =
    refused.length > 0 ? { applied: 0, unchanged: 0 } : await importOptOuts(pool, optOuts, by.actor);
  return { lines: lines.length, ...done, refused };
}

/** The lines behind the header; what is wrong with the file as a whole leaves none. */
function readLines(text: string): { lines: Line[]; problem: RefusedLine | null } {
  const wrong = (line: number, problem: string) => ({ lines: [], problem: { line, phone: null, problem } });
  let records: { record: string[]; info: { lines: number } }[];
  try {
    // The columns are counted here: a line that has too few or too many of them is told with all the others.
    const options = {
      bom: true,
      info: true,
      relaxColumnCount: true,
      skipEmptyLines: true,
      trim: true,
    } as const;
    records = parse(text, options) as unknown as typeof records;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return wrong(Number((error as CsvError & { lines?: number }).lines ?? 1), NO_CSV);
  }
  const [header, ...rest] = records;
  const names = header?.record.map((name) => name.toLowerCase()) ?? [];
  const missing = NEEDED.filter((name) => !names.includes(name));
  if (missing.length > 0) return wrong(1, `The header has no column ${missing.join(', ')}.`);
  if (names.some((name, i) => !KNOWN.includes(name) || names.indexOf(name) !== i))
    return wrong(1, `The header may have the columns ${KNOWN.join(', ')}, each once, and nothing else.`);
  if (rest.length > MOST_IMPORTED)
    return wrong(
      1,
      `There are ${rest.length} lines, and ${MOST_IMPORTED} at most come in at once. Split the file.`,
    );
  return {
    lines: rest.map(({ record, info }) => ({ line: info.lines, names, values: record })),
    problem: null,
  };
}

type ReadLine = { ok: true; optOut: Omit<ImportedOptOut, 'phoneHash'> } | { ok: false; refused: RefusedLine };

function readLine({ line, names, values }: Line, { defaultCountry, now }: ImportRules): ReadLine {
  const columns = KNOWN.map((name) => values[names.indexOf(name)] ?? '') as [string, string, string, string];
  const [phone, optedOutAt, source, proof] = columns;
  const refuse = (problem: string): ReadLine => ({
    ok: false,
    refused: { line, phone: lastDigits(phone), problem },
  });
  if (values.length !== names.length)
    return refuse(`It has ${values.length} columns, and the header ${names.length}.`);
  const read = normalizePhone(phone, defaultCountry);
  if (!read.ok)
    return refuse(defaultCountry ? read.failure.message : `${read.failure.message} ${NO_COUNTRY}`);
  if (!TIME.safeParse(optedOutAt).success) return refuse(NO_TIME);
  const { earliest, at, day } = readTime(optedOutAt, now);
  if (earliest.getTime() > now.getTime() + AHEAD_MS) return refuse('opted_out_at is in the future.');
  if (Math.max(source.length, proof.length) > LONGEST_TEXT)
    return refuse(`source and proof have ${LONGEST_TEXT} characters at most.`);
  return {
    ok: true,
    optOut: { phone: read.e164, at, day, proof: [source, proof].filter(Boolean).join(': ') || null },
  };
}

/**
 * Of a day nobody knows the hour, nor in which time zone it was written down. Placed too early, an opt-in of the same
 * day would undo an opt-out that came after it; so it counts as of the very end of that day, wherever that is last,
 * and as of now while that is still to come.
 */
function readTime(text: string, now: Date): { earliest: Date; at: Date; day: string | null } {
  const time = new Date(text);
  if (text.includes('T')) return { earliest: time, at: time, day: null };
  const end = time.getTime() + DAY_MS + WESTERNMOST_MS - 1;
  const earliest = new Date(time.getTime() - EASTERNMOST_MS);
  return { earliest, at: new Date(Math.min(end, now.getTime())), day: text };
}

function lastDigits(phone: string): string | null {
  const digits = phone.replace(/\D/g, '');
  return digits.length > 2 * TOLD ? `…${digits.slice(-TOLD)}` : null;
}
