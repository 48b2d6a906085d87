/** What a chat consists of in the browser, as it is kept: plain JSON. */

/** What was typed and is not sent yet. */
export interface Draft {
  name: string;
  /** As it was typed. */
  phone: string;
  /** ISO alpha-2 that the customer has chosen; null for the store's. */
  country: string | null;
  body: string;
  files: ChosenFile[];
}

/** A file that was chosen; its content is kept apart, by its id. */
export interface ChosenFile {
  id: string;
  name: string;
  /** In bytes. */
  size: number;
  type: string;
}

/** Who writes, and by which right they see replies. */
export interface Identity {
  /** 32 random bytes that only this browser has. Another number begins another conversation. */
  conversation: string;
  /** E.164, as the customer has confirmed it. */
  phone: string;
  /** As people write it: +61 412 345 678. */
  phoneShown: string;
  name: string;
  /** The last event that was read; null before the first. */
  lastEventId: string | null;
  /** This phone gets no texts, since somebody said STOP. */
  optedOut: boolean;
  /** False when the store's side has ended the conversation; one that it has never begun has no end. */
  open: boolean;
}

/** All that a message's request says: the same in each attempt, so that it counts once. */
export interface Envelope {
  /** UUID. */
  message_id: string;
  conversation: string;
  phone: string;
  location_uid: string;
  body: string;
  name?: string;
  /** As it was shown. */
  consent?: string;
  page_url: string;
}

/** A message of the customer. */
export interface OwnMessage {
  kind: 'own';
  id: string;
  /** Unix milliseconds by this browser's clock. */
  at: number;
  body: string;
  file: ChosenFile | null;
  status: 'waiting' | 'sent' | 'refused';
  /** Gone once it is sent. */
  envelope: Envelope | null;
  /** The server asked to wait until then; Unix milliseconds. */
  notBefore: number;
  /** So often its upload was cut off on the way. */
  cutOffs: number;
  refusal: Refusal | null;
}

/** Why the server does not take a message. */
export interface Refusal {
  /** As `ERR_WEBCHAT_001`. */
  code: string;
  /** Of the form, as `phone`; null when it concerns none. */
  field: string | null;
}

/** A message of the store. */
export interface Reply {
  kind: 'reply';
  id: string;
  /** ISO 8601. */
  at: string;
  from: 'robot' | 'person';
  name: string | null;
  /** Null when it is not to be shown here, or there is a file alone. */
  text: string | null;
  file: boolean;
  private: boolean;
}

export type Entry = OwnMessage | Reply;

export const EMPTY_DRAFT: Draft = { name: '', phone: '', country: null, body: '', files: [] };

/** A message is not sent, nor anything of a chat kept, so long after: phones and computers are shared. */
export const KEPT_FOR_MS = 24 * 60 * 60 * 1000;

/** A line that cuts an upload off so often will do it again. */
const MOST_CUT_OFFS = 3;

export function isWaiting(entry: Entry): entry is OwnMessage & { envelope: Envelope } {
  return entry.kind === 'own' && entry.status === 'waiting';
}

/** Too old to be sent without asking. */
export function isOld({ at }: OwnMessage, now = Date.now()): boolean {
  return now - at > KEPT_FOR_MS;
}

/** A file that is not tried again until the customer says so. */
export function isGivenUp({ status, file, cutOffs }: OwnMessage): boolean {
  return status === 'waiting' && file !== null && cutOffs >= MOST_CUT_OFFS;
}
