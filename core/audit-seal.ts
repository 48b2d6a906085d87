import { createHmac } from 'node:crypto';

/** A row of the audit as Postgres tells it: every column but those of the seal. */
export interface AuditRow {
  id: number;
  entryKey: string | null;
  /** At UTC and to the microsecond, as `2026-11-25T10:02:11.123456`. */
  at: string;
  kind: string;
  phoneHash: string | null;
  locationUid: string | null;
  workflowId: string | null;
  /** JSON. */
  details: string;
}

export interface SealedRow extends AuditRow {
  /** Its place in the chain, from 1. */
  number: number;
  /** HMAC-SHA256. */
  seal: Buffer;
  keyId: string;
  /** As `at`. */
  sealedAt: string;
}

/**
 * The seal of a row: HMAC-SHA256 over one JSON object of every column, the time of the sealing and the seal
 * before it. Its place in the chain is not among them, since the chain itself tells it: so a row that was put
 * in between, or a change of numbers, is told from a change of all rows behind it.
 *
 * @param previous the seal before it; null for the first row
 */
export function sealOf(
  { id, entryKey, at, kind, phoneHash, locationUid, workflowId, details, sealedAt }: Omit<SealedRow, Given>,
  previous: Buffer | null,
  secret: Buffer,
): Buffer {
  const sealed = JSON.stringify({
    ...{ previous: previous?.toString('hex') ?? null, sealedAt },
    ...{ id, entryKey, at, kind, phoneHash, locationUid, workflowId, details: canonicalJson(details) },
  });
  return createHmac('sha256', secret).update(sealed).digest();
}

type Given = 'number' | 'seal' | 'keyId';

/** A text or a number of a JSON text, where it is well formed. */
const TEXT_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;

/**
 * One and the same text for the same JSON, whatever the order of keys, the blanks and the escapes in which
 * Postgres writes it: it keeps `jsonb` in an order of its own, and promises none. Keys are sorted by their
 * UTF-16 code units. Numbers keep every digit that they were written with: as texts, marked apart from texts.
 */
export function canonicalJson(json: string): string {
  const marked = json.replace(TEXT_OR_NUMBER, (token) =>
    token.startsWith('"') ? `"t${token.slice(1)}` : `"n${token}"`,
  );
  return JSON.stringify(sorted(JSON.parse(marked)));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, sorted(each)]));
}
