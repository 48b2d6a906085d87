/** What the workflows ask about files: fetching them from Podium's links, and deleting them in time. */
import { ApplicationFailure, Context } from '@temporalio/activity';
import { decrypt, type EncryptionKey } from '../core/encryption';
import type { ErrorCode } from '../core/error-codes';
import { FileLinkError, openFileLink, type FileLinkProblem } from '../podium/file-link';
import type { Pool } from '../store/database';
import {
  FileRefused,
  keepContent,
  type ContentRules,
  type KeptContent,
} from '../store/files/checked-content';
import type { FileStore } from '../store/files/file-store';
import {
  fileToFetch,
  findFile,
  markDeleted,
  markKept,
  markRefused,
  outdatedFiles,
} from '../store/files/rows';
import { noteUpload, sweepUploads } from '../store/files/uploads';

export interface FileDependencies {
  pool: Pool;
  files: FileStore;
  rules: ContentRules;
  /** By which links are decrypted. */
  encryptionKeys: readonly EncryptionKey[];
  /** The origin of Podium's API, whose links are followed wherever it is. */
  podiumOrigin: string;
  /** How long files are kept. */
  keepDays: number;
  /** The audit's name for a phone. */
  phoneHash: (phone: string) => string;
}

/** How long a link may say nothing, and how long all of it may take; an attempt has five minutes. */
const IDLE_MS = 20_000;
const TOTAL_MS = 240_000;

/** How many files one activity deletes. */
const DELETED_AT_ONCE = 100;

/** A file may be told of before it is there. */
const APPEARS_WITHIN_MS = 10 * 60_000;

const LINK_CODES: Record<FileLinkProblem, ErrorCode | null> = {
  refused: 'ERR_WEBCHAT_016',
  gone: 'ERR_WEBCHAT_017',
  missing: 'ERR_WEBCHAT_017',
  unreachable: null,
};

export type FileActivities = ReturnType<typeof createFileActivities>;

export function createFileActivities(deps: FileDependencies) {
  const { pool, files, rules, encryptionKeys, podiumOrigin, keepDays, phoneHash } = deps;

  /** Fetches what a link leads to, and keeps it under the id. */
  async function fetchInto(id: string, link: string): Promise<KeptContent> {
    const signal = Context.current().cancellationSignal;
    const limits = { podiumOrigin, idleMs: IDLE_MS, totalMs: TOTAL_MS, signal };
    const { content, sizeBytes } = await openFileLink(link, limits);
    if (sizeBytes !== null && sizeBytes > rules.maxBytes) {
      content.destroy();
      throw new FileRefused('ERR_WEBCHAT_005');
    }
    return keepContent(files, id, content, rules);
  }

  /** An attempt may have put a content into the store and not have come to write that down. */
  async function removeUnlessKept(id: string): Promise<void> {
    const file = await findFile(pool, id);
    if (file?.status !== 'kept') await files.delete(id);
  }

  return {
    /** Fetches a file, or writes down why it is not to be had. It throws only what may pass. */
    async fetchFile(id: string): Promise<void> {
      const file = await fileToFetch(pool, id);
      if (!file) return removeUnlessKept(id);
      const link = decrypt(file.link, encryptionKeys).toString();
      // An attempt that is overtaken, or whose customer is erased meanwhile, may put its content behind their backs.
      await noteUpload(pool, id);
      let kept: KeptContent;
      try {
        kept = await fetchInto(id, link);
      } catch (error) {
        const code = finalCode(error, file.receivedAt);
        if (!code) throw mayPass(error);
        await markRefused(pool, id, code, phoneHash(file.phone));
        return removeUnlessKept(id);
      }
      if (!(await markKept(pool, id, kept, phoneHash(file.phone)))) await removeUnlessKept(id);
    },

    /** The link was tried for as long as it may be good. */
    async giveUpFile(id: string): Promise<void> {
      const file = await fileToFetch(pool, id);
      if (file) await markRefused(pool, id, 'ERR_WEBCHAT_017', phoneHash(file.phone));
      await removeUnlessKept(id);
    },

    /** Deletes some of the files that were kept for long enough, and of the contents that nobody came to keep. */
    async deleteOutdatedFiles(): Promise<'more' | 'done'> {
      const outdated = await outdatedFiles(pool, keepDays, DELETED_AT_ONCE);
      for (const { id, phone } of outdated) {
        await files.delete(id);
        await markDeleted(pool, id, phoneHash(phone));
      }
      const moreUploads = await sweepUploads(pool, files, DELETED_AT_ONCE);
      await files.removeUnfinished();
      return moreUploads || outdated.length === DELETED_AT_ONCE ? 'more' : 'done';
    },
  };
}

/** The code of what would not go better the next time; null for what may. */
function finalCode(error: unknown, receivedAt: Date): ErrorCode | null {
  if (error instanceof FileRefused) return error.code;
  if (!(error instanceof FileLinkError)) return null;
  const mayAppear = error.kind === 'missing' && Date.now() < receivedAt.getTime() + APPEARS_WITHIN_MS;
  return mayAppear ? null : LINK_CODES[error.kind];
}

/** Errors of the network name hosts, and what a link says is nobody's business: only codes go on. */
function mayPass(error: unknown): ApplicationFailure {
  const { name, code } = error as Error & { code?: string };
  const reason = error instanceof FileLinkError ? error.message : `It broke off (${code ?? name}).`;
  return ApplicationFailure.retryable(`A file could not be fetched. ${reason}`, 'file_not_fetched');
}
