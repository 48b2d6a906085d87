import { readFileSync, writeFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';

interface OwnSettings {
  attachments?: { store?: object };
}

/**
 * Writes a settings file that says what `own` says, and keeps files beside the other data of this machine
 * unless `own` names a place for them.
 * @param own the path of the settings file in use; null for the shipped settings alone
 */
export function writeLocalSettings(own: string | null, filesFolder: string, path: string): void {
  const kept = own === null ? {} : ((parse(readFileSync(own, 'utf8')) ?? {}) as OwnSettings);
  const store = { kind: 'folder', path: filesFolder };
  writeFileSync(path, stringify({ ...kept, attachments: { store, ...kept.attachments } }));
}
