/** Where files are kept: a folder, or a bucket. What is known of each stands in its row (`rows.ts`). */
import type { Readable } from 'node:stream';

/** The one name that is no UUID: the ends of the audit's chain (`audit-heads.ts`). */
export const AUDIT_HEADS = 'audit-heads.json';

export interface FileStore {
  /**
   * Keeps a content, whole or not at all, in place of what was there under this id. An error of the stream is
   * thrown; an error of the store destroys the stream.
   *
   * @param id a UUID that we have made, or AUDIT_HEADS: nothing that came from outside stands in a path
   */
  put(id: string, content: Readable, about: { contentType: string }): Promise<void>;
  /** The content as it was put. @throws FileMissing */
  open(id: string): Promise<Readable>;
  /** Does nothing where there is none. */
  delete(id: string): Promise<void>;
  /** Removes what killed processes have left in the middle of a `put`, a day later. */
  removeUnfinished(): Promise<void>;
}

/** There is no file of this id. */
export class FileMissing extends Error {
  override readonly name = 'FileMissing';
  constructor() {
    super('There is no such file.');
  }
}
