/** What an operator can see of the audit: whether it is whole, and what happened to a customer. */
import { ChainReader, type AuditHead, type AuditProblem } from '../core/audit-chain';
import type { AuditKey } from '../core/audit-keys';
import { sealOf } from '../core/audit-seal';
import { phoneHashesOf } from '../core/ids';
import { findEntries, type AuditFilter, type StoredEntry } from '../store/audit';
import { closeReasons } from '../store/close-wishes';
import { exportedHeads, type ExportedHead } from '../store/audit-heads';
import { newestSealedRows, sealAt, sealedRows, unsealedRows } from '../store/audit-seals';
import type { Pool } from '../store/database';
import type { FileStore } from '../store/files/file-store';
import { storeNames } from '../store/locations';
import { entriesInWords } from './audit-words';

/** The sealer needs a second or two. */
const SEALED_AFTER_SECONDS = 30;
/** An export is a minute late at most. */
const EXPORTED_AFTER_MS = 10 * 60_000;

export interface AuditVerification {
  /** Null when nothing was found, and something could not be told. */
  ok: boolean | null;
  sealed: number;
  unsealed: number;
  /** The newest end that was exported into the file store; null where there is none or the store is away. */
  head: ExportedHead | null;
  problems: AuditProblem[];
  /** What could not be told, in sentences. */
  unknown: string[];
}

export interface AuditTools {
  pool: Pool;
  /** All that may have sealed. */
  keys: readonly AuditKey[];
  openFiles: () => Promise<FileStore>;
}

/**
 * Reads the whole audit and compares it with its seals, and with the ends of the chain that were exported.
 *
 * @param given an end that was kept elsewhere, as in a log; with it, the file store may be away
 * @throws when the database is away
 */
export async function verifyAudit(
  { pool, keys, openFiles }: AuditTools,
  given: AuditHead | null,
): Promise<AuditVerification> {
  const unknown: string[] = [];
  // Read first: the chain is as long as that, and grows meanwhile.
  const exported = await openFiles()
    .then(exportedHeads)
    .catch((error: Error) => {
      if (!given) unknown.push(`The ends that were exported could not be read: ${error.message}`);
      return null;
    });
  const reader = new ChainReader(keys, [...(exported ?? []), ...(given ? [given] : [])]);
  let sealed = 0;
  for await (const row of sealedRows(pool)) {
    reader.read(row);
    sealed += 1;
  }
  reader.end();
  for (const [key, number] of reader.unknownKeys)
    unknown.push(`The key "${key}", by which rows from number ${number} on are sealed, is not known here.`);
  const head = exported?.at(-1) ?? null;
  if (exported && !given) unknown.push(...(await uncoveredTail(pool, head, sealed)));
  const { count: unsealed, notSealed } = await readUnsealed(pool);
  const problems = [...reader.problems, ...notSealed];
  const ok = problems.length > 0 ? false : unknown.length > 0 ? null : true;
  return { ok, sealed, unsealed, head, problems, unknown };
}

/** Whether the newest row is sealed by one of the keys, in a sentence where it is not. */
export async function newestSealProblem(pool: Pool, keys: readonly AuditKey[]): Promise<string | null> {
  const [newest, before] = await newestSealedRows(pool);
  if (!newest) return null;
  const which = `The newest row of the audit (number ${newest.number}) is sealed by the key "${newest.keyId}"`;
  const key = keys.find(({ id }) => id === newest.keyId);
  if (!key) return `${which}, which is not at hand.`;
  if (sealOf(newest, before?.seal ?? null, key.secret).equals(newest.seal)) return null;
  return `${which}, and the seal is not what that key makes of it: it is another key, or the row was changed.`;
}

/** Where no end was exported for long, nobody knows what stood behind the last one. */
async function uncoveredTail(pool: Pool, head: ExportedHead | null, sealed: number): Promise<string[]> {
  if (!head)
    return sealed > 0
      ? ['No end was exported: whether rows are cut off cannot be told from the database.']
      : [];
  const next = await sealAt(pool, head.number + 1);
  if (!next || Date.now() - next.sealedAt.getTime() < EXPORTED_AFTER_MS) return [];
  return [
    `Since ${head.exportedAt} (number ${head.number}) no end was exported, though rows were sealed: whether some are cut off behind it cannot be told.`,
  ];
}

async function readUnsealed(pool: Pool): Promise<{ count: number; notSealed: AuditProblem[] }> {
  const { count, oldestSeconds, oldestId, oldestAt } = await unsealedRows(pool);
  if (oldestSeconds < SEALED_AFTER_SECONDS) return { count, notSealed: [] };
  const what = `${count} row(s) have no seal, this one for ${Math.round(oldestSeconds)} s: no server seals.`;
  const at = oldestAt?.toISOString() ?? null;
  return { count, notSealed: [{ kind: 'not_sealed', number: null, id: oldestId, at, what }] };
}

/** An entry with the name of its store, where it is on the list, and with words for it. */
export type ShownEntry = Omit<StoredEntry, 'key'> & { location: string | null; words: string };

/**
 * What happened to a phone (E.164), the oldest first.
 *
 * @param idKeys of `WEBCHAT_ID_KEY`: entries bear the hash by the key that was the first one at their time
 */
export function showAudit(pool: Pool, phone: string, idKeys: readonly string[]): Promise<ShownEntry[]> {
  return searchAudit(pool, { ...ANY_ENTRY, phoneHashes: phoneHashesOf(phone, idKeys) });
}

const ANY_ENTRY: AuditFilter = {
  ...{ phoneHashes: null, locationUid: null, kind: null, actor: null, since: null, limit: null },
};

/**
 * The latest of the entries that are asked for, the oldest of them first. Why a person wanted a chat closed is added,
 * as long as it is kept.
 */
export async function searchAudit(pool: Pool, filter: AuditFilter): Promise<ShownEntry[]> {
  const [entries, names] = await Promise.all([findEntries(pool, filter), storeNames(pool)]);
  const closes = entries.filter(({ kind }) => kind === 'session_closed');
  const reasons = await closeReasons(
    pool,
    closes.flatMap(({ key }) => key ?? []),
  );
  const located = entries.map(({ key, ...entry }) => ({
    ...entry,
    details: { ...entry.details, ...(reasons.has(key ?? '') && { because: reasons.get(key!)! }) },
    location: entry.locationUid === null ? null : (names.get(entry.locationUid) ?? null),
  }));
  const words = entriesInWords(located);
  return located.map((entry, i) => ({ ...entry, words: words[i]! }));
}
