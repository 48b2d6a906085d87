/** `GET /files/:link`: a file, for who has a link to it. There is no login, so a link is short-lived. */
import Router from '@koa/router';
import type { Context } from 'koa';
import { openFileLink } from '../core/file-link';
import type { EncryptionKey } from '../core/encryption';
import type { Pool } from '../store/database';
import { FileMissing, type FileStore } from '../store/files/file-store';
import { findFile, type StoredFile } from '../store/files/rows';
import { HTTP_FAILURES, Refusal } from './errors';

export interface FileDependencies {
  pool: Pool;
  files: FileStore;
  /** Of which links were sealed with one. */
  encryptionKeys: readonly EncryptionKey[];
}

/** A file is saved and never shown as a page of ours: it came from somebody we do not know. */
const HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "sandbox; default-src 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Robots-Tag': 'noindex',
  'Cache-Control': 'private, no-store',
};

export function fileRoutes({ pool, files, encryptionKeys }: FileDependencies): Router {
  return new Router().get('/files/:link', async (ctx) => {
    ctx.set(HEADERS);
    const opened = openFileLink(ctx.params.link ?? '', encryptionKeys, new Date());
    if (opened.kind === 'expired') throw new Refusal(410, HTTP_FAILURES.linkExpired);
    const file = opened.kind === 'open' ? await findFile(pool, opened.fileId) : null;
    if (file?.status !== 'kept') throw new Refusal(404, HTTP_FAILURES.noFile);
    describe(ctx, file);
    if (ctx.method === 'HEAD') ctx.status = 200;
    else ctx.body = await openOrMissing(files, file.id);
  });
}

function describe(ctx: Context, { name, contentType, sizeBytes }: StoredFile): void {
  ctx.attachment(name ?? undefined);
  ctx.set('Content-Type', contentType!);
  ctx.length = sizeBytes!;
}

async function openOrMissing(files: FileStore, id: string) {
  try {
    return await files.open(id);
  } catch (error) {
    throw error instanceof FileMissing ? new Refusal(404, HTTP_FAILURES.noFile) : error;
  }
}
