/**
 * Fetches a file that came with a message, as long as its link may be good. A workflow of its own: the message
 * itself waits for nothing. Its argument is a row's id; the link stays in the store, encrypted.
 */
import { ActivityFailure } from '@temporalio/workflow';
import { files } from './file-calls';

export async function inboundFile({ fileId }: { fileId: string }): Promise<void> {
  try {
    await files(LINK_LIVES).fetchFile(fileId);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    await files().giveUpFile(fileId);
  }
}

/** Podium's links are good for so long. */
const LINK_LIVES = '7 days';
