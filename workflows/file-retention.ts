/** Deletes files that were kept for long enough. Started by a schedule. */
import { files } from './file-calls';

export async function fileRetention(): Promise<void> {
  while ((await files().deleteOutdatedFiles()) === 'more');
}
