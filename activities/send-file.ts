/** Sends a file from the store through the guarded door: to the customer, or to the store what the customer has sent. */
import { Readable } from 'node:stream';
import { log } from '@temporalio/activity';
import { fileToSend, noteNotForwarded, type FileToSend } from '../store/file-sends';
import type { FileStore } from '../store/files/file-store';
import type { OutgoingFile } from '../podium/api';
import { sendGuarded } from './send-text';
import type { SendDependencies } from './sendable';

export interface FileSendDependencies extends SendDependencies {
  files: FileStore;
}

/** One attempt. What becomes of it stands in `sends`; it throws only what Temporal is to retry. */
export async function sendFile(deps: FileSendDependencies, sendId: string): Promise<void> {
  const wanted = await fileToSend(deps.pool, sendId);
  if (!wanted) {
    log.warn('A file was deleted before it was sent');
    return;
  }
  const { phone, locationUid, conversationUid, body, forwarded, wantedAt } = wanted;
  const outcome = await sendGuarded(deps, {
    ...{ sendId, phone, locationUid, conversationUid, body, workflowId: null, wantedAt },
    purpose: forwarded ? 'forwarded_file' : 'file',
    file: outgoing(deps.files, wanted),
  });
  if (forwarded && outcome.status === 'refused') await noteNotForwarded(deps.pool, wanted, outcome.code);
}

/** The content, opened anew by each attempt. */
function outgoing(files: FileStore, { fileId, name, contentType, sizeBytes }: FileToSend): OutgoingFile {
  async function* content(): AsyncGenerator<Buffer> {
    yield* (await files.open(fileId)) as AsyncIterable<Buffer>;
  }
  return { name, contentType, size: sizeBytes, open: () => Readable.from(content()) };
}
