/** The ends of the audit's chain that were exported: in the file store, since a tail that is cut off in the database shows nowhere in it. */
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { AuditHead } from '../core/audit-chain';
import { newestSeal, sealAt } from './audit-seals';
import { unlessHeld, type Pool } from './database';
import { AUDIT_HEADS, FileMissing, type FileStore } from './files/file-store';

/** No two exports are closer to each other, whichever servers make them. */
export const EXPORT_EVERY_MS = 60_000;

export type ExportedHead = AuditHead & { exportedAt: string };

/** `made` is null where none was due; `lost` is one that is not in the chain any more. */
export interface HeadExport {
  made: ExportedHead | null;
  lost: ExportedHead | null;
}

/**
 * What was exported, the newest last. There is one, since the newest seal stands for all before it, unless the
 * chain has lost one: that stays, as the proof.
 *
 * @throws what the store throws, and for a content that is not ours
 */
export async function exportedHeads(files: FileStore): Promise<ExportedHead[]> {
  let content: string;
  try {
    content = await text(await files.open(AUDIT_HEADS));
  } catch (error) {
    if (error instanceof FileMissing) return [];
    throw error;
  }
  const heads: unknown = JSON.parse(content);
  if (!Array.isArray(heads) || !heads.every(isHead))
    throw new Error(`${AUDIT_HEADS} in the file store is not what was written there.`);
  return heads;
}

/** Exports the end of the chain when it has changed, the last export is not too young, and nobody else is at it. */
export async function exportHead(pool: Pool, files: FileStore): Promise<HeadExport> {
  const done = await unlessHeld(pool, 'audit head', async () => {
    const heads = await exportedHeads(files);
    const last = heads.at(-1);
    const newest = await newestSeal(pool);
    const now = new Date();
    const isYoung = last && now.getTime() - Date.parse(last.exportedAt) < EXPORT_EVERY_MS;
    if (!newest || newest.seal === last?.seal || isYoung) return null;
    const made = { ...newest, exportedAt: now.toISOString() };
    const isInChain = last && (await sealAt(pool, last.number))?.seal === last.seal;
    await write(files, [...(isInChain ? heads.slice(0, -1) : heads), made]);
    return { made, lost: last && !isInChain ? last : null };
  });
  return done ?? { made: null, lost: null };
}

async function write(files: FileStore, heads: ExportedHead[]): Promise<void> {
  const content = Readable.from([JSON.stringify(heads, null, 2)]);
  await files.put(AUDIT_HEADS, content, { contentType: 'application/json' });
}

function isHead(value: unknown): value is ExportedHead {
  const { number, seal, exportedAt } = (value ?? {}) as Record<string, unknown>;
  return (
    typeof number === 'number' &&
    typeof seal === 'string' &&
    typeof exportedAt === 'string' &&
    !Number.isNaN(Date.parse(exportedAt))
  );
}
