/** What wants to leave, and what becomes of it. */
import type { Purpose } from '../core/conversation';
import type { HoldCode } from '../core/robot';
import type { OutgoingFile, PodiumApi } from '../podium/api';
import type { CustomerHere } from '../store/customer-key';
import type { Pool } from '../store/database';
import type { OwnText } from '../store/own-texts';

/** A text to a customer. */
export interface TextToSend extends CustomerHere {
  /** UUID made by the workflow, so that a retry is the same send. */
  sendId: string;
  workflowId: string;
  conversationUid: string | null;
  purpose: Purpose;
  body: string;
}

export type SentText = Extract<TextOutcome, { status: 'sent' }>;

export type TextOutcome =
  /**
   * `at` is Podium's time of the message, or that of an earlier attempt where that one may have arrived as well; `since`
   * is our own time of the first attempt that may have left, by Postgres's clock. Both in ms since 1970. Histories of
   * earlier versions do not have `since`.
   */
  | { status: 'sent'; at: number; since?: number; conversationUid: string | null }
  /** The receiver has opted out. */
  | { status: 'blocked' }
  /** The robot is paused there, or has its quiet hours; for good. */
  | { status: 'held'; code: string }
  /** For good. The code is ours, or Podium's own. */
  | { status: 'refused'; code: string };

/** A text of a session, one of the store itself, or a file with its words. */
export type Sendable = Omit<TextToSend, 'workflowId' | 'purpose'> & {
  workflowId: string | null;
  purpose: TextToSend['purpose'] | OwnText['purpose'] | 'file' | 'forwarded_file';
  /** Since when it waits, where it does so in the store. */
  wantedAt?: Date;
  /** Goes with the words, or shows the store what the customer has sent (`forwarded_file`). */
  file?: OutgoingFile;
};

export interface SendDependencies {
  pool: Pool;
  podium: PodiumApi;
  /** The audit's name for a phone. */
  phoneHash: (phone: string) => string;
  /** Under which name our texts stand in Podium's inbox. */
  senderName: string;
  /** Whether the settings let the robot speak there now. */
  heldBySettings: (send: { purpose: string; locationUid: string }, now: Date) => HoldCode | null;
}
