import type { Settings } from '../../core/settings';
import { bucketStore } from './bucket';
import type { FileStore } from './file-store';
import { folderStore } from './folder';

/** The store that the settings name. */
export async function connectFileStore(settings: Settings['attachments']['store']): Promise<FileStore> {
  return settings.kind === 's3' ? bucketStore(settings) : folderStore(settings.path);
}
