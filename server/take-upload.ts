/** An uploaded file on its way into the store. */
import type { Pool } from '../store/database';
import {
  FileRefused,
  keepContent,
  type ContentRules,
  type KeptContent,
} from '../store/files/checked-content';
import type { FileStore } from '../store/files/file-store';
import { UploadGone, uploading } from '../store/files/uploads';
import { notStored } from './errors';
import type { UploadedFile } from './upload';

export interface UploadStores {
  pool: Pool;
  files: FileStore;
  rules: ContentRules;
}

/**
 * Streams an upload into the store, and has `keep` write down what it is. What is not kept then is deleted.
 * @throws FileRefused as soon as it is known; a Refusal when it did not come whole, or its content was gone before it
 *   was kept
 */
export async function takeUpload<T>(
  { pool, files, rules }: UploadStores,
  file: UploadedFile,
  keep: (kept: KeptContent & { fileId: string }) => Promise<T>,
): Promise<T> {
  try {
    return await uploading(pool, files, async (fileId) =>
      keep({ fileId, ...(await putWhole(files, fileId, file, rules)) }),
    );
  } catch (error) {
    throw error instanceof UploadGone ? notStored(error.message) : error;
  } finally {
    file.content.destroy(); // where nobody has come to read it
  }
}

async function putWhole(
  files: FileStore,
  fileId: string,
  file: UploadedFile,
  rules: ContentRules,
): Promise<KeptContent> {
  const [kept, whole] = await Promise.allSettled([
    keepContent(files, fileId, file.content, rules),
    untilUnwanted(file),
  ]);
  if (kept.status === 'rejected' && kept.reason instanceof FileRefused) throw kept.reason;
  if (whole.status === 'rejected') throw whole.reason;
  if (kept.status === 'rejected') throw kept.reason;
  return kept.value;
}

/** Ends with the request, or before it when nobody wants the file any more. */
function untilUnwanted({ content, complete }: UploadedFile): Promise<void> {
  const unwanted = new Promise<void>((resolve) =>
    content.once('close', () => !content.readableEnded && resolve()),
  );
  return Promise.race([complete, unwanted]);
}
