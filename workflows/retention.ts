/** Deletes what was kept for long enough: files, then rows. Started by a schedule. */
import { files } from './file-calls';

export async function retention(): Promise<void> {
  while ((await files().deleteOutdatedFiles()) === 'more');
  while ((await files().deleteOutdatedRows()) === 'more');
}
