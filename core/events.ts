/** An event of Podium's webhook, read from either contract's shape, or of the widget; and what becomes of it. */

import type { ErrorCode } from './error-codes';

export type Contract = 'published' | 'skill';

/** Where an event comes from: Podium's webhook in either shape, or the widget's own route. */
export type Source = Contract | 'widget';

/** A file that came with a message, as the event announces it; nothing of it need be true. */
export interface Attachment {
  /** Where it may be fetched for some days; null where the contract gives no link. */
  url: string | null;
  contentType: string | null;
  sizeBytes: number | null;
  name: string | null;
  /** Of a file that came with its message and was dealt with before it; absent for one that is to be fetched. */
  received?: ReceivedFile;
}

/** What became of a file while it was received. */
export type ReceivedFile =
  | {
      kind: 'kept';
      /** Its id in the file store. */
      fileId: string;
      sizeBytes: number;
      /** In hex. */
      sha256: string;
      contentType: string;
      /** Without a dot. */
      extension: string;
    }
  | { kind: 'refused'; code: ErrorCode };

/** What an event says, in one shape. Nothing here is judged yet: the phone is as it was written. */
export interface PodiumEvent {
  contract: Source;
  /** Podium's event id; the body's SHA-256 in hex where it sends none. */
  eventId: string;
  eventType: string;
  kind: 'customer_message' | 'store_message' | 'message_failed' | 'contact_changed' | 'other';
  messageUid: string | null;
  /** Podium's time; null when it gives none. */
  at: Date | null;
  phone: string | null;
  /** A country that came with the event itself (skill contract), ISO alpha-2. */
  country: string | null;
  locationUid: string | null;
  /** Channel type as Podium names it; `phone` where the contract has no other. */
  channel: string;
  text: string;
  /** Written into the chat of a website. */
  webchat: boolean;
  conversationUid: string | null;
  name: string | null;
  attachments: Attachment[];
  /** Of a store's message: the person who wrote it; null for automatic ones. */
  senderUid: string | null;
  /** Of `message.failed`: Podium's reason, one line of at most 300 characters; null where it gives none. */
  failureReason: string | null;
  /** Of a contact: its phones with the time of Podium's opt-out, null where there is none. */
  optOuts: ContactOptOut[];
  /** Of a contact: what became of it. */
  contact: ContactChange | null;
  /** Of the widget: whose browser it came from, as the SHA-256 of that browser's token, in hex. */
  browser?: string;
}

export interface ContactOptOut {
  phone: string;
  at: Date | null;
  /** Whether Podium held an opt-out before this event; null when the event does not tell. */
  before: boolean | null;
}

/** What became of a contact in Podium. Podium's time of it is the event's. */
export interface ContactChange {
  what: 'created' | 'updated' | 'unchanged' | 'merged' | 'deleted';
  /** The contact as it is now; of a merge the one that is left, of a deletion the one that is gone. */
  uid: string | null;
  /** Of a merge: the one that went into it. */
  mergedUid: string | null;
  name: string | null;
  phones: string[];
  /** As it had them before; empty when the event does not tell. */
  formerPhones: string[];
  locationUids: string[];
}

/** Begins the id of an event that reconciliation made of a message in Podium's list, and no webhook brought. */
const FOUND = 'reconciled:';

/** Type of an event for a found message of which nobody can say who wrote it. */
export const UNCLEAR_MESSAGE = 'message.unclear';

/** The id of the event for a found message. @param name the message's uid, or what stands in for it */
export function foundEventId(name: string): string {
  return FOUND + name;
}

/** Whether reconciliation found it. */
export function isFound({ eventId }: Pick<PodiumEvent, 'eventId'>): boolean {
  return eventId.startsWith(FOUND);
}

/** A failure with its code, as it stands in answers, logs and rows. */
export interface Failure {
  code: string;
  message: string;
  hint: string;
}

/** What an opt-out wish in a text rests on. */
export interface OptOutWish {
  rule: string;
}

/** What else a text wishes for. `ask`: an opt-out in other words, of which a person of the store decides. */
export interface OtherWish {
  wish: 'ask' | 'opt_in' | 'help';
  rule: string;
  /** Of an opt-in: whether it would be an answer while a question is open. */
  mayAnswer: boolean;
}

/**
 * What becomes of an event, decided from the event and the list of locations alone.
 * What depends on the database (is a session open? opted out?) is decided by the receiving transaction.
 */
export type Verdict =
  | { kind: 'ignored'; reason: string }
  | {
      kind: 'quarantined';
      failure: Failure;
      /** Clear even so, so that a STOP counts at an unknown or archived store. */
      phone: string | null;
      locationUid: string | null;
      optOut: OptOutWish | null;
      said: OtherWish | null;
    }
  | {
      kind: 'customer_message';
      phone: string;
      locationUid: string;
      optOut: OptOutWish | null;
      /** Never beside an opt-out. */
      said: OtherWish | null;
    }
  | { kind: 'store_message'; phone: string; locationUid: string }
  /** A message of the store's side did not arrive, ours or a person's. */
  | { kind: 'message_failed'; phone: string; locationUid: string; optOut: OptOutWish | null }
  | {
      kind: 'contact_changed';
      /** Its phones in E.164 form. */
      change: ContactChange;
      optOuts: { phone: string; at: Date }[];
      /** Phones for which Podium holds no opt-out now. Whether that undoes one, the ledger decides. */
      cleared: ClearedOptOut[];
      /** Why a phone with an opt-out of Podium's cannot be made out; absent where all can. */
      unclear?: Failure;
    };

export interface ClearedOptOut {
  phone: string;
  /** Podium's time of the contact as it is now. */
  at: Date;
  /** Whether the event itself shows the opt-out that was there before. */
  shown: boolean;
}

/** A location as the rules need it. */
export interface Location {
  uid: string;
  name: string;
  country: string | null;
  archived: boolean;
}
