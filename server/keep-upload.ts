/** An uploaded file on its way into the store. */
import { randomUUID } from 'node:crypto';
import {
  FileRefused,
  keepContent,
  type ContentRules,
  type KeptContent,
} from '../store/files/checked-content';
import type { FileStore } from '../store/files/file-store';
import type { UploadedFile } from './upload';

/**
 * Streams an upload into the store, under a new id.
 * @throws FileRefused as soon as it is known; or a Refusal when it did not come whole. Nothing is kept then
 */
export async function keepUpload(
  files: FileStore,
  rules: ContentRules,
  file: UploadedFile,
): Promise<KeptContent & { fileId: string }> {
  const fileId = randomUUID();
  const [kept, whole] = await Promise.allSettled([
    keepContent(files, fileId, file.content, rules),
    untilUnwanted(file),
  ]);
  if (kept.status === 'rejected' && kept.reason instanceof FileRefused) throw kept.reason;
  if (whole.status === 'rejected') {
    await files.delete(fileId);
    throw whole.reason;
  }
  if (kept.status === 'rejected') throw kept.reason;
  return { fileId, ...kept.value };
}

/** Ends with the request, or before it when nobody wants the file any more. */
function untilUnwanted({ content, complete }: UploadedFile): Promise<void> {
  const unwanted = new Promise<void>((resolve) =>
    content.once('close', () => !content.readableEnded && resolve()),
  );
  return Promise.race([complete, unwanted]);
}
